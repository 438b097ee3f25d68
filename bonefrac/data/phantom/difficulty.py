"""The kinds of fracture, how often each is drawn, and four levels of difficulty."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np

Pair = tuple[float, float]
Difficulty = Literal["close", "easy", "medium", "hard"]

DIFFICULTIES: tuple[Difficulty, ...] = get_args(Difficulty)
TORN = ("transverse", "oblique", "spiral", "comminuted")  # they part the bone, and may displace it
MORPHOLOGIES = (*TORN, "buckle", "hairline")
DISPLACEMENTS = ("displaced", "angulated")
FRACTURES = ("none", *MORPHOLOGIES, *DISPLACEMENTS)  # what a caller may force

_TORN_SHARES = (0.3, 0.32, 0.18, 0.2)
_BUCKLES = 0.35  # of the fractures of the growing; stiff adult bone does not buckle


@dataclass(frozen=True)
class Level:
    """What makes pictures easy or hard.

    Attributes:
        hairlines: share of hairlines among the fractures.
        undisplaced: share of torn bones whose fragments stay in place.
        slip: sideways displacement in half-widths of the bone, least and most.
        bend: angulation in degrees, least and most.
        gap: mm between fragments that stay in place, least and most.
        crack: factor on the width of a hairline.
        depth: share of the bone that is missing on a hairline, least and most.
        bulge: height of a buckle in half-widths of the bone, least and most.
        zoom: factor on the height that a picture shows, least and most: small in it is hard.
        hardware: chance of metal or a cast, of broken and of whole limbs alike.
        callus: chance of an old fracture healed, likewise.
        photons: that reach an uncovered pixel, fewest and most.
        scatter: scattered over primary radiation, least and most.
        aside: how far the site may lie from the middle of a picture, of its height.
        centred: how far the beam is moved sideways from the limb's axis to the bone, 0 to 1.
        margin: of the mask around a torn edge, pixels: what a careful outline leaves.
    """

    hairlines: float
    undisplaced: float
    slip: Pair
    bend: Pair
    gap: Pair
    crack: float
    depth: Pair
    bulge: Pair
    zoom: Pair
    hardware: float
    callus: float
    photons: Pair
    scatter: Pair
    aside: float = 0.34
    centred: float = 0.4
    margin: float = 4.5


_EASY = Level(
    hairlines=0.15,
    undisplaced=0.05,
    slip=(0.8, 1.6),
    bend=(14, 32),
    gap=(0.8, 1.4),
    crack=1.5,
    depth=(0.65, 0.85),
    bulge=(0.24, 0.34),
    zoom=(0.85, 1.0),
    hardware=0.0,
    callus=0.0,
    photons=(5e4, 2e5),
    scatter=(0.1, 0.3),
)

LEVELS: dict[Difficulty, Level] = {
    "close": replace(
        _EASY,
        hairlines=0.0,
        undisplaced=0.0,
        slip=(1.0, 1.8),
        bend=(20, 35),
        zoom=(0.3, 0.4),
        aside=0.1,
        centred=1.0,
        margin=14.0,
    ),
    "easy": _EASY,
    "medium": Level(
        hairlines=0.27,
        undisplaced=0.06,
        slip=(0.5, 1.5),
        bend=(8, 30),
        gap=(0.4, 1.0),
        crack=1.0,
        depth=(0.4, 0.75),
        bulge=(0.16, 0.28),
        zoom=(1.0, 1.0),
        hardware=0.08,
        callus=0.04,
        photons=(1.2e4, 1.2e5),
        scatter=(0.15, 0.5),
    ),
    "hard": Level(
        hairlines=0.4,
        undisplaced=0.4,
        slip=(0.2, 0.7),
        bend=(4, 12),
        gap=(0.25, 0.6),
        crack=0.8,
        depth=(0.25, 0.5),
        bulge=(0.1, 0.17),
        zoom=(1.0, 1.3),
        hardware=0.25,
        callus=0.12,
        photons=(5e3, 4e4),
        scatter=(0.3, 0.7),
    ),
}


@dataclass(frozen=True)
class Kind:
    """A fracture in two words; `displacement` is "none" where the fragments stay in place."""

    morphology: str
    displacement: str


def random_kind(
    rng: np.random.Generator, *, forced: str | None, growing: bool, level: Level
) -> Kind | None:
    """Draw whether and how the bone breaks; `forced` is one of FRACTURES, or None."""
    broken = rng.random() < 0.5
    hairline, buckle, still = rng.random(3)
    morphology = str(rng.choice(TORN, p=_TORN_SHARES))
    displacement = str(rng.choice(DISPLACEMENTS, p=(0.55, 0.45)))
    if forced == "none" or (forced is None and not broken):
        return None
    if forced in DISPLACEMENTS:
        return Kind(morphology, forced)
    if forced is not None:
        morphology = forced
    elif growing and buckle < _BUCKLES:
        morphology = "buckle"
    elif hairline < level.hairlines:
        morphology = "hairline"
    stays = morphology not in TORN or still < level.undisplaced
    return Kind(morphology, "none" if stays else displacement)
