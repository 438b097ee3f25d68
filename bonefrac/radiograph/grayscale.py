"""From numbers that a detector stored to the grays that a screen shows."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from bonefrac.schema import PIXEL_MAX

if TYPE_CHECKING:
    from pydicom import Dataset

# Share of pixels that may saturate at each end where no window is given.
_SATURATED_PERCENT = 0.1
LINEAR, LINEAR_EXACT, SIGMOID = "LINEAR", "LINEAR_EXACT", "SIGMOID"


def robust_window(values: np.ndarray) -> np.ndarray:
    """Values of any range [H, W] -> float32 in 0..1, between the percentiles 0.1 and 99.9."""
    low, high = np.percentile(values, [_SATURATED_PERCENT, 100 - _SATURATED_PERCENT])
    width = max(float(high - low), np.finfo(np.float32).tiny)
    return np.clip((values - low) / width, 0, 1).astype(np.float32)


def window(values: np.ndarray, center: float, width: float, function: str = LINEAR) -> np.ndarray:
    """Apply a window of DICOM PS3.3 C.11.2.1.

    Args:
        values: of any shape.
        center: of the window, in units of the values.
        width: of the window; at least 1 for LINEAR, above 0 for the others.
        function: LINEAR, LINEAR_EXACT or SIGMOID.

    Returns:
        float64 in 0..1; with SIGMOID never quite either.
    """
    values = np.asarray(values, np.float64)
    if function == SIGMOID:
        from scipy.special import expit  # does not overflow far from the window

        return expit(4 * (values - center) / width)
    if function == LINEAR_EXACT:
        return np.clip((values - center) / width + 0.5, 0, 1)
    if width <= 1:  # a step, as the standard has it
        return (values > center - 0.5).astype(np.float64)
    return np.clip((values - (center - 0.5)) / (width - 1) + 0.5, 0, 1)


def shown(stored: np.ndarray, dataset: "Dataset") -> tuple[np.ndarray, list[str]]:
    """What a screen shows of the stored values of a DICOM image.

    Modality LUT or rescale, then VOI LUT or window, then one inversion if the image asks for it
    in either of two ways; padding is black.

    Args:
        stored: integers [H, W] of the pixel data.
        dataset: of the image.

    Returns:
        Pixels float32 [H, W] in 0..255, and notes on what the file left open.

    Raises:
        ValueError: a window or a rescaling is not finite.
    """
    from pydicom.pixels import apply_modality_lut

    notes: list[str] = []
    grays = _of_interest(apply_modality_lut(stored, dataset), dataset, notes)
    if not np.isfinite(grays).all():
        raise ValueError("a window or a rescaling of numbers that are not finite")
    grays = np.clip(grays, 0, 1)  # a VOI LUT may hold more than the bits that it says
    if inverted(dataset):
        grays = 1 - grays
    pixels = (grays * PIXEL_MAX).astype(np.float32)
    pixels[_padding(stored, dataset)] = 0
    return pixels, notes


def inverted(dataset: "Dataset") -> bool:
    """Whether small values are bright: MONOCHROME1, an inverse presentation LUT, or both."""
    shape = dataset.get("PresentationLUTShape", "IDENTITY")
    return dataset.PhotometricInterpretation == "MONOCHROME1" or shape == "INVERSE"


def _of_interest(values: np.ndarray, dataset: "Dataset", notes: list[str]) -> np.ndarray:
    """VOI LUT if there is one, else the first window, else one from the values; 0..1."""
    if "VOILUTSequence" in dataset:
        return _looked_up(values, dataset)
    centers, widths = (_numbers(dataset, key) for key in ("WindowCenter", "WindowWidth"))
    function = dataset.get("VOILUTFunction", LINEAR) or LINEAR
    if centers and widths and widths[0] > 0:
        if len(centers) > 1:
            notes.append(f"The first of {len(centers)} windows was used")
        return window(values, centers[0], widths[0], function)
    notes.append("The file names no window; one was chosen from the pixels")
    return robust_window(values)


def _looked_up(values: np.ndarray, dataset: "Dataset") -> np.ndarray:
    """The first VOI LUT: PS3.3 C.11.2.1.1. pydicom 3.0.2 wraps indices above 255 of 8-bit ones."""
    item = dataset.VOILUTSequence[0]
    count, first, bits = (int(number) for number in item.LUTDescriptor)
    if not 8 <= bits <= 16:
        raise ValueError(f"a VOI LUT of {bits} bits")
    entries = _entries(item.LUTData, little=dataset.file_meta.TransferSyntaxUID.is_little_endian)
    last = min(count or 2**16, len(entries)) - 1  # 65,536 does not fit into the descriptor
    places = np.clip(np.rint(values).astype(np.int64) - first, 0, last)
    return entries[places] / (2.0**bits - 1)


def _entries(data: bytes | Sequence[int], *, little: bool) -> np.ndarray:
    if isinstance(data, bytes):
        return np.frombuffer(data, "<u2" if little else ">u2")
    return np.asarray(data, np.int64).reshape(-1)


def _padding(stored: np.ndarray, dataset: "Dataset") -> np.ndarray:
    """Where the image was filled up to a rectangle: PS3.3 C.7.5.1.1.2, a value or a range."""
    value = dataset.get("PixelPaddingValue")
    if value is None:
        return np.zeros(stored.shape, bool)
    low, high = sorted((int(value), int(dataset.get("PixelPaddingRangeLimit", value))))
    return (stored >= low) & (stored <= high)


def _numbers(dataset: "Dataset", key: str) -> list[float]:
    value = dataset.get(key)
    if value is None:
        return []
    several = value if not isinstance(value, (str, float, int)) else [value]
    return [float(number) for number in several]
