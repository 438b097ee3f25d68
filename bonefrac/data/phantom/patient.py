"""One patient's proportions, and the parts of a limb scaled to them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bonefrac.data.phantom.anatomy import Bone, Knob, Point, Tube

Row = tuple[float, float, float, float, float]  # one row of Tube.profile
Pair = tuple[float, float]


@dataclass(frozen=True)
class Build:
    """One patient: factors on length, bone width, cortical wall, flesh; mm of fat; bow; age.

    `fabella` is the small bone behind the knee that some people have.
    """

    size: float = 1.0
    stout: float = 1.0
    wall: float = 1.0
    flesh: float = 1.0
    fat: float = 5.0
    bow: float = 1.0
    growing: bool = False
    fabella: bool = False


@dataclass(frozen=True)
class Span:
    """Part of a bone that may break.

    Attributes:
        bone: its name.
        lo, hi: fractions of its length.
        partner: the bone that may break with it; it holds the limb where it does not.
        beyond: bones that follow a distal fragment which carries the limb.
        flesh: which of the limb's tissues follow too; None for all.
        metaphysis: fractions of its length between which young bone buckles.
    """

    bone: str
    lo: float
    hi: float
    partner: str | None = None
    beyond: tuple[str, ...] = ()
    flesh: tuple[int, ...] | None = None
    metaphysis: Pair = (0.82, 0.89)


@dataclass(frozen=True)
class Limb:
    """What lies in the beam's way.

    Attributes:
        body_part: lower case.
        bones, tissue: skeleton and flesh, already scaled to the patient.
        spans: where a bone may break.
        field: range of heights of a picture of it, mm, before scaling by `size`.
        extent: range of y that is modelled, mm, before scaling by `size`.
        size: the patient's.
        views: chances of a frontal, a lateral and an oblique picture.
        cast: range of y that a cast may cover, mm, before scaling by `size`; it is moulded on
            the first two of `tissue`. None where no cast holds.
    """

    body_part: str
    bones: tuple[Bone, ...]
    tissue: tuple[Tube, ...]
    spans: tuple[Span, ...]
    field: Pair
    extent: Pair
    size: float
    views: tuple[float, float, float] = (0.5, 0.35, 0.15)
    cast: Pair | None = None


def random_build(rng: np.random.Generator, *, growing: bool = False) -> Build:
    """Draw a patient; one in five, or every one if so asked, still grows and has growth plates."""
    growing = bool(rng.random() < 0.2) or growing
    size = rng.uniform(0.68, 0.85) if growing else rng.normal(1.0, 0.05)
    spread = rng.normal(0, 1, 4)
    return Build(
        size=float(size),
        stout=float(np.exp(0.06 * spread[0])),
        wall=float(np.clip(np.exp(0.2 * spread[1]), 0.6, 1.5)),
        flesh=float(np.exp(0.1 * spread[2])),
        fat=float(np.clip(5.0 * np.exp(0.5 * spread[3]), 2.0, 14.0)),
        bow=float(rng.normal(1.0, 0.5)),
        growing=growing,
        fabella=bool(rng.random() < 0.2) and not growing,
    )


def shaft(
    build: Build,
    start: Point,
    end: Point,
    rows: tuple[Row, ...],
    *,
    bow: Pair = (0.0, 0.0),
    cap: Pair = (4.0, 4.0),
    dish: Pair = (0.0, 0.0),
) -> Tube:
    """A tube scaled to the patient; the arguments are those of Tube, of an adult, mm."""
    k, r = build.size, build.size * build.stout
    profile = tuple((f, r * a, r * b, k * c, build.wall * k * w) for f, a, b, c, w in rows)
    bowed = (k * build.bow * bow[0], k * build.bow * bow[1])
    return Tube(_scaled(start, k), _scaled(end, k), profile, bow=bowed, cap=cap, dish=dish)


def flesh(
    build: Build, start: Point, end: Point, rows: tuple[Point, ...], *, fat: float = 1.0
) -> Tube:
    """Muscle and the fat around it; rows are (fraction, half-width to the side, to the front)."""
    k, f, skin = build.size, build.size * build.flesh, fat * build.fat
    profile = tuple((t, f * a + skin, f * b + skin, 0.0, skin) for t, a, b in rows)
    return Tube(_scaled(start, k), _scaled(end, k), profile, cap=(12.0 * k, 12.0 * k))


def knob(
    build: Build,
    centre: Point,
    radii: Point,
    tilt: float = 0.0,
    *,
    wall: float = 1.1,
    block: float = 0.0,
) -> Knob:
    """An ellipsoid scaled to the patient; the arguments are those of Knob, of an adult, mm."""
    k = build.size
    return Knob(_scaled(centre, k), _scaled(radii, k * build.stout), tilt, wall * k, block)


def _scaled(point: Point, k: float) -> Point:
    return (k * point[0], k * point[1], k * point[2])
