"""Test-time augmentation: a square shown several ways, each answer laid back where it belongs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

# A runtime of `bonefrac.inference.runtimes`: a square -> mask probability, fracture probability.
Ask = Callable[[np.ndarray], tuple[np.ndarray, float]]


@dataclass(frozen=True)
class View:
    """One way to show a square: mirrored, scaled and turned about its centre, then shifted.

    Attributes:
        mirrored: left and right change places.
        scale: above 1 enlarges.
        turn: degrees, clockwise as seen.
        shift: down and to the right, in shares of the side.
    """

    mirrored: bool = False
    scale: float = 1.0
    turn: float = 0.0
    shift: tuple[float, float] = (0.0, 0.0)

    def apply(self, square: np.ndarray) -> np.ndarray:
        """[S, S] as this view shows it: float32, bilinear, black where nothing was."""
        forward, centre, shift = self._map(len(square))
        back = np.linalg.inv(forward)
        return _warp(square, back, centre - back @ (centre + shift))

    def invert(self, square: np.ndarray) -> np.ndarray:
        """[S, S] in this view -> where it was, float32; 0 where the view did not reach.

        By the inverse map itself, bilinear: exact for mirroring and shifts.
        """
        forward, centre, shift = self._map(len(square))
        return _warp(square, forward, centre + shift - forward @ centre)

    def _map(self, side: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Matrix over (row, column) about the centre, centre, and shift in whole pixels."""
        angle = np.deg2rad(self.turn)
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        mirror = np.diag([1.0, -1.0 if self.mirrored else 1.0])
        centre = np.full(2, (side - 1) / 2)
        return self.scale * turn @ mirror, centre, np.rint(np.multiply(self.shift, side))


PLAIN = View()
_POSES: tuple[dict[str, Any], ...] = (
    {},
    {"scale": 0.9},
    {"turn": 5.0, "shift": (0.03, 0.03)},
    {"turn": -5.0, "shift": (-0.03, -0.03)},
)
# Each pose as it is and mirrored: eight answers, eight times the time.
VIEWS = tuple(View(mirrored=side, **pose) for side in (False, True) for pose in _POSES)


def ask(
    runtime: Ask, square: np.ndarray, *, views: Sequence[View] = VIEWS
) -> tuple[np.ndarray, list[float]]:
    """Show a square in every view.

    Args:
        runtime: answers for a square.
        square: float32 [S, S] in 0..255.
        views: that reach every pixel together, as any with `PLAIN` among them do.

    Returns:
        Mean mask probability [S, S], of each pixel over the views that show it, and the fracture
        probability in each view.
    """
    if tuple(views) == (PLAIN,):
        mask, vote = runtime(square)
        return mask, [vote]
    total, seen = np.zeros(square.shape), np.zeros(square.shape)
    votes = []
    for view in views:
        mask, vote = runtime(view.apply(square))
        total += view.invert(mask)
        seen += view.invert(np.ones_like(square))
        votes.append(vote)
    return (total / seen).astype(np.float32), votes


def _warp(square: np.ndarray, matrix: np.ndarray, offset: np.ndarray) -> np.ndarray:
    # Not OpenCV: it rounds coordinates to 1/32 of a pixel. Not "constant": it drops edge pixels
    # that rounding puts 1e-15 outside.
    from scipy.ndimage import affine_transform

    square = np.asarray(square, np.float32)
    return affine_transform(square, matrix, offset, order=1, mode="grid-constant")
