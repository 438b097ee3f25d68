"""Casts: a shell of plaster or fibreglass moulded on the flesh, with the weave of its bandage."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from bonefrac.data.phantom.anatomy import Grid, ShaftView, Tube
from bonefrac.data.phantom.patient import Limb
from bonefrac.data.phantom.xray import MU_FIBREGLASS, MU_PLASTER


@dataclass(frozen=True)
class Cast:
    """A shell around part of a limb.

    Attributes:
        kind: "plaster" or "fibreglass".
        tubes: the flesh it is moulded on.
        lo, hi: from where to where it reaches, scene mm; `slant` mm a mm beside at its ends.
        padding, thick: of the wool below and of the shell, mm.
        pitch: of the wrapped bandage, mm.
    """

    kind: str
    tubes: tuple[Tube, ...]
    lo: float
    hi: float
    slant: float
    padding: float
    thick: float
    pitch: float

    def line_integral(self, grid: Grid, *, angle: float, blotches: np.ndarray) -> np.ndarray:
        """Of the shell's attenuation along each ray; `blotches` is unit-variance noise [H, W]."""
        outer, inner = (
            self._outline(grid, angle, by) for by in (self.padding + self.thick, self.padding)
        )
        y = grid[1] + self.slant * grid[0]
        on = np.clip((y - self.lo) / 3 + 0.5, 0, 1) * np.clip((self.hi - y) / 3 + 0.5, 0, 1)
        turns = (2 * np.pi / self.pitch) * (grid[1] + 0.35 * grid[0])
        layers = 1 + 0.09 * np.tanh(6 * (np.sin(turns) + 0.5 * np.sin(0.62 * turns)))
        if self.kind == "plaster":
            texture, mu = layers * (1 + 0.1 * blotches), MU_PLASTER
        else:
            texture, mu = layers * (1 + 0.2 * _knit(grid) + 0.08 * blotches), MU_FIBREGLASS
        return np.maximum(outer - inner, 0) * on * texture * np.float32(mu)

    def _outline(self, grid: Grid, angle: float, by: float) -> np.ndarray:
        """mm along each ray inside the flesh grown by `by` mm."""
        inside = np.zeros(grid[0].shape, np.float32)
        for tube in self.tubes:
            rows = tuple((f, a + by, b + by, c, 0.0) for f, a, b, c, _ in tube.profile)
            grown = ShaftView(replace(tube, profile=rows), angle).paths(grid)
            inside = np.maximum(inside, grown.outer)
        return inside


def random_cast(rng: np.random.Generator, limb: Limb, *, at: float) -> Cast:
    """Draw a cast that covers the height `at` (scene mm) of a limb.

    Raises:
        ValueError: if the limb holds no cast.
    """
    if limb.cast is None:
        raise ValueError(f"a {limb.body_part} holds no cast: expected a limb that does")
    top, bottom = (limb.size * y for y in limb.cast)
    plaster = bool(rng.random() < 0.5)
    lo = float(np.clip(at - limb.size * rng.uniform(60, 260), top, bottom))
    hi = float(np.clip(at + limb.size * rng.uniform(60, 260), top, bottom))
    return Cast(
        kind="plaster" if plaster else "fibreglass",
        tubes=limb.tissue[:2],
        lo=lo,
        hi=hi,
        slant=float(rng.normal(0, 0.12)),
        padding=float(rng.uniform(2.5, 6)),
        thick=float(rng.uniform(3.5, 6.5) if plaster else rng.uniform(3, 5)),
        pitch=float(rng.uniform(45, 80)),
    )


def _knit(grid: Grid) -> np.ndarray:
    """The diagonal mesh of a knitted bandage, about -1..1, 4 mm wide and nowhere quite even."""
    x, y = grid
    k = 2 * np.pi / 5.6
    u, v = x + 0.35 * y, y - 0.35 * x
    sway = 1.2 * np.sin(v / 23) + 0.9 * np.sin(u / 17)
    return np.sin(k * (u + v) + sway) * np.sin(k * (u - v) - sway)
