"""Metal in a limb: plates with screws, Kirschner wires and nails, as the beam meets them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from bonefrac.data.phantom.anatomy import Grid, ShaftView
from bonefrac.data.phantom.breaks import Site
from bonefrac.data.phantom.xray import MU_STEEL, MU_TITANIUM

# A point of an implant: mm along the shaft, to the patient's side and to the front of its axis.
Spot = tuple[float, float, float]


@dataclass(frozen=True)
class Rod:
    """A straight pin, screw or piece of nail between two spots of a shaft, mm."""

    start: Spot
    end: Spot
    radius: float

    def thickness(self, grid: Grid, view: ShaftView) -> np.ndarray:
        """mm of metal along each ray."""
        a, b = (np.array(_seen(view, spot)) for spot in (self.start, self.end))
        long = float(np.linalg.norm(np.subtract(self.end, self.start)))
        seen = max(float(np.hypot(*(b - a))), 1e-3)
        share = ((grid[0] - a[0]) * (b[0] - a[0]) + (grid[1] - a[1]) * (b[1] - a[1])) / seen**2
        share = np.clip(share, 0, 1)
        beside = np.hypot(
            grid[0] - a[0] - share * (b[0] - a[0]), grid[1] - a[1] - share * (b[1] - a[1])
        )
        chord = 2 * np.sqrt(np.maximum(self.radius**2 - np.square(beside), 0))
        # Seen end on, a pin is as thick as it is long.
        return np.minimum(chord * max(long / seen, 1.0), long)


@dataclass(frozen=True)
class Plate:
    """A plate on the surface of a shaft.

    Attributes:
        lo, hi: its ends, mm from the proximal tip.
        azimuth: of the surface it lies on, radians from the side towards the front.
        width, thick: mm.
        holes: places of the empty holes, mm from the proximal tip.
    """

    lo: float
    hi: float
    azimuth: float
    width: float
    thick: float
    holes: tuple[float, ...]

    def thickness(self, grid: Grid, view: ShaftView) -> np.ndarray:
        """mm of metal along each ray."""
        along, beside = view.frame(grid)
        facing = self.azimuth - view.angle  # 0 when the plate is seen edge on
        c, s = abs(float(np.cos(facing))), abs(float(np.sin(facing)))
        surface = view.lookup("width", along) + 0.5 * self.thick
        beside = beside - surface * float(np.cos(facing))
        outer = 0.5 * (self.width * s + self.thick * c)
        flat = 0.5 * abs(self.width * s - self.thick * c)
        height = min(self.thick / max(s, 1e-3), self.width / max(c, 1e-3))
        metal = height * np.clip((outer - np.abs(beside)) / max(outer - flat, 0.2), 0, 1)
        rounded = np.sqrt(np.clip(1 - np.square(beside / max(outer, 1.0)), 0, 1)) * 0.4 * self.width
        metal = metal * ((along > self.lo - rounded) & (along < self.hi + rounded))
        for hole in self.holes:
            far = np.square(along - hole) + np.square(beside / max(s, 0.05))
            metal = np.where(far < (0.27 * self.width) ** 2, 0, metal)
        return metal.astype(np.float32)


@dataclass(frozen=True)
class Implant:
    """What a surgeon has left in one bone: `kind` is "plate", "wires" or "nail"."""

    kind: str
    site: Site
    parts: tuple[Rod | Plate, ...]
    mu: float

    def line_integral(self, grid: Grid) -> np.ndarray:
        """Of the metal's attenuation along each ray; it moves with no fragment."""
        metal = np.zeros(grid[0].shape, np.float32)
        for part in self.parts:
            metal = np.maximum(metal, part.thickness(grid, self.site.view))
        return metal * np.float32(self.mu)


def random_implant(rng: np.random.Generator, site: Site, *, kind: str) -> Implant:
    """Draw an implant across `site`.

    Raises:
        ValueError: if the kind is not "plate", "wires" or "nail".
    """
    draws = {"plate": _random_plate, "wires": _random_wires, "nail": _random_nail}
    if kind not in draws:
        raise ValueError(f"implant {kind!r} is unknown: expected one of {', '.join(draws)}")
    mu = MU_STEEL if kind == "wires" or rng.random() < 0.5 else MU_TITANIUM
    return Implant(kind, site, draws[kind](rng, site), mu)


def _random_plate(rng: np.random.Generator, site: Site) -> tuple[Rod | Plate, ...]:
    """Six to eight holes, screws in all but the one or two at the fracture."""
    azimuth = float(rng.uniform(0, 2 * np.pi))
    width = float(np.clip(1.15 * site.half_width, 4.0, 15.0))
    step, count = 1.3 * width, int(rng.integers(6, 9))
    half = 0.5 * step * count
    middle = float(np.clip(site.along, half + 4, max(site.view.length - half - 4, half + 4)))
    places = middle + step * (np.arange(count) - 0.5 * (count - 1))
    empty = np.abs(places - site.along) < 0.8 * step
    holes = tuple(float(p) for p in places[empty])
    plate = Plate(middle - half + 0.3 * width, middle + half - 0.3 * width, azimuth, width,
                  0.28 * width, holes)  # fmt: skip
    screws: list[Rod] = []
    for place in places[~empty]:
        r = float(site.view.lookup("width", place))
        out, through = r + 0.28 * width, -r - float(rng.uniform(0.5, 2.0))
        lean = float(rng.normal(0, 0.04)) * r
        head, top, tip = (
            _spot(float(place) + k * lean, azimuth, reach)
            for k, reach in ((0, out - 0.1 * width), (0, out + 0.1 * width), (1, through))
        )
        screws += [Rod(top, tip, 0.155 * width), Rod(head, top, 0.3 * width)]
    return (plate, *screws)


def _random_wires(rng: np.random.Generator, site: Site) -> tuple[Rod | Plate, ...]:
    """Two or three wires from outside the bone across the fracture into the other wall."""
    r = site.half_width
    radius = float(np.clip(rng.uniform(0.06, 0.12) * r, 0.45, 0.9))
    wires: list[Rod] = []
    toward = float(rng.choice([-1, 1]))
    for _ in range(int(rng.integers(2, 4))):
        azimuth = float(rng.uniform(-0.4, 0.4)) + np.pi * float(rng.random() < 0.5)
        far = site.along + toward * float(rng.uniform(2.5, 5.0)) * r
        into = site.along - toward * float(rng.uniform(1.2, 3.0)) * r
        out = _spot(far, azimuth, float(rng.uniform(1.5, 2.4)) * r)
        wires.append(Rod(out, _spot(into, azimuth, -0.95 * r), radius))
        if rng.random() < 0.6:  # the end is bent over
            hook = _spot(far + toward * float(rng.uniform(-1, 4)), azimuth, 2.4 * r + 3.0)
            wires.append(Rod(out, hook, radius))
    return tuple(wires)


def _random_nail(rng: np.random.Generator, site: Site) -> tuple[Rod | Plate, ...]:
    """A nail down the medulla; a thick one is locked by screws across its ends."""
    view, azimuth = site.view, float(rng.uniform(0, 2 * np.pi))
    first, last = rng.uniform((0.04, 0.84), (0.1, 0.93)) * view.length
    stops = np.linspace(first, last, 9)
    narrow = float(view.lookup("width_in", np.linspace(stops[0], stops[-1], 40)).min())
    radius = float(np.clip(0.75 * narrow, 1.0, 5.5))
    nail = [Rod((float(a), 0.0, 0.0), (float(b), 0.0, 0.0), radius) for a, b in pairwise(stops)]
    if radius < 2.5:
        return tuple(nail)
    locks = []
    for place in (stops[0] + 14, stops[0] + 30, stops[-1] - 22, stops[-1] - 8):
        r = float(view.lookup("width", place)) + 2.0
        locks.append(Rod(_spot(place, azimuth, r), _spot(place, azimuth, -r), 2.1))
    return (*nail, *locks)


def _spot(along: float, azimuth: float, reach: float) -> Spot:
    return (along, reach * float(np.cos(azimuth)), reach * float(np.sin(azimuth)))


def _seen(view: ShaftView, spot: Spot) -> tuple[float, float]:
    """Where the picture sees a spot, scene mm."""
    along, side, front = spot
    return view.place(along, side * float(np.cos(view.angle)) + front * float(np.sin(view.angle)))
