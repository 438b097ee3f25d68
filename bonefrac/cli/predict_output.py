"""The options of `bonefrac-predict` that say where findings go, and how one is told."""

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bonefrac.cli.options import FOLDER, option_group

if TYPE_CHECKING:
    from bonefrac.inference.batch.job import Outcome


@dataclass(frozen=True)
class OutputChoice:
    """Where findings go."""

    output: Path | None
    table: Path | None
    as_json: bool

    @contextlib.contextmanager
    def open(self) -> Iterator["Callable[[Outcome], None]"]:
        """Give what tells an outcome: on stdout, errors on stderr too, and in the table."""
        if self.table is None:
            yield self._tell
            return
        from bonefrac.inference.batch.table import open_table

        with open_table(self.table) as add:

            def tell(outcome: "Outcome") -> None:
                self._tell(outcome)
                add(outcome)

            yield tell

    def _tell(self, outcome: "Outcome") -> None:
        told = outcome.record
        if told is None:
            click.echo(f"Error: {outcome.error}", err=True)
            told = {"image": outcome.source, "error": outcome.error}
        if self.as_json:
            click.echo(json.dumps(told))
        elif outcome.record is not None:
            click.echo(_line(told))


output_options = option_group(
    "output",
    OutputChoice,
    click.option("-o", "--output", type=FOLDER, help="Folder for overlay, mask and JSON."),
    click.option(
        "--csv",
        "table",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Table of one row a radiograph.",
    ),
    click.option("--json", "as_json", is_flag=True, help="One JSON object a line."),
)


def _line(told: dict[str, Any]) -> str:
    if told["probability"] is None:
        return "\n  ".join([f"{told['image']}: {told['verdict']}. {told['reason']}", *_below(told)])
    regions = len(told["boxes"])
    outlined = f"{regions} region{'s' if regions != 1 else ''} outlined"
    line = f"{told['image']}: {told['verdict']}, probability {told['probability']:.2f}, {outlined}"
    return "\n  ".join([line, *_below(told)])


def _below(told: dict[str, Any]) -> list[str]:
    stored = [f"stored: {', '.join(told['stored'])}"] if told.get("stored") else []
    # The mask is for programs.
    files = [told[key] for key in told if key.endswith("_path") and key != "mask_path"]
    return [*told["notes"], *stored, *files]
