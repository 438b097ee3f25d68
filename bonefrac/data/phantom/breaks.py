"""Fractures: where a bone breaks, how its fragments move, and the region to outline."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from bonefrac.data.phantom.anatomy import Bone, Grid, Paths, ShaftView, bone_paths
from bonefrac.data.phantom.lines import Line, random_teeth, scratch

KINDS = ("displaced", "angulated", "hairline")


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
class Break:
    """A fracture: its line in each broken bone and the move of what lies distal to it.

    Attributes:
        kind: one of KINDS.
        lines: one for each broken bone, the bone the picture is about first.
        motion: of the distal fragments; the identity for a hairline.
        carries: whether the limb beyond the fracture moves too. A single bone of a pair
            cannot carry it: the other bone holds the hand or the foot where it was.
        ramp: mm over which the slanted fracture plane passes from one cortex to the other.
    """

    kind: str
    lines: tuple[Line, ...]
    motion: Motion
    carries: bool
    ramp: float


@dataclass(frozen=True)
class Site:
    """Where a bone may break in this picture, whether or not it does.

    Attributes:
        view: the shaft as the picture sees it.
        along: mm from the proximal tip.
        partner: the bone beside it and its own place of breaking, for fractures of both.
        beyond: names of the bones that follow a distal fragment which carries the limb.
        reach: mm beside the bone up to which the flesh follows as well.
    """

    bone: str
    view: ShaftView
    along: float
    partner: Site | None = None
    beyond: tuple[str, ...] = ()
    reach: float = 1e3

    @property
    def half_width(self) -> float:
        """Of the bone at the site, mm."""
        return float(self.view.lookup("width", self.along))


def random_fracture_line(rng: np.random.Generator, site: Site, *, kind: str) -> Line:
    """A torn line through `site`, transverse to nearly spiral; a hairline may end inside."""
    r = site.half_width
    steepness = (rng.normal(0, 0.2), rng.uniform(0.4, 1.1), rng.uniform(1.1, 2.3))
    slope = float(rng.choice([-1, 1]) * rng.choice(steepness, p=[0.4, 0.4, 0.2]))
    teeth = random_teeth(rng, height=(0.06 if kind == "hairline" else 0.13) * r)
    line = Line(site.bone, site.along, slope, teeth, r, -2 * r, 2 * r)
    if kind != "hairline":
        return line
    hi = 2 * r if rng.random() < 0.5 else float(rng.uniform(-0.1, 0.6)) * r
    lo, hi = (-2 * r, hi) if rng.random() < 0.5 else (-hi, 2 * r)
    width = float(rng.uniform(0.028, 0.045)) * r
    return replace(line, lo=lo, hi=hi, width=width, depth=float(rng.uniform(0.4, 0.75)))


def random_break(rng: np.random.Generator, site: Site, *, kind: str) -> Break:
    """Draw a fracture of the given kind at `site`.

    Raises:
        ValueError: if `kind` is not one of KINDS.
    """
    if kind not in KINDS:
        raise ValueError(f"fracture {kind!r} is unknown: expected one of {', '.join(KINDS)}")
    lines = [random_fracture_line(rng, site, kind=kind)]
    chance = {"displaced": 0.55, "angulated": 1.0, "hairline": 0.0}[kind]
    if site.partner is not None and rng.random() < chance:
        lines.append(random_fracture_line(rng, site.partner, kind=kind))
    carries = site.partner is None or len(lines) == 2
    ramp = float(rng.uniform(0.08, 0.5)) * site.half_width
    motion = Motion()
    if kind == "displaced":
        motion = random_displacement(rng, site, carries=carries)
    elif kind == "angulated":
        motion = random_angulation(rng, site)
    return Break(kind, tuple(lines), motion, carries, ramp)


def random_displacement(rng: np.random.Generator, site: Site, *, carries: bool) -> Motion:
    """The distal fragment slips sideways by a quarter to three quarters of the bone's width.

    It may ride up along the other, or hang below it. Where the second bone of a pair is whole,
    it only swings about its distal joint.
    """
    r, sign = site.half_width, float(rng.choice([-1, 1]))
    sideways = sign * float(rng.uniform(0.5, 1.5)) * r
    down = float(rng.uniform(-0.6, 0.25)) * r
    (ax, ay), tilt = site.view.axis, float(rng.normal(0, 0.05))
    if carries:
        shift = (sideways * ay + down * ax, down * ay - sideways * ax)
        return Motion(site.view.place(site.along), tilt, shift)
    lever = max(site.view.length - site.along, 2.0 * r)
    down = 0.5 * max(down, 0.0)
    return Motion(site.view.place(site.view.length), 0.7 * sideways / lever, (down * ax, down * ay))


def random_angulation(rng: np.random.Generator, site: Site) -> Motion:
    """The fragments meet at 8 to 30 degrees about one cortex, with a step of a quarter width."""
    r, sign = site.half_width, float(rng.choice([-1, 1]))
    widest = 30 if site.reach > 100 else 16  # a finger has neighbours
    turn = sign * float(np.radians(rng.uniform(8, widest)))
    step = float(rng.uniform(-0.5, 0.5)) * r
    ax, ay = site.view.axis
    pivot = site.view.place(site.along, -sign * 0.8 * r)
    return Motion(pivot, turn, (step * ay, -step * ax))


def broken_paths(
    bone: Bone, grid: Grid, *, angle: float, lines: tuple[Line, ...], fracture: Break | None
) -> list[Paths]:
    """What each ray meets in one bone: one set of paths, or one for each fragment.

    Fragments add up where they overlap and leave a gap where they have parted. `lines` are the
    innocent dark lines of this bone; they move with the fragment that they lie in.
    """
    cut = next((c for c in fracture.lines if c.bone == bone.name), None) if fracture else None
    if bone.shaft is None:
        return [bone_paths(bone, grid, angle=angle)]
    view = ShaftView(bone.shaft, angle)

    def whole(rays: Grid) -> Paths:
        paths = bone_paths(bone, rays, angle=angle)
        for line in (*lines, *([cut] if cut else ())):
            paths = scratch(paths, line, view.frame(rays))
        return paths

    if fracture is None or cut is None or fracture.kind == "hairline":
        return [whole(grid)]
    moved = fracture.motion.undo(grid)
    near = np.clip(0.5 - cut.distance(view.frame(grid)) / fracture.ramp, 0, 1)
    far = np.clip(0.5 + cut.distance(view.frame(moved)) / fracture.ramp, 0, 1)
    return [_kept(whole(grid), near), _kept(whole(moved), far)]


def _kept(paths: Paths, part: np.ndarray) -> Paths:
    return Paths(paths.cortex * part, paths.medulla * part, paths.sponge)


def fracture_zone(
    fracture: Break, grid: Grid, *, sites: tuple[Site, ...], margin: float
) -> np.ndarray:
    """What a radiologist would outline, bool [H, W]: torn edges, gap, overlap, `margin` mm more."""
    zone = np.zeros(grid[0].shape, bool)
    for line in fracture.lines:
        view = next(s.view for s in sites if s.bone == line.bone)
        near = _edge(view, line, grid, margin)
        if fracture.kind == "hairline":
            return near.edge & (near.beside > line.lo - margin) & (near.beside < line.hi + margin)
        far = _edge(view, line, fracture.motion.undo(grid), margin)
        gap = (near.distance > 0) & (far.distance < 0) & near.bone & far.bone
        overlap = (near.distance < 0) & (far.distance > 0) & near.bone & far.bone
        zone |= near.edge | far.edge | gap | overlap
    return zone


@dataclass(frozen=True)
class _Edge:
    distance: np.ndarray
    beside: np.ndarray
    bone: np.ndarray
    edge: np.ndarray


def _edge(view: ShaftView, line: Line, grid: Grid, margin: float) -> _Edge:
    """One torn edge: which rays pass within `margin` mm of it, and of the bone it belongs to."""
    along, beside = view.frame(grid)
    distance = line.distance((along, beside))
    bone = np.abs(beside) < view.lookup("width", along) + margin
    return _Edge(distance, beside, bone, bone & (np.abs(distance) < margin))
