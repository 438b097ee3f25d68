"""Bones as tubes and ellipsoids in space, and the path of an X-ray through them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from scipy.ndimage import gaussian_filter1d

Point = tuple[float, float, float]  # mm: x to the side, y from proximal to distal, z to the front
Grid = tuple[np.ndarray, np.ndarray]  # x and y in mm of every ray, float32 [H, W] each

_SAMPLES = 512  # of a profile along its bone: under 1 mm on a femur
_SUBCHONDRAL = 1.3  # mm of dense plate under a joint surface
_DIAPHYSEAL_SPONGE, _EPIPHYSEAL_SPONGE = 0.03, 0.26  # bone volume fraction of the medulla


@dataclass(frozen=True)
class Tube:
    """A long bone: elliptical cross sections, outer and inner, along a slightly bowed axis.

    Attributes:
        start, end: proximal and distal tip of the axis, mm.
        profile: rows of (fraction of the length, half-width to the side, half-width to the
            front, shift to the side, wall), mm; the shift lets one flank flare more than the other.
        bow: how far the middle of the axis leaves the chord to the side and to the front, mm.
        cap: length over which the tips round off, mm.
        dish: how far the flanks of each tip run past its centre, mm (negative: a round end).
    """

    start: Point
    end: Point
    profile: tuple[tuple[float, float, float, float, float], ...]
    bow: tuple[float, float] = (0.0, 0.0)
    cap: tuple[float, float] = (4.0, 4.0)
    dish: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True)
class Knob:
    """An ellipsoid with a cortical shell: a condyle, a malleolus, a carpal bone.

    Attributes:
        centre: mm.
        radii: half-axes to the side, along the limb and to the front, mm.
        tilt: turn in the picture plane, radians.
        wall: thickness of the shell, mm.
        block: 0 for a true ellipsoid, up to 0.9 for one with squarer shoulders.
    """

    centre: Point
    radii: Point
    tilt: float = 0.0
    wall: float = 1.2
    block: float = 0.0


@dataclass(frozen=True)
class Bone:
    """One bone: a shaft (or none) and the knobs that grow from it. Solids inside one bone merge."""

    name: str
    shaft: Tube | None
    knobs: tuple[Knob, ...] = ()


@dataclass(frozen=True)
class Paths:
    """What each ray meets in one bone: mm of cortex, mm of medulla, and the sponge in it."""

    cortex: np.ndarray
    medulla: np.ndarray
    sponge: np.ndarray

    @property
    def outer(self) -> np.ndarray:
        """mm of bone, periosteum to periosteum."""
        return self.cortex + self.medulla


def turn(point: Point, angle: float) -> Point:
    """The point after the limb turned by `angle` radians about its long axis."""
    x, y, z = point
    c, s = float(np.cos(angle)), float(np.sin(angle))
    return (c * x + s * z, y, c * z - s * x)


def chord(offset: np.ndarray, half_width: np.ndarray, half_depth: np.ndarray) -> np.ndarray:
    """Length of a ray inside an ellipse that it meets `offset` beside the centre, 0 outside."""
    inside = 1.0 - np.square(offset / np.maximum(half_width, 1e-3))
    return 2.0 * half_depth * np.sqrt(np.maximum(inside, 0.0))


def projected_radii(
    side: ArrayLike, front: ArrayLike, angle: float
) -> tuple[np.ndarray, np.ndarray]:
    """Half-width and half-depth, as the ray sees them, of an ellipse turned by `angle` radians.

    The longest chord of a turned ellipse is not its depth along the ray but side*front/width.
    """
    a, b = np.asarray(side), np.asarray(front)
    width = np.sqrt(np.square(a * np.cos(angle)) + np.square(b * np.sin(angle)))
    return width, a * b / np.maximum(width, 1e-6)


@dataclass(frozen=True)
class ShaftView:
    """A tube seen from one side: its frame in the picture and its tables along the axis."""

    tube: Tube
    angle: float
    origin: tuple[float, float] = field(init=False)
    axis: tuple[float, float] = field(init=False)
    length: float = field(init=False)

    def __post_init__(self) -> None:
        a, b = (np.array(turn(p, self.angle)[:2]) for p in (self.tube.start, self.tube.end))
        length = float(np.hypot(*(b - a)))
        object.__setattr__(self, "origin", (float(a[0]), float(a[1])))
        object.__setattr__(self, "axis", tuple(float(v) for v in (b - a) / length))
        object.__setattr__(self, "length", length)

    @cached_property
    def tables(self) -> dict[str, np.ndarray]:
        """Width, depth, both again for the medulla, centre line and sponge, float32 [512] each."""
        t = np.linspace(0.0, self.length, _SAMPLES)
        side, front, shift, wall = _smooth_profile(self.tube.profile, t / self.length)
        width, depth = projected_radii(side, front, self.angle)
        cap = _cap(t, self.length, self.tube.cap)
        step = max(1, round(_SUBCHONDRAL / self.length * _SAMPLES))
        width_in, depth_in = (
            np.maximum(_eroded(r * cap, step) - wall, 0.0) for r in (width, depth)
        )
        bow = np.dot(self.tube.bow, (np.cos(self.angle), np.sin(self.angle)))
        centre = shift * np.cos(self.angle) + bow * np.sin(np.pi * t / self.length)
        reach = np.minimum(t, self.length - t) / (0.2 * self.length)
        sponge = _DIAPHYSEAL_SPONGE + (_EPIPHYSEAL_SPONGE - _DIAPHYSEAL_SPONGE) * np.exp(
            -(reach**2)
        )
        names = ("width", "depth", "width_in", "depth_in", "centre", "sponge")
        columns = (width * cap, depth * cap, width_in, depth_in, centre, sponge)
        return {n: c.astype(np.float32) for n, c in zip(names, columns, strict=True)}

    def frame(self, grid: Grid) -> Grid:
        """Each ray's place along the axis and beside the bowed centre line, mm."""
        x, y = grid[0] - self.origin[0], grid[1] - self.origin[1]
        along = x * self.axis[0] + y * self.axis[1]
        beside = x * self.axis[1] - y * self.axis[0]
        return along, beside - self.lookup("centre", along)

    def place(self, along: float, beside: float = 0.0) -> tuple[float, float]:
        """The inverse of `frame` for one point: where it lies in the scene, mm."""
        beside = beside + float(self.lookup("centre", along))
        (ox, oy), (ax, ay) = self.origin, self.axis
        return ox + along * ax + beside * ay, oy + along * ay - beside * ax

    def lookup(self, name: str, along: ArrayLike) -> np.ndarray:
        """The table `name` at `along` mm; the nearest end beyond the tips."""
        index = np.clip(np.asarray(along) * ((_SAMPLES - 1) / self.length), 0, _SAMPLES - 1)
        return self.tables[name][index.astype(np.int32)]

    def paths(self, grid: Grid) -> Paths:
        """Cortex and medulla along each ray of `grid`."""
        along, beside = self.frame(grid)
        along = self._undish(along, beside)
        on = (along > 0) & (along < self.length)
        outer = chord(beside, self.lookup("width", along), self.lookup("depth", along)) * on
        inner = chord(beside, self.lookup("width_in", along), self.lookup("depth_in", along)) * on
        inner = np.minimum(inner, outer)
        return Paths(outer - inner, inner, self.lookup("sponge", along))

    def _undish(self, along: np.ndarray, beside: np.ndarray) -> np.ndarray:
        """Shift the rays so that a dished tip becomes a flat one."""
        if not any(self.tube.dish):
            return along
        r = np.clip(along / self.length, 0.0, 1.0)
        edge = np.square(beside / self.lookup("width", np.clip(along, 6, self.length - 6)))
        edge = np.minimum(edge, 1.0)
        return along + edge * (self.tube.dish[0] * (1 - r) ** 8 - self.tube.dish[1] * r**8)


def knob_paths(knob: Knob, grid: Grid, *, angle: float) -> Paths:
    """Cortex and medulla of an ellipsoid turned by `angle` radians along each ray of `grid`."""
    cx, cy, _ = turn(knob.centre, angle)
    x, y = grid[0] - cx, grid[1] - cy
    c, s = float(np.cos(knob.tilt)), float(np.sin(knob.tilt))
    u, v = c * x + s * y, c * y - s * x

    def through(shrink: float) -> np.ndarray:
        side, along, front = (max(r - shrink, 0.2) for r in knob.radii)
        width, depth = (float(r) for r in projected_radii(side, front, angle))
        p, q = np.square(u * (1 / width)), np.square(v * (1 / along))
        inside = 1.0 - p - q
        if knob.block:
            inside = np.where((p < 1) & (q < 1), inside + knob.block * p * q, 0)
        return 2.0 * depth * np.sqrt(np.maximum(inside, 0.0))

    outer, inner = through(0.0), through(knob.wall)
    return Paths(outer - inner, inner, np.full_like(outer, _EPIPHYSEAL_SPONGE))


def merge(first: Paths, second: Paths) -> Paths:
    """The union of two solids of one bone: where they overlap the wall between them is gone."""
    outer = np.maximum(first.outer, second.outer)
    medulla = np.minimum(np.maximum(first.medulla, second.medulla), outer)
    weight = first.medulla / np.maximum(first.medulla + second.medulla, 1e-3)
    return Paths(outer - medulla, medulla, second.sponge + weight * (first.sponge - second.sponge))


def bone_paths(bone: Bone, grid: Grid, *, angle: float) -> Paths:
    """Cortex and medulla of a whole bone along each ray of `grid`."""
    solids = [knob_paths(k, grid, angle=angle) for k in bone.knobs]
    if bone.shaft is not None:
        solids.insert(0, ShaftView(bone.shaft, angle).paths(grid))
    whole = solids[0]
    for solid in solids[1:]:
        whole = merge(whole, solid)
    return whole


def _smooth_profile(profile: tuple, fraction: np.ndarray) -> np.ndarray:
    """The knots joined and rounded off; a bone has no corners along its axis."""
    knots = np.array(profile, np.float64)
    rows = np.stack([np.interp(fraction, knots[:, 0], column) for column in knots[:, 1:].T])
    return gaussian_filter1d(rows, _SAMPLES / 60, mode="nearest")


def _cap(t: np.ndarray, length: float, cap: tuple[float, float]) -> np.ndarray:
    """A factor on the radii that closes both tips with a flat, round-shouldered end."""
    near = np.clip(1.0 - t / cap[0], 0.0, 1.0) ** 2.5
    far = np.clip(1.0 - (length - t) / cap[1], 0.0, 1.0) ** 2.5
    return ((1.0 - near) * (1.0 - far)) ** 0.4


def _eroded(radius: np.ndarray, step: int) -> np.ndarray:
    """The radius of a solid shrunk by `step` samples along its axis; the tips become plates."""
    padded = np.pad(radius, step)
    return np.minimum.reduce([padded[: -2 * step], radius, padded[2 * step :]])
