"""The letters of lead markers, drawn from strokes so that no font is needed."""

from itertools import pairwise

import numpy as np

SIDE = 40  # texels of a glyph's square
_WIDTH = 0.2  # of a stroke; a letter is 1 high
_TURN = np.linspace(-np.pi / 2, np.pi / 2, 13)
_ROUND = [(0.32 + 0.265 * np.cos(t), 0.265 + 0.265 * np.sin(t)) for t in _TURN]
_BOWL = [(0.0, 0.0), *_ROUND, (0.0, 0.53)]
# Points (x, y) of each stroke; y points down.
_LETTERS: dict[str, list[list[tuple[float, float]]]] = {
    "L": [[(0, 0), (0, 1), (0.55, 1)]],
    "R": [[(0, 1), (0, 0)], _BOWL, [(0.3, 0.53), (0.6, 1)]],
    "A": [[(0, 1), (0.35, 0), (0.7, 1)], [(0.14, 0.64), (0.56, 0.64)]],
    "P": [[(0, 1), (0, 0)], _BOWL],
}
_ADVANCE = {"L": 0.55, "R": 0.6, "A": 0.7, "P": 0.58}
WORDS = ("L", "R", "(L)", "(R)", "AP", "PA")


def atlas() -> np.ndarray:
    """Coverage 0..1 of each of `WORDS`, float32 [N, SIDE, SIDE, 1]; black around each."""
    return np.stack([_draw(word) for word in WORDS])[..., None]


def _draw(word: str) -> np.ndarray:
    """The nearer to a stroke, the more lead; strokes end round."""
    letters = word.strip("()")
    gap = 0.3
    width = sum(_ADVANCE[letter] for letter in letters) + gap * (len(letters) - 1)
    ringed = word != letters
    # A letter is as high as fits a square: smaller inside a ring or beside another.
    high = SIDE * (0.42 if ringed else 0.68 / max(1.0, width))
    y, x = (np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2) / high + 0.5
    x += width / 2 - 0.5
    away = np.full((SIDE, SIDE), np.inf)
    start = 0.0
    for letter in letters:
        for stroke in _LETTERS[letter]:
            for one, other in pairwise(stroke):
                away = np.minimum(away, _distance(x - start, y, one, other))
        start += _ADVANCE[letter] + gap
    if ringed:
        away = np.minimum(away, np.abs(np.hypot(x - width / 2, y - 0.5) - 0.92))
    return np.clip((_WIDTH / 2 - away) * high + 0.5, 0, 1).astype(np.float32)


def _distance(
    x: np.ndarray, y: np.ndarray, one: tuple[float, float], other: tuple[float, float]
) -> np.ndarray:
    """From each point to a line segment."""
    (x0, y0), (x1, y1) = one, other
    along = ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / ((x1 - x0) ** 2 + (y1 - y0) ** 2)
    along = np.clip(along, 0, 1)
    return np.hypot(x - x0 - along * (x1 - x0), y - y0 - along * (y1 - y0))
