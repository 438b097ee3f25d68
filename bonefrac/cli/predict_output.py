"""The options of `bonefrac-predict` that say where findings go, and how one is told."""

import json
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
    as_json: bool

    def tell(self, outcome: "Outcome") -> None:
        """Print a finding on stdout, an error on stderr."""
        if outcome.record is None:
            click.echo(f"Error: {outcome.error}", err=True)
        else:
            told = outcome.record
            click.echo(json.dumps(told) if self.as_json else _line(told))


output_options = option_group(
    "output",
    OutputChoice,
    click.option("-o", "--output", type=FOLDER, help="Folder for overlay, mask and JSON."),
    click.option("--json", "as_json", is_flag=True, help="One JSON object a line."),
)


def _line(told: dict[str, Any]) -> str:
    regions = len(told["boxes"])
    outlined = f"{regions} region{'s' if regions != 1 else ''} outlined"
    line = f"{told['image']}: {told['verdict']}, probability {told['probability']:.2f}, {outlined}"
    below = [*told["notes"], *([told["overlay_path"]] if "overlay_path" in told else [])]
    return "\n  ".join([line, *below])
