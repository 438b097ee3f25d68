"""Why a DICOM file cannot be de-identified by its attributes alone."""

from typing import TYPE_CHECKING

from bonefrac.radiograph.deidentify.profile import CAPTURES, KINDS, SCREEN_SAVES

if TYPE_CHECKING:
    from pydicom import Dataset


def unknown_kind(dataset: "Dataset") -> str:
    """What it is, where the profile was not made for it; "" where it was."""
    from pydicom.uid import UID_dictionary

    kind = dataset.get("SOPClassUID", "")
    if kind in KINDS:
        return ""
    # The value itself is not told: in a damaged file it can be anything.
    return f"is a {kind.name}" if kind in UID_dictionary else "is of an unknown class"


def in_pixels(dataset: "Dataset") -> str:
    """Why its pixels may tell who the patient is, "" where nothing says so."""
    for keyword in ("BurnedInAnnotation", "RecognizableVisualFeatures"):
        if str(dataset.get(keyword) or "").strip().upper() == "YES":
            return f"says {keyword} YES"
    kind = CAPTURES.get(dataset.get("SOPClassUID", ""))
    if kind:
        return f"is a {kind}, a copy of a screen or a page"
    values = dataset.get("ImageType") or []
    words = [values] if isinstance(values, str) else list(values)
    saves = {str(word).strip().upper().replace("_", " ") for word in words} & SCREEN_SAVES
    return f"is an image of type {min(saves)}" if saves else ""


def hidden_overlay(dataset: "Dataset") -> bool:
    """Whether spare bits of the pixels hold an overlay (retired, PS3.3-2004 C.9.2)."""
    return any(
        (group, 0x0102) in dataset
        and dataset[group, 0x0102].value
        and (group, 0x3000) not in dataset
        for group in range(0x6000, 0x6020, 2)
    )


def silent(dataset: "Dataset") -> bool:
    """Whether it has pixels and does not say if text is burned into them."""
    return "PixelData" in dataset and not dataset.get("BurnedInAnnotation")
