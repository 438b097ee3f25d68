"""How large a pixel of a DICOM radiograph is, and what it is measured on."""

from typing import TYPE_CHECKING

from bonefrac.radiograph.radiograph import Spacing

if TYPE_CHECKING:
    from pydicom import Dataset


def spacing_of(dataset: "Dataset") -> Spacing | None:
    """The size of a pixel, and what it is of: PS3.3 10.7.1.3."""
    plain, detector, film = (
        _pair(dataset, key)
        for key in ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing")
    )
    if plain and (dataset.get("PixelSpacingCalibrationType") or (detector and plain != detector)):
        return Spacing(*plain, "calibrated")
    if detector:
        factor = float(dataset.get("EstimatedRadiographicMagnificationFactor") or 0)
        if factor >= 1:
            return Spacing(detector[0] / factor, detector[1] / factor, "magnification")
        return Spacing(*detector, "detector")
    if film:
        return Spacing(*film, "scanned film")
    return Spacing(*plain, "unstated") if plain else None


def _pair(dataset: "Dataset", key: str) -> tuple[float, float] | None:
    value = dataset.get(key)
    if not value or len(value) != 2:
        return None
    row, column = (float(number) for number in value)
    return (row, column) if min(row, column) > 0 else None
