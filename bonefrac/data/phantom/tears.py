"""Fractures drawn at random: the lines of each kind, its fragments and where they go."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bonefrac.data.phantom.breaks import DISTAL, PROXIMAL, Break, Cut, Piece, Site
from bonefrac.data.phantom.difficulty import MORPHOLOGIES, Kind, Level
from bonefrac.data.phantom.lines import Line, random_teeth
from bonefrac.data.phantom.motion import Motion, Swelling

_STEPS = np.linspace(-1, 1, 41)  # of the table of a smooth line, in half-widths of the bone
# Both bones of a pair break together so often.
_BOTH = {"displaced": 0.55, "angulated": 1.0, "none": 0.2}


def random_break(rng: np.random.Generator, site: Site, *, kind: Kind, level: Level) -> Break:
    """Draw a fracture of the given kind at `site`.

    Raises:
        ValueError: if the morphology is not one of MORPHOLOGIES.
    """
    if kind.morphology not in MORPHOLOGIES:
        known = ", ".join(MORPHOLOGIES)
        raise ValueError(f"fracture {kind.morphology!r} is unknown: expected one of {known}")
    if kind.morphology == "hairline":
        return Break(kind, cracks=(random_hairline(rng, site, level=level),))
    if kind.morphology == "buckle":
        return Break(kind, swellings=(random_buckle(rng, site, level=level),))
    both = site.partner is not None and rng.random() < _BOTH[kind.displacement]
    broken = [site, site.partner] if both and site.partner else [site]
    carries = site.partner is None or both
    motion = random_motion(rng, site, kind=kind, level=level, carries=carries)
    pieces: list[Piece] = []
    for where in broken:
        pieces += random_pieces(rng, where, morphology=kind.morphology, motion=motion)
    return Break(kind, tuple(pieces), motion=motion, carries=carries)


def random_hairline(rng: np.random.Generator, site: Site, *, level: Level) -> Line:
    """A thin lucent line, transverse to steeply oblique, that may end inside the bone."""
    r = site.half_width
    slope = float(rng.choice([-1, 1]) * rng.choice([rng.uniform(0, 0.4), rng.uniform(0.4, 1.5)]))
    line = _line(site, slope, random_teeth(rng, height=0.06 * r))
    hi = 2 * r if rng.random() < 0.5 else float(rng.uniform(-0.1, 0.6)) * r
    lo, hi = (-2 * r, hi) if rng.random() < 0.5 else (-hi, 2 * r)
    width = level.crack * float(rng.uniform(0.028, 0.045)) * r
    return replace(line, lo=lo, hi=hi, width=width, depth=float(rng.uniform(*level.depth)))


def random_buckle(rng: np.random.Generator, site: Site, *, level: Level) -> Swelling:
    """A bulge of one or of both flanks with a dense band under it, and no gap."""
    spread = float(rng.uniform(0.16, 0.3)) * site.half_width
    flank = int(rng.choice([-1, 0, 1], p=[0.35, 0.3, 0.35]))
    height = float(rng.uniform(*level.bulge))
    return Swelling(site.bone, site.along, spread, height, flank, 1.5 * height)


def random_pieces(
    rng: np.random.Generator, site: Site, *, morphology: str, motion: Motion
) -> list[Piece]:
    """The fragments of one torn bone; the distal one goes where `motion` takes it."""
    if morphology == "comminuted":
        return _random_comminution(rng, site, motion)
    cut = random_cut(rng, site, morphology=morphology)
    return [
        Piece(site.bone, ((cut, PROXIMAL),)),
        Piece(site.bone, ((cut, DISTAL),), motion),
    ]


def random_cut(rng: np.random.Generator, site: Site, *, morphology: str) -> Cut:
    """The fracture surface of a transverse, an oblique or a spiral fracture."""
    r, sign = site.half_width, float(rng.choice([-1, 1]))
    teeth = random_teeth(rng, height=0.1 * r)
    if morphology == "spiral":
        room = 0.8 * min(site.along, site.view.length - site.along)
        slim = min(r, 1.1 * float(site.view.lookup("width", 0.5 * site.view.length)))
        return _spiral(rng, site, sign * min(float(rng.uniform(1.6, 2.6)) * slim, room))
    if morphology == "oblique":
        near = _line(site, sign * float(rng.uniform(0.6, 1.5)), teeth)
        tilt = float(rng.uniform(-0.5, 0.5)) * r
    else:
        near = _line(site, float(rng.normal(0, 0.14)), teeth)
        tilt = float(rng.uniform(-0.2, 0.2)) * r
    jagged = 0.6 * np.array(teeth) + 0.4 * np.array(random_teeth(rng, height=0.1 * r))
    far = replace(near, at=near.at + tilt, teeth=tuple(float(t) for t in jagged))
    return Cut(near, far, 0.3 + 0.5 * abs(tilt))


def _spiral(rng: np.random.Generator, site: Site, climb: float) -> Cut:
    """A helix up one wall, seen from the side, and the steep line that closes it on the other."""
    r = site.half_width
    helix = climb * np.arcsin(0.98 * _STEPS) / np.arcsin(0.98)
    at, sharp = float(rng.uniform(-0.4, 0.4)), float(rng.uniform(0.12, 0.25))
    closing = climb * np.tanh((_STEPS - at) / sharp)
    near, far = (
        replace(
            _line(site, 0.0, random_teeth(rng, height=0.03 * r)),
            bend=tuple(float(v) for v in bend),
        )
        for bend in (helix, closing)
    )
    return Cut(near, far, 0.3)


def _random_comminution(rng: np.random.Generator, site: Site, motion: Motion) -> list[Piece]:
    """A wedge between the two ends of the shaft, itself in two or three pieces."""
    r, side = site.half_width, float(rng.choice([-1, 1]))
    closed = float(rng.uniform(0.1, 0.9))  # where the wedge ends, in half-widths beyond the axis
    open_ = np.clip((side * _STEPS + closed) / (1 + closed), 0, 1)
    heights = float(rng.uniform(0.5, 1.3)) * r, float(rng.uniform(0.5, 1.3)) * r
    upper, lower = (
        _plain(replace(_line(site, 0.0, random_teeth(rng, height=0.07 * r)), bend=tuple(bend)))
        for bend in (-heights[0] * open_, heights[1] * open_)
    )
    wedge = ((upper, DISTAL), (lower, PROXIMAL))
    splits = [_random_split(rng, site, side, at * r) for at in _random_places(rng)]
    pieces = [Piece(site.bone, ((upper, PROXIMAL),))]
    for k in range(len(splits) + 1):
        bounds = list(wedge)
        bounds += [(splits[k], PROXIMAL)] if k < len(splits) else []
        bounds += [(splits[k - 1], DISTAL)] if k else []
        out = side * float(rng.uniform(0.05, 0.2 + 0.25 * k)) * r
        pieces.append(Piece(site.bone, tuple(bounds), _random_drift(rng, site, motion, out)))
    return [*pieces, Piece(site.bone, ((lower, DISTAL),), motion)]


def _random_places(rng: np.random.Generator) -> list[float]:
    """Where steep cracks cross the wedge, in half-widths beside the axis."""
    inner = float(rng.uniform(-0.1, 0.35))
    return [inner] if rng.random() < 0.5 else [inner, inner + float(rng.uniform(0.25, 0.45))]


def _random_split(rng: np.random.Generator, site: Site, side: float, out: float) -> Cut:
    """A steep crack `out` mm beside the axis; its DISTAL side is the outer one."""
    slope = -side * float(rng.uniform(2.5, 6))
    teeth = random_teeth(rng, height=0.15 * site.half_width)
    line = _line(site, slope, teeth)
    return _plain(replace(line, at=line.at - slope * side * out))


def _random_drift(rng: np.random.Generator, site: Site, motion: Motion, out: float) -> Motion:
    """A loose piece follows the distal end halfway, turns a little and moves outwards."""
    ax, ay = site.view.axis
    sx, sy = motion.shift
    turn = 0.5 * motion.turn + float(rng.normal(0, 0.12))
    pivot = site.view.place(site.along)
    return Motion(pivot, turn, (0.4 * sx + out * ay, 0.4 * sy - out * ax))


def random_motion(
    rng: np.random.Generator, site: Site, *, kind: Kind, level: Level, carries: bool
) -> Motion:
    """Where the distal fragment goes."""
    if kind.displacement == "displaced":
        return random_displacement(rng, site, level=level, carries=carries)
    if kind.displacement == "angulated":
        return random_angulation(rng, site, level=level)
    ax, ay = site.view.axis
    gap, step = float(rng.uniform(*level.gap)), float(rng.uniform(-0.06, 0.06)) * site.half_width
    shift = (gap * ax + step * ay, gap * ay - step * ax)
    return Motion(site.view.place(site.along), float(rng.uniform(-0.008, 0.008)), shift)


def random_displacement(
    rng: np.random.Generator, site: Site, *, level: Level, carries: bool
) -> Motion:
    """The distal fragment slips sideways.

    It may ride up along the other, or hang below it. Where the second bone of a pair is whole,
    it only swings about its distal joint.
    """
    r, sign = site.half_width, float(rng.choice([-1, 1]))
    sideways = sign * float(rng.uniform(*level.slip)) * r
    down = float(rng.uniform(-0.6, 0.25)) * r * min(level.slip[1] / 1.5, 1.0)
    (ax, ay), tilt = site.view.axis, float(rng.normal(0, 0.05))
    if carries:
        shift = (sideways * ay + down * ax, down * ay - sideways * ax)
        return Motion(site.view.place(site.along), tilt, shift)
    lever = max(site.view.length - site.along, 2.0 * r)
    down = 0.5 * max(down, 0.0)
    return Motion(site.view.place(site.view.length), 0.7 * sideways / lever, (down * ax, down * ay))


def random_angulation(rng: np.random.Generator, site: Site, *, level: Level) -> Motion:
    """The fragments meet at an angle about one cortex, with a step of a quarter width."""
    r, sign = site.half_width, float(rng.choice([-1, 1]))
    least, most = level.bend
    alone = site.flesh is None or site.view.length > 100  # a finger has neighbours
    widest = most if alone else max(0.5 * most, least)
    turn = sign * float(np.radians(rng.uniform(least, widest)))
    step = float(rng.uniform(-0.5, 0.5)) * r * min(most / 30, 1.0)
    ax, ay = site.view.axis
    pivot = site.view.place(site.along, -sign * 0.8 * r)
    return Motion(pivot, turn, (step * ay, -step * ax))


def _line(site: Site, slope: float, teeth: tuple[float, ...]) -> Line:
    r = site.half_width
    return Line(site.bone, site.along, slope, teeth, r, -2 * r, 2 * r)


def _plain(line: Line) -> Cut:
    """A surface along the beam: one line for both walls."""
    return Cut(line, line, 0.3)
