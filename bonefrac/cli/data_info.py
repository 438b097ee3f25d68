"""`bonefrac-data info`: what a data folder holds."""

import json
from pathlib import Path
from typing import Any

import click

from bonefrac.cli.options import FOLDER, Command, load_tensorflow


@click.command(cls=Command)
@click.argument("folder", type=FOLDER)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of tables.")
def info(folder: Path, as_json: bool) -> None:
    """Print what FOLDER holds: radiographs by split, class and body part, and mask sizes."""
    load_tensorflow()
    from bonefrac.data.store import open_data
    from bonefrac.data.summary import summarise

    summary = summarise(open_data(folder))
    if as_json:
        click.echo(json.dumps(summary))
    else:
        _print_summary(summary)


def _print_summary(summary: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    console.print(f"{summary['name']}  {summary['path']}\nSHA-256 {summary['sha256']}")
    for title, rows in summary["tables"].items():
        columns = list(next(iter(rows.values()), {}))
        table = Table(title, *columns, box=None, pad_edge=False)
        for column in table.columns[1:]:
            column.justify = "right"
        for name, row in rows.items():
            table.add_row(name or "(unknown)", *(str(value) for value in row.values()))
        console.print("", table)
