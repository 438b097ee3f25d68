"""The options of `bonefrac-predict` that say how many radiographs are worked through."""

from dataclasses import dataclass

import click

from bonefrac.cli.options import option_group


@dataclass(frozen=True)
class BatchChoice:
    """How radiographs are worked through."""

    jobs: int
    again: bool
    untrusted: bool | None

    def guarded(self, count: int) -> bool:
        """Whether files are decoded apart: of several, a bad one must not stop the rest."""
        return count > 1 if self.untrusted is None else self.untrusted


batch_options = option_group(
    "batch",
    BatchChoice,
    click.option(
        "--jobs",
        default=1,
        show_default=True,
        type=click.IntRange(1),
        help="Processes, each with a model of its own.",
    ),
    click.option(
        "--again", is_flag=True, help="Also do what is in --output, of this model and file."
    ),
    click.option(
        "--untrusted/--trusted",
        default=None,
        help="Decode in another process, with limits on memory and time; on for several files.",
    ),
)
