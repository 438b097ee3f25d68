"""`bonefrac-data verify`: everything that is wrong with a data folder."""

import json
from pathlib import Path

import click

from bonefrac.cli.options import FOLDER, Command, load_tensorflow, progress_bar


@click.command(cls=Command)
@click.argument("folder", type=FOLDER)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
def verify(folder: Path, as_json: bool) -> None:
    """Check every file, record and picture of FOLDER, and list all that is wrong.

    Checksums of files and records, the number of records, the keys and types of each example,
    that pictures decode and masks fit them, labels in range, ids that are unique, and that no
    group lies in two splits. Exit code 1 if anything is wrong.
    """
    load_tensorflow()
    from dataclasses import asdict

    from bonefrac.data.verify import verify as verify_folder

    with progress_bar() as progress:
        seen = verify_folder(folder, progress=progress)
    if as_json:
        problems = [asdict(problem) for problem in seen.problems]
        click.echo(json.dumps({"path": str(folder), "examples": seen.examples, "wrong": problems}))
    else:
        for problem in seen.problems:
            click.echo(problem)
    count = f"{len(seen.problems)} problem{'s' if len(seen.problems) != 1 else ''}"
    if seen.problems:
        raise click.ClickException(f"{count} in {folder}. Build it again with bonefrac-data build.")
    if not as_json:
        click.echo(f"{folder}: {seen.examples} examples, nothing wrong")
