"""How far apart the outlines of two masks are, in pixels."""

import numpy as np

HD_PERCENTILE = 95


def surface_distances(predicted: np.ndarray, true: np.ndarray) -> tuple[float, float]:
    """Distances between the border pixels of two masks, both ways.

    Border pixels belong to their mask and touch what does not, or the rim of the picture, by a
    side. Each has a distance to the nearest border pixel of the other mask.

    Args:
        predicted: [H, W] of 0 and 1; likewise `true`.

    Returns:
        HD95, the 95th percentile of all these distances together, which one stray pixel does not
        move as it moves the largest (Hausdorff) distance; and the mean of the two mean distances.
        In pixels; NaN where a mask is empty.
    """
    from scipy.spatial import cKDTree

    one, other = border(predicted), border(true)
    if not len(one) or not len(other):
        return float("nan"), float("nan")
    there, back = cKDTree(other).query(one)[0], cKDTree(one).query(other)[0]
    hd = np.percentile(np.concatenate([there, back]), HD_PERCENTILE)
    return float(hd), float((there.mean() + back.mean()) / 2)


def border(mask: np.ndarray) -> np.ndarray:
    """Border pixels (y, x), int [K, 2]."""
    inside = np.pad(np.asarray(mask) > 0, 1)
    middle = inside[1:-1, 1:-1]
    surrounded = inside[:-2, 1:-1] & inside[2:, 1:-1] & inside[1:-1, :-2] & inside[1:-1, 2:]
    return np.argwhere(middle & ~surrounded)
