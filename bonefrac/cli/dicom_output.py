"""The options of `bonefrac-predict` that write results as DICOM."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bonefrac.cli.options import option_group

if TYPE_CHECKING:
    from bonefrac.inference.batch.job import Writer


@dataclass(frozen=True)
class DicomChoice:
    """Which results are written as DICOM."""

    dicom_seg: bool
    dicom_sr: bool
    dicom_sc: bool
    dicom_3d: bool
    key: Path | None

    def writers(self, output: Path | None) -> "tuple[Writer, ...]":
        """What writes them to the folder of the findings.

        Raises:
            click.UsageError: there is no folder, no report for --dicom-3d, or nothing to
                de-identify.
            BonefracError: highdicom is not installed, or the key is none.
        """
        asked = {"seg": self.dicom_seg, "sr": self.dicom_sr, "sc": self.dicom_sc}
        kinds = tuple(kind for kind, wanted in asked.items() if wanted)
        if self.dicom_3d and not self.dicom_sr:
            raise click.UsageError("--dicom-3d is a form of the report: give --dicom-sr, too.")
        if not kinds and self.key is not None:
            raise click.UsageError("--deidentify goes with --dicom-seg, --dicom-sr or --dicom-sc.")
        if not kinds:
            return ()
        if output is None:
            raise click.UsageError(f"--dicom-{kinds[0]} writes a file: give --output, too.")
        from bonefrac.inference.dicom_out import require_highdicom
        from bonefrac.inference.dicom_out.files import DicomWriter
        from bonefrac.radiograph.deidentify.key import Key

        require_highdicom()
        key = None if self.key is None else Key.read(self.key)
        return (DicomWriter(kinds, spatial=self.dicom_3d, key=key),)


dicom_options = option_group(
    "dicom",
    DicomChoice,
    click.option("--dicom-seg", is_flag=True, help="Lesions as DICOM SEG, to --output."),
    click.option("--dicom-sr", is_flag=True, help="Report as DICOM SR (TID 1500), to --output."),
    click.option("--dicom-sc", is_flag=True, help="Overlay as DICOM SC, to --output."),
    click.option("--dicom-3d", is_flag=True, help="Write the report as Comprehensive 3D SR."),
    click.option(
        "--deidentify",
        "key",
        metavar="KEY",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Write those without patient and dates; KEY is that of bonefrac-data deidentify.",
    ),
)
