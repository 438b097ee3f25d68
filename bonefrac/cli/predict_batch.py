"""The options of `bonefrac-predict` that say how many radiographs are worked through."""

from dataclasses import dataclass
from pathlib import Path

import click

from bonefrac.cli.options import option_group


@dataclass(frozen=True)
class BatchChoice:
    """How radiographs are worked through."""

    jobs: int
    again: bool
    untrusted: bool | None

    def guarded(self, names: list[str]) -> bool:
        """Whether files are decoded apart.

        Of several, a bad one must not stop the rest. Of one, only a plain picture is decoded here:
        decoders of compressed DICOM are known to crash.
        """
        if self.untrusted is not None:
            return self.untrusted
        from bonefrac.radiograph.reader import PICTURE_SUFFIXES

        return len(names) > 1 or Path(names[0]).suffix.lower() not in PICTURE_SUFFIXES


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
        help="Decode in another process, with limits on memory and time; on for several files "
        "and for DICOM.",
    ),
)
