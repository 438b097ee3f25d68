"""Broken bones: the pieces that cuts part a bone into, how each moves, and what to outline."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bonefrac.data.phantom.anatomy import Bone, Grid, Paths, ShaftView, bone_paths
from bonefrac.data.phantom.difficulty import Kind
from bonefrac.data.phantom.lines import Line, scratch
from bonefrac.data.phantom.motion import Motion, Swelling

PROXIMAL, DISTAL = -1, 1
_STILL = Motion()


@dataclass(frozen=True)
class Cut:
    """Where a fracture surface meets the two walls of a bone that the beam passes.

    Attributes:
        near, far: its line on the wall towards the source and on the other. A slanted plane
            draws two shifted lines, a spiral one line that climbs and one that drops.
        ramp: mm over which the bone along a ray passes from one side to the other.
    """

    near: Line
    far: Line
    ramp: float

    def share(self, frame: Grid, side: int) -> np.ndarray:
        """The part of the bone along each ray that lies on `side`, 0..1."""
        scale = side / self.ramp
        near, far = (np.clip(0.5 + scale * d, 0, 1) for d in self.distances(frame))
        return 0.5 * (near + far)

    def extent(self) -> tuple[float, float]:
        """Its most proximal and its most distal point, mm from the proximal tip."""
        across = np.linspace(-self.near.reach, self.near.reach, 41)
        heights = np.concatenate([self.near.curve(across), self.far.curve(across)])
        return float(heights.min()), float(heights.max())

    def distances(self, frame: Grid) -> tuple[np.ndarray, np.ndarray]:
        """Signed distance of each ray from both lines, mm, positive on the distal side."""
        near = self.near.distance(frame)
        return near, near if self.far is self.near else self.far.distance(frame)


@dataclass(frozen=True)
class Piece:
    """A fragment: what lies on the given side of each of its cuts, and where it has gone."""

    bone: str
    bounds: tuple[tuple[Cut, int], ...]
    motion: Motion = _STILL


@dataclass(frozen=True)
class Break:
    """A fracture.

    Attributes:
        kind: what it is called.
        pieces: of all broken bones; of each bone the proximal piece first, the distal one last.
        cracks: the lines of a hairline, which parts nothing.
        swellings: the bulges of a buckle fracture, which parts nothing either.
        motion: of the distal pieces.
        carries: whether the limb beyond the fracture moves too. A single bone of a pair
            cannot carry it: the other bone holds the hand or the foot where it was.
    """

    kind: Kind
    pieces: tuple[Piece, ...] = ()
    cracks: tuple[Line, ...] = ()
    swellings: tuple[Swelling, ...] = ()
    motion: Motion = _STILL
    carries: bool = False


@dataclass(frozen=True)
class Site:
    """Where a bone may break in this picture, whether or not it does.

    Attributes:
        view: the shaft as the picture sees it.
        along: mm from the proximal tip.
        partner: the bone beside it and its own place of breaking, for fractures of both.
        beyond: names of the bones that follow a distal fragment which carries the limb.
        flesh: which of the limb's tissues follow as well; None for all.
    """

    bone: str
    view: ShaftView
    along: float
    partner: Site | None = None
    beyond: tuple[str, ...] = ()
    flesh: tuple[int, ...] | None = None

    @property
    def half_width(self) -> float:
        """Of the bone at the site, mm."""
        return float(self.view.lookup("width", self.along))


@dataclass(frozen=True)
class Marks:
    """What is drawn into one bone besides its shape; marks move with the piece they lie in."""

    lines: tuple[Line, ...] = ()
    swellings: tuple[Swelling, ...] = ()

    def on(self, bone: str) -> Marks:
        """The marks of one bone."""
        return Marks(
            tuple(line for line in self.lines if line.bone == bone),
            tuple(swelling for swelling in self.swellings if swelling.bone == bone),
        )


def broken_paths(
    bone: Bone, grid: Grid, *, angle: float, marks: Marks, fracture: Break | None
) -> list[Paths]:
    """What each ray meets in one bone: one set of paths, or one for each piece.

    Pieces add up where they overlap and leave a gap where they have parted.
    """
    if bone.shaft is None:
        return [bone_paths(bone, grid, angle=angle)]
    view = ShaftView(bone.shaft, angle)
    pieces: tuple[Piece, ...] = ()
    if fracture is not None:
        marks = Marks(marks.lines + fracture.cracks, marks.swellings + fracture.swellings)
        pieces = tuple(piece for piece in fracture.pieces if piece.bone == bone.name)
    marks = marks.on(bone.name)
    if not pieces:
        return [_marked(bone, view, grid, marks)]
    return [_piece_paths(bone, view, grid, piece, marks) for piece in pieces]


def _marked(bone: Bone, view: ShaftView, rays: Grid, marks: Marks) -> Paths:
    for swelling in marks.swellings:
        rays = swelling.undo(rays, view)
    paths = bone_paths(bone, rays, angle=view.angle)
    if marks.lines or marks.swellings:
        frame = view.frame(rays)
        for line in marks.lines:
            paths = scratch(paths, line, frame)
        for swelling in marks.swellings:
            paths = swelling.dense(paths, frame, view)
    return paths


def _piece_paths(bone: Bone, view: ShaftView, grid: Grid, piece: Piece, marks: Marks) -> Paths:
    """The paths of one piece, worked out only where it lies."""
    moved = piece.motion.undo(grid)
    kept = piece_share(piece, view.frame(moved))
    rows, columns = (np.flatnonzero(kept.any(axis)) for axis in (1, 0))
    whole = Paths(*(np.zeros(grid[0].shape, np.float32) for _ in range(3)))
    if rows.size:
        part = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
        paths = _marked(bone, view, (moved[0][part], moved[1][part]), marks)
        whole.cortex[part] = paths.cortex * kept[part]
        whole.medulla[part] = paths.medulla * kept[part]
        whole.sponge[part] = paths.sponge
    return whole


def piece_share(piece: Piece, frame: Grid) -> np.ndarray:
    """The part of the bone along each ray that belongs to the piece, 0..1."""
    shares = [cut.share(frame, side) for cut, side in piece.bounds]
    return np.minimum.reduce(shares)


def fracture_zone(
    fracture: Break, grid: Grid, *, sites: tuple[Site, ...], margin: float
) -> np.ndarray:
    """What a radiologist would outline, bool [H, W]: torn edges, gap, overlap, `margin` mm more."""
    zone = np.zeros(grid[0].shape, bool)
    for site in sites:
        view = site.view
        for line in (crack for crack in fracture.cracks if crack.bone == site.bone):
            along, beside = view.frame(grid)
            on = np.abs(line.distance((along, beside))) < margin
            on &= (beside > line.lo - margin) & (beside < line.hi + margin)
            zone |= on & (np.abs(beside) < view.lookup("width", along) + margin)
        for swelling in (s for s in fracture.swellings if s.bone == site.bone):
            zone |= swelling.zone(view.frame(grid), view, margin)
        pieces = [piece for piece in fracture.pieces if piece.bone == site.bone]
        if pieces:
            zone |= _torn_zone(pieces, grid, view, margin)
    return zone


def _torn_zone(pieces: list[Piece], grid: Grid, view: ShaftView, margin: float) -> np.ndarray:
    """Edges of the first and the last piece, what lies between them, and the pieces between."""
    first, *between, last = pieces
    near = _edge(view, first, grid, margin)
    far = _edge(view, last, grid, margin)
    gap = (near.high > 0) & (far.low < 0)
    overlap = (near.low < 0) & (far.high > 0)
    zone = near.edge | far.edge | ((gap | overlap) & near.bone & far.bone)
    for piece in between:
        along, beside = frame = view.frame(piece.motion.undo(grid))
        wide = view.lookup("width", along) + margin
        zone |= (piece_share(piece, frame) > 0.5) & (np.abs(beside) < wide)
    return zone


@dataclass(frozen=True)
class _Edge:
    low: np.ndarray
    high: np.ndarray
    bone: np.ndarray
    edge: np.ndarray


def _edge(view: ShaftView, piece: Piece, grid: Grid, margin: float) -> _Edge:
    """A torn end: signed distances of each ray from its lines, and the rays within `margin` mm."""
    frame = view.frame(piece.motion.undo(grid))
    ((cut, _),) = piece.bounds
    near, far = cut.distances(frame)
    low, high = np.minimum(near, far), np.maximum(near, far)
    bone = np.abs(frame[1]) < view.lookup("width", frame[0]) + margin
    # Beyond the ends of a steep line its distance is underestimated.
    top, bottom = cut.extent()
    reached = (frame[0] > top - margin) & (frame[0] < bottom + margin)
    return _Edge(low, high, bone, bone & reached & (low < margin) & (high > -margin))
