"""The radiograph that results refer to: checked, and what of it they carry on."""

import io
from typing import TYPE_CHECKING

from bonefrac.errors import BonefracError, reason
from bonefrac.radiograph.dicom import is_dicom, parse_dicom

if TYPE_CHECKING:
    from pydicom import Dataset

    from bonefrac.inference.finding import Finding

_REQUIRED = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")
# Patient and study are copied value by value. highdicom would refuse a radiograph for a birth date
# of "00000000" or the sex "U", and neither is ours to judge.
_CARRIED = (
    "SpecificCharacterSet",
    "PatientName",
    "PatientID",
    "IssuerOfPatientID",
    "PatientBirthDate",
    "PatientSex",
    "PatientAge",
    "PatientIdentityRemoved",
    "DeidentificationMethod",
    "DeidentificationMethodCodeSequence",
    "LongitudinalTemporalInformationModified",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "StudyDescription",
    "AccessionNumber",
    "ReferringPhysicianName",
)
# Of these the standard wants at least an empty value (type 2).
_NEVER_ABSENT = {
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "AccessionNumber",
    "ReferringPhysicianName",
}
# A side that is not told is empty, but absent of what has none: PS3.3 table C.7-5a.
_UNPAIRED = {
    *("ABDOMEN", "CHEST", "CSPINE", "CTSPINE", "COCCYX", "HEAD", "JAW", "LSPINE", "LSSPINE"),
    *("MANDIBLE", "NECK", "NOSE", "PELVIS", "SACRUM", "SKULL", "SPINE", "SSPINE", "STERNUM"),
    *("TSPINE", "TLSPINE", "WHOLEBODY"),
}
_LOSSY = ("LossyImageCompression", "LossyImageCompressionRatio", "LossyImageCompressionMethod")


def read_source(data: bytes, finding: "Finding") -> "Dataset":
    """Parse a radiograph and check that results can refer to it.

    Args:
        data: of its file.
        finding: that must be of it.

    Raises:
        BonefracError: no DICOM, several frames, an attribute missing, or another picture.
    """
    name = finding.image
    if not is_dicom(data):
        raise _error(f"{name} is no DICOM file", "Write results as PNG and JSON for other pictures")
    try:
        dataset = parse_dicom(io.BytesIO(data), name)
        frames = int(dataset.get("NumberOfFrames") or 1)
        size = int(dataset.get("Rows") or 0), int(dataset.get("Columns") or 0)
    except BonefracError:
        raise
    except Exception as error:  # pydicom raises whatever it trips over
        raise _error(f"{name} cannot be parsed ({reason(error)})", "Fetch the file again") from None
    if missing := [keyword for keyword in _REQUIRED if not dataset.get(keyword)]:
        raise _error(f"{name} has no {', '.join(missing)}", "Fetch the file from its archive")
    if frames != 1:
        raise _error(f"{name} has {frames} frames", "Give one radiograph a file")
    if size != finding.mask.shape:
        height, width = finding.mask.shape
        raise _error(
            f"{name} has {size[1]}x{size[0]} pixels and the finding {width}x{height}",
            "Give the file that the finding is of",
        )
    return dataset


def reference(source: "Dataset") -> "Dataset":
    """As much of a radiograph as highdicom needs to refer to it."""
    from pydicom import Dataset

    bare = Dataset()
    for keyword in (*_REQUIRED, "Rows", "Columns", *_LOSSY):
        if keyword in source:
            setattr(bare, keyword, source.get(keyword))
    bare.Modality = source.get("Modality") or "OT"
    for keyword in _NEVER_ABSENT:
        setattr(bare, keyword, None)
    return bare


def carry_on(made: "Dataset", source: "Dataset") -> None:
    """Give a result the patient and the study of its radiograph; `reference` has left the rest."""
    for keyword in _CARRIED:
        if keyword in source:
            made[keyword] = source[keyword]


def laterality(source: "Dataset") -> str:
    """Which side of the body: "L", "R", or "" where that is not told or both are shown."""
    side = str(source.get("Laterality") or source.get("ImageLaterality") or "").upper()
    return side if side in ("L", "R") else ""


def carry_side(made: "Dataset", source: "Dataset") -> None:
    """Give the series of a picture the side of its radiograph."""
    side = laterality(source)
    if side or str(source.get("BodyPartExamined") or "").upper() not in _UNPAIRED:
        made.Laterality = side or None


def place(made: "Dataset", source: "Dataset") -> None:
    """Give a result in the pixels of its radiograph the same orientation and part of the body."""
    made.PatientOrientation = source.get("PatientOrientation") or None
    if source.get("BodyPartExamined"):
        made.BodyPartExamined = source.BodyPartExamined


def carry_loss(made: "Dataset", source: "Dataset") -> None:
    """Say of a picture made of a lossy one that it is lossy."""
    for keyword in _LOSSY:
        if source.get(keyword):
            made[keyword] = source[keyword]


def _error(received: str, fix: str) -> BonefracError:
    expected = "a DICOM image of one frame that names its study, series and instance"
    return BonefracError(received, expected=expected, fix=fix)
