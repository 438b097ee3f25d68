"""One study: a patient, a view, a shot and perhaps a fracture, drawn from a seed and an index."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bonefrac.data.phantom.anatomy import ShaftView
from bonefrac.data.phantom.arms import forearm, hand, shoulder, upper_arm, wrist
from bonefrac.data.phantom.breaks import Break, Marks, Site
from bonefrac.data.phantom.casts import Cast
from bonefrac.data.phantom.difficulty import (
    DISPLACEMENTS,
    LEVELS,
    Difficulty,
    Kind,
    Level,
    random_kind,
)
from bonefrac.data.phantom.distractors import random_callus, random_hardware
from bonefrac.data.phantom.implants import Implant
from bonefrac.data.phantom.legs import ankle, leg, thigh
from bonefrac.data.phantom.lines import random_innocent_lines
from bonefrac.data.phantom.patient import Limb, Span, random_build
from bonefrac.data.phantom.tears import random_break
from bonefrac.data.phantom.xray import Exposure, Pose, random_exposure

LIMBS = {
    "forearm": forearm,
    "leg": leg,
    "thigh": thigh,
    "upper arm": upper_arm,
    "hand": hand,
    "shoulder": shoulder,
    "wrist": wrist,
    "ankle": ankle,
}
VIEWS = {"frontal": 0.0, "lateral": np.pi / 2, "oblique": np.pi / 4}


@dataclass(frozen=True)
class Fold:
    """A fold of skin: a step of `height` mm of tissue that fades over `fade` mm."""

    y: float
    slope: float
    curve: float
    height: float
    fade: float


@dataclass(frozen=True)
class Study:
    """Everything that fixes a picture.

    Attributes:
        marks: innocent lines and swellings of its bones.
        margin: of the mask around a torn edge, pixels.
    """

    limb: Limb
    view: str
    angle: float
    pose: Pose
    sites: tuple[Site, ...]
    marks: Marks
    folds: tuple[Fold, ...]
    hardware: Implant | Cast | None
    fracture: Break | None
    exposure: Exposure
    margin: float


def random_study(
    *,
    seed: int,
    index: int,
    fracture: str | None = None,
    body_part: str | None = None,
    difficulty: Difficulty = "medium",
) -> Study:
    """Draw the parameters of picture `index`; each topic has its own stream of random numbers."""
    level = LEVELS[difficulty]
    streams = np.random.SeedSequence([seed, index]).spawn(8)
    kinds, anatomy, posing, tearing, lining, shooting, fitting, healing = (
        np.random.default_rng(s) for s in streams
    )
    build = random_build(anatomy, growing=fracture == "buckle")
    drawn = str(anatomy.choice(list(LIMBS)))
    limb = LIMBS[body_part or drawn](build)
    view = str(anatomy.choice(list(VIEWS), p=limb.views))
    angle = VIEWS[view] + float(anatomy.normal(0, 0.1))
    span = limb.spans[int(anatomy.integers(len(limb.spans)))]
    kind = random_kind(kinds, forced=fracture, growing=build.growing, level=level)
    buckles = kind is not None and kind.morphology == "buckle"
    site = random_site(anatomy, limb, span, angle=angle, buckles=buckles)
    forced = fracture in DISPLACEMENTS
    hardware = random_hardware(
        fitting, limb, site, growing=build.growing, moved=forced, chance=level.hardware
    )
    if kind is not None and hardware is not None and hardware.kind in ("plate", "nail"):
        kind = Kind(kind.morphology, "none")  # what was set stays set
    lines = random_innocent_lines(lining, limb.bones, angle=angle, growing=build.growing)
    return Study(
        limb=limb,
        view=view,
        angle=angle,
        pose=random_pose(posing, limb, site, level=level),
        sites=(site,) if site.partner is None else (site, site.partner),
        marks=Marks(lines, random_callus(healing, limb, site, angle=angle, chance=level.callus)),
        folds=tuple(random_folds(lining, site)),
        hardware=hardware,
        fracture=random_break(tearing, site, kind=kind, level=level) if kind else None,
        exposure=random_exposure(shooting, photons=level.photons, scatter=level.scatter),
        margin=level.margin,
    )


def random_site(
    rng: np.random.Generator, limb: Limb, span: Span, *, angle: float, buckles: bool = False
) -> Site:
    """Draw where a bone of `span` would break; its partner within a bone's width of the level."""
    view = _shaft_view(limb, span.bone, angle)
    along = float(rng.uniform(*(span.metaphysis if buckles else (span.lo, span.hi)))) * view.length
    partner = None
    if span.partner is not None:
        other = _shaft_view(limb, span.partner, angle)
        level = view.place(along)[1] - other.origin[1] + float(rng.normal(0, 6))
        level = float(np.clip(level, 0.12 * other.length, 0.92 * other.length))
        partner = Site(span.partner, other, level, beyond=span.beyond)
    return Site(span.bone, view, along, partner, span.beyond, span.flesh)


def random_pose(rng: np.random.Generator, limb: Limb, site: Site, *, level: Level) -> Pose:
    """Draw size, magnification, turn and centring, so that the site stays inside the picture."""
    long, short = int(rng.integers(320, 449)), float(rng.uniform(0.74, 0.9))
    shape = (long, round(long * short))
    rotation = float(rng.normal(0, 0.12))
    if rng.random() < 0.15:
        shape, rotation = shape[::-1], rotation + float(rng.choice([-1, 1])) * np.pi / 2
    if rng.random() < 0.3:
        rotation += np.pi
    spacing = float(rng.uniform(*limb.field) * rng.uniform(*level.zoom)) * limb.size / long
    x, y = site.view.place(site.along)
    sees = spacing * (abs(shape[0] * np.cos(rotation)) + abs(shape[1] * np.sin(rotation)))
    y += float(rng.uniform(-level.aside, level.aside)) * sees
    top, bottom = (limb.size * e for e in limb.extent)
    y = float(np.clip(y, top + sees / 2, max(bottom - sees / 2, top + sees / 2)))
    centre = (level.centred * x + float(rng.normal(0, 0.05)) * sees, y)
    return Pose(shape, spacing, rotation, bool(rng.random() < 0.5), centre)


def random_folds(rng: np.random.Generator, site: Site) -> list[Fold]:
    """Draw up to two skin folds near the middle of the picture."""
    y = site.view.place(site.along)[1]
    return [
        Fold(y + float(rng.normal(0, 60)), float(rng.normal(0, 0.3)), float(rng.normal(0, 0.004)),
             float(rng.choice([-1, 1])) * float(rng.uniform(1.0, 3.5)), float(rng.uniform(3, 12)))
        for _ in range(int(rng.choice(3, p=[0.6, 0.3, 0.1])))
    ]  # fmt: skip


def _shaft_view(limb: Limb, name: str, angle: float) -> ShaftView:
    bone = next(b for b in limb.bones if b.name == name)
    if bone.shaft is None:
        raise ValueError(f"bone {name!r} has no shaft to break: expected a long bone")
    return ShaftView(bone.shaft, angle)
