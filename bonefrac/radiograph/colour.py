"""How colourful a picture is, so that a photograph is not taken for an X-ray."""

import numpy as np

# ITU-R 601 luma.
LUMA = np.array([0.299, 0.587, 0.114])
_SAMPLES = 64  # a side


def colour(rgb: np.ndarray) -> float:
    """Colour apart from one tint.

    The opponent colours of Hasler and Suesstrunk 2003 (Measuring colourfulness in natural images,
    SPIE 5007), less the part of each that follows the gray: a film that was scanned or shown in
    blue is as gray as one that was not.

    Args:
        rgb: [H, W, 3] in 0..255.

    Returns:
        Standard deviation in 0..255; 0 of a gray picture, and above 15 of most photographs.
    """
    steps = [max(1, side // _SAMPLES) for side in rgb.shape[:2]]
    sample = np.asarray(rgb[:: steps[0], :: steps[1]], np.float64).reshape(-1, 3)
    red, green, blue = sample.T
    gray = np.stack([np.ones(len(sample)), sample @ LUMA], axis=1)
    opponents = np.stack([red - green, (red + green) / 2 - blue], axis=1)
    tint = gray @ np.linalg.lstsq(gray, opponents, rcond=None)[0]
    return float(np.sqrt(((opponents - tint) ** 2).sum(axis=1).mean()))
