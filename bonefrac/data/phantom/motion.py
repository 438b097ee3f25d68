"""Rigid moves in the picture plane, and the swellings that bend a bone's outline."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bonefrac.data.phantom.anatomy import Grid, Paths, ShaftView


@dataclass(frozen=True)
class Motion:
    """A rigid move in the picture plane: a turn about `pivot`, then a shift. Radians and mm."""

    pivot: tuple[float, float] = (0.0, 0.0)
    turn: float = 0.0
    shift: tuple[float, float] = (0.0, 0.0)

    def undo(self, grid: Grid, *, share: np.ndarray | float = 1.0) -> Grid:
        """Where the rays of `grid` would have to pass to see the unmoved bone.

        `share` is the part of the move that is undone, 0..1: flesh bends where bone breaks.
        """
        turn = np.float32(self.turn) * share
        c, s = np.cos(turn), np.sin(turn)
        px, py = (np.float32(p) for p in self.pivot)
        x = grid[0] - px - np.float32(self.shift[0]) * share
        y = grid[1] - py - np.float32(self.shift[1]) * share
        return c * x + s * y + px, c * y - s * x + py

    def apply(self, point: tuple[float, float]) -> tuple[float, float]:
        """Where the move takes one point."""
        c, s = float(np.cos(self.turn)), float(np.sin(self.turn))
        x, y = point[0] - self.pivot[0], point[1] - self.pivot[1]
        return (
            c * x - s * y + self.pivot[0] + self.shift[0],
            s * x + c * y + self.pivot[1] + self.shift[1],
        )


@dataclass(frozen=True)
class Swelling:
    """A ring or a hump on a shaft: the bulge of a buckle fracture, or the callus of an old one.

    Attributes:
        bone: name of the bone.
        at: mm from the proximal tip.
        spread: standard deviation along the bone, mm.
        height: of the bulge over the half-width.
        flank: -1 or 1 for one side of the bone, 0 for both.
        density: share by which the bone under it is denser.
    """

    bone: str
    at: float
    spread: float
    height: float
    flank: int
    density: float

    def undo(self, grid: Grid, view: ShaftView) -> Grid:
        """Where the rays would have to pass to see the bone without the swelling."""
        along, beside = view.frame(grid)
        squeeze = self._share(along, beside, view)
        moved = beside * (1 / (1 + self.height * squeeze) - 1)
        return grid[0] + moved * view.axis[1], grid[1] - moved * view.axis[0]

    def dense(self, paths: Paths, frame: Grid, view: ShaftView) -> Paths:
        """The bone denser under the swelling: crushed or woven sponge, thicker cortex."""
        more = 1 + self.density * self._share(*frame, view)
        return Paths(paths.cortex * more, paths.medulla, paths.sponge * more)

    def zone(self, frame: Grid, view: ShaftView, margin: float) -> np.ndarray:
        """The swollen length of the bone, bool [H, W]."""
        along, beside = frame
        wide = view.lookup("width", along) * (1 + self.height) + margin
        return (np.abs(along - self.at) < 1.6 * self.spread + margin) & (np.abs(beside) < wide)

    def _share(self, along: np.ndarray, beside: np.ndarray, view: ShaftView) -> np.ndarray:
        share = np.exp(-0.5 * np.square((along - self.at) / self.spread))
        if self.flank:
            wide = 0.35 * float(view.lookup("width", self.at))
            share = share * np.clip(0.5 + 0.5 * self.flank * beside / wide, 0, 1)
        return share
