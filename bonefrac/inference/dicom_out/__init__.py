"""A finding as DICOM: a segmentation, a structured report and an annotated picture."""

import importlib.util
from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING

from bonefrac.errors import BonefracError, reason

if TYPE_CHECKING:
    from pydicom import Dataset

    from bonefrac.inference.dicom_out.origin import Origin
    from bonefrac.inference.finding import Finding

SEG, SR, SC = KINDS = ("seg", "sr", "sc")


def results(
    finding: "Finding",
    source: bytes,
    *,
    kinds: Collection[str] = KINDS,
    spatial: bool = False,
    made: datetime | None = None,
) -> dict[str, "Dataset"]:
    """Tell a finding as DICOM objects in the study of the radiograph that it is of.

    The radiograph is referenced and never altered. UIDs follow from the radiograph, the model and
    what it says, so that a second run makes the same objects again instead of more of them.

    Args:
        finding: of that radiograph.
        source: bytes of its DICOM file.
        kinds: which of `KINDS`.
        spatial: write the report as Comprehensive 3D SR, not as Comprehensive SR.
        made: when, for the dates in the objects; now, if None.

    Returns:
        Kind -> pydicom dataset with file meta information, ready for `save_as`. Without "seg"
        where no lesion is outlined: a segmentation has at least one segment.

    Raises:
        BonefracError: the source is no DICOM image of one frame that names its study, or not the
            picture of the finding; an unknown kind; highdicom is not installed.
    """
    require_highdicom()
    _require_kinds(kinds)
    from bonefrac.inference.dicom_out.origin import Origin
    from bonefrac.inference.dicom_out.source import read_source

    origin = Origin(read_source(source, finding), finding, made or datetime.now())
    try:
        return _told(origin, kinds, spatial=spatial)
    except BonefracError:
        raise
    except Exception as error:  # highdicom raises whatever an odd source trips it over
        raise BonefracError(
            f"{finding.image} cannot be told of as DICOM ({type(error).__name__}: {reason(error)})",
            expected="a radiograph that keeps to the standard",
            fix="Check the file with a validator such as dciodvfy",
        ) from error


def _told(origin: "Origin", kinds: Collection[str], *, spatial: bool) -> "dict[str, Dataset]":
    from bonefrac.inference.dicom_out import capture, segmentation, structured

    told: dict[str, Dataset] = {}
    if SEG in kinds and origin.finding.boxes:
        told[SEG] = segmentation.segmentation(origin)
    if SR in kinds:
        told[SR] = structured.report(origin, segmentation=told.get(SEG), spatial=spatial)
    if SC in kinds:
        told[SC] = capture.capture(origin)
    return told


def require_highdicom() -> None:
    """Refuse before any work is done where the objects cannot be made.

    Raises:
        BonefracError: highdicom is not installed.
    """
    if importlib.util.find_spec("highdicom") is None:
        raise BonefracError(
            "highdicom is not installed",
            expected="it for results as DICOM",
            fix="Install it: pip install highdicom, or bonefrac with its extra dicom",
        )


def _require_kinds(kinds: Collection[str]) -> None:
    unknown = sorted(set(kinds) - set(KINDS))
    if unknown or isinstance(kinds, str):
        received = kinds if isinstance(kinds, str) else ", ".join(unknown)
        raise BonefracError(
            f"kinds {received!r}", expected=f"some of {', '.join(KINDS)}", fix="Give a list of them"
        )
