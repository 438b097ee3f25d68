"""Square windows that cover a picture: where they lie, and how much each counts at a place."""

import numpy as np

# Standard deviation of the Gaussian, share of a window's side (Isensee 2021, Nature Methods
# 18:203). A corner still counts 1e-7, where one window alone sees it.
_SPREAD = 1 / 8


def window_starts(side: int, window: int, *, overlap: float) -> np.ndarray:
    """First pixels of the windows along one side, int [N], at even distances.

    Args:
        side: of the picture, pixels; one window starts at 0 where it is no longer than a window.
        window: pixels.
        overlap: least share of a window that its neighbour covers too, 0 or more, below 1.
    """
    if side <= window:
        return np.zeros(1, int)
    stride = max(1, int(window * (1 - overlap)))
    count = -(-(side - window) // stride) + 1
    return np.round(np.linspace(0, side - window, count)).astype(int)


def window_corners(height: int, width: int, window: int, *, overlap: float) -> np.ndarray:
    """First (row, column) of every window over a picture, int [N, 2]."""
    rows, columns = (window_starts(side, window, overlap=overlap) for side in (height, width))
    return np.stack(np.meshgrid(rows, columns, indexing="ij"), axis=-1).reshape(-1, 2)


def window_weights(window: int) -> np.ndarray:
    """How much a window counts at each of its pixels, float32 [W, W]: a Gaussian, 1 amid it."""
    at = (np.arange(window) + 0.5) / window - 0.5
    fall = np.exp(-0.5 * (at / _SPREAD) ** 2)
    return (np.outer(fall, fall) / fall.max() ** 2).astype(np.float32)
