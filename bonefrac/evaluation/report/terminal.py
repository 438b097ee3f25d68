"""A report as tables in a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bonefrac.evaluation.report import wording

_SCORES = ("value", "95 % interval", "trivial", "of")


def show(report: Mapping[str, Any]) -> None:
    """Print scores, trivial models, parts and differences."""
    console = Console(highlight=False)
    console.print(Text(wording.headline(report)), soft_wrap=True)
    if "scores" in report:
        console.print(Text(f"{wording.counted(report['counts'])}"), soft_wrap=True)
        for title, rows in wording.score_rows(report):
            _print(console, (title, *_SCORES), [row[:5] for row in rows])
        if report["baselines"]:
            _print(console, *wording.trivial_rows(report, ("auc", "accuracy")))
        if report["slices"]:
            for by in dict.fromkeys(part["by"] for part in report["slices"]):
                _print(console, *wording.part_rows(report, ("auc", "dice"), by=by))
        if report.get("folds"):
            _print(console, *wording.fold_rows(report))
    if report.get("of_each"):
        _print(console, *wording.each_rows(report))
    for comparison in report.get("differences", []):
        title = f"{comparison['model']} less {comparison['against']}"
        columns = (title, "difference", "95 % interval", "")
        _print(console, columns, wording.difference_rows(comparison))


def _print(console: Console, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = Table(*columns, box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console.print("", table)
