"""What a picture looks like in a few numbers, whatever its size: the input of the gate."""

import cv2
import numpy as np

from bonefrac.schema import PIXEL_MAX

# Longer side at which pictures are looked at: radiographs of 400 and of 4000 pixels look alike.
SIDE = 128
_BINS = 32
_DARK, _BRIGHT = 0.08, 0.92
_TINY = 1e-6


def features(pixels: np.ndarray) -> dict[str, float]:
    """Describe a picture.

    Args:
        pixels: [H, W] in 0..255.

    Returns:
        Name -> number, the same names for every picture.
    """
    small = _reduced(np.asarray(pixels, np.float32)) / np.float32(PIXEL_MAX)
    return {**_grays(small), **_border(small), **_edges(small), **_shape(small), **_scales(small)}


def _reduced(gray: np.ndarray) -> np.ndarray:
    """At `SIDE`, by averages where it shrinks; float32 [h, w], no side below 16."""
    height, width = gray.shape
    factor = SIDE / max(height, width)
    size = (max(16, round(width * factor)), max(16, round(height * factor)))
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    return np.clip(cv2.resize(gray, size, interpolation=way), 0, PIXEL_MAX)


def _grays(small: np.ndarray) -> dict[str, float]:
    share = np.histogram(small, bins=_BINS, range=(0, 1))[0] / small.size
    seen = share[share > 0]
    low, middle, high = np.percentile(small, [10, 50, 90])
    return {
        "mean": float(small.mean()),
        "contrast": float(small.std()),
        "low": float(low),
        "middle": float(middle),
        "high": float(high),
        "dark": float((small < _DARK).mean()),
        "bright": float((small > _BRIGHT).mean()),
        "entropy": float(-(seen * np.log2(seen)).sum()),
        "commonest": float(share.max()),
    }


def _border(small: np.ndarray) -> dict[str, float]:
    """The outermost twentieth on each side against the rest."""
    rim = np.ones(small.shape, bool)
    deep = max(1, round(min(small.shape) / 20))
    rim[deep:-deep, deep:-deep] = False
    outside, inside = small[rim], small[~rim]
    return {
        "rim_mean": float(outside.mean()),
        "rim_contrast": float(outside.std()),
        "rim_dark": float((outside < _DARK).mean()),
        "rim_bright": float((outside > _BRIGHT).mean()),
        "rim_step": float(inside.mean() - outside.mean()),
    }


def _edges(small: np.ndarray) -> dict[str, float]:
    across, down = cv2.Sobel(small, cv2.CV_32F, 1, 0), cv2.Sobel(small, cv2.CV_32F, 0, 1)
    strength = np.hypot(across, down)
    typical, strong = np.percentile(strength, [50, 95])
    upright = np.minimum(np.abs(across), np.abs(down)) < 0.1 * strength
    return {
        "edge_typical": float(np.log(typical + 1e-3)),
        "edge_strong": float(np.log(strong + 1e-3)),
        "edge_upright": float((strength * upright).sum() / (strength.sum() + _TINY)),
        "edge_coherence": _coherence(across, down),
        "lean": float(((across**2).sum() + _TINY) / ((across**2 + down**2).sum() + 2 * _TINY)),
    }


def _coherence(across: np.ndarray, down: np.ndarray) -> float:
    """How much neighbouring edges run the same way: 0 not at all, 1 wholly (structure tensor)."""
    xx, yy, xy = (cv2.blur(p, (9, 9)) for p in (across**2, down**2, across * down))
    apart = np.hypot(xx - yy, 2 * xy)
    return float(apart.sum() / ((xx + yy).sum() + _TINY))


def _shape(small: np.ndarray) -> dict[str, float]:
    """Where the bright part lies: limbs run out of the picture, slices stand free in black."""
    level, _ = cv2.threshold(np.rint(small * 255).astype(np.uint8), 0, 255, cv2.THRESH_OTSU)
    bright = small * 255 > level
    sides = bright[0], bright[-1], bright[:, 0], bright[:, -1]
    rows, columns = bright.mean(axis=1), bright.mean(axis=0)
    touched = sorted(float(side.mean()) for side in sides)
    return {
        "part": float(bright.mean()),
        "part_touch_most": touched[-1],
        "part_touch_least": touched[0],
        "part_rows": float(rows.std()),
        "part_columns": float(columns.std()),
        "mirror": _alike(small, small[:, ::-1]),
        "upside_down": _alike(small, small[::-1]),
        "middle_columns": float(small[:, small.shape[1] // 3 : -(small.shape[1] // 3)].mean()),
    }


def _alike(one: np.ndarray, other: np.ndarray) -> float:
    """Correlation of coarse grays, -1..1; 0 of a flat picture."""
    a, b = (cv2.resize(p, (16, 16), interpolation=cv2.INTER_AREA) for p in (one, other))
    a, b = a - a.mean(), b - b.mean()
    return float((a * b).sum() / (np.sqrt((a**2).sum() * (b**2).sum()) + _TINY))


def _scales(small: np.ndarray) -> dict[str, float]:
    """How the contrast is divided among details of 1, 2, 4, 8 and 16 pixels."""
    bands, coarse = [], small
    for _ in range(5):
        smooth = cv2.GaussianBlur(coarse, (0, 0), 1)
        bands.append(float(np.log((coarse - smooth).std() + 1e-4)))
        coarse = smooth[::2, ::2]
    steps = {f"scale_{2**k}": bands[k] - bands[k + 1] for k in range(4)}
    return {**steps, "detail": bands[0]}
