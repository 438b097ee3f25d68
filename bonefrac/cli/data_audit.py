"""`bonefrac-data audit`: what is wrong with a data set, before anybody trains on it."""

import sys
from pathlib import Path

import click

from bonefrac import __version__
from bonefrac.cli.options import FOLDER, Command, command_line, progress_bar


@click.command(cls=Command)
@click.argument("source", metavar="DIR", type=FOLDER)
@click.option("--name", help="Which data set it is; known by its layout if not given.")
@click.option("-o", "--output", type=FOLDER, help="Folder for audit.html and audit.json.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of tables.")
@click.option("--strict", is_flag=True, help="Exit with 1 if anything severe is found.")
@click.option("--jobs", type=click.IntRange(1), help="Files read at once.  [default: 8]")
def audit(
    source: Path, name: str | None, output: Path | None, as_json: bool, strict: bool, jobs: int
) -> None:
    """Find what is wrong with the radiographs in DIR, a data set as its authors publish it.

    Files that are cut short, copies, labels and outlines that contradict each other, outliers,
    what predicts the label without a look at a bone, and leaks between official splits. Reads
    every file once and changes none.

    \b
    bonefrac-data audit FracAtlas --output audit
    bonefrac-data audit FracAtlas --json --strict > audit.json
    """
    import datetime
    import json

    from bonefrac.data.audit import report
    from bonefrac.data.audit.examine import audit as examine
    from bonefrac.data.datasets import catalogue_of

    catalogue = catalogue_of(source, name)
    with progress_bar() as progress:
        found = examine(catalogue, jobs=jobs, progress=progress)
    today = datetime.date.today().isoformat()
    told = report.as_json(found, version=__version__, command=command_line(), date=today)
    if output is not None:
        report.write(found, output, told=told)
    if as_json:
        click.echo(json.dumps(told))
    else:
        report.show(found)
        if output is not None:
            click.echo(f"\n{output / report.AUDIT_PAGE}")
    sys.exit(1 if strict and found.severe else 0)
