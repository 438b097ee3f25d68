"""The arm: forearm, hand, upper arm and shoulder.

Sizes are those of an adult in mm, rounded from common anatomical knowledge and measured from
nobody: they set proportions, and `Build` spreads them.
"""

from __future__ import annotations

from dataclasses import replace

from bonefrac.data.phantom.anatomy import Bone, Knob
from bonefrac.data.phantom.hands import RAYS, SESAMOIDS, carpus, hand_flesh, rays
from bonefrac.data.phantom.patient import Build, Limb, Span, flesh, knob, shaft

# fmt: off
_RADIUS = (
    (0, 10.5, 10, 0, 1.2), (0.045, 10.5, 10, 0, 1.2), (0.09, 7, 7, 0, 1.8),
    (0.16, 8.5, 8, -1.5, 2.2), (0.3, 6.8, 6.5, 0, 2.7), (0.5, 7.6, 6.5, 0, 2.8),
    (0.75, 7.5, 6.5, 0, 2.1), (0.88, 10.5, 8, 0, 1.4), (0.96, 15.5, 10.5, 0, 1.0),
    (1, 15.5, 10.5, 0, 1.0),
)
_ULNA = (
    (0, 9, 8, 0, 1.4), (0.06, 11, 10, 0, 1.4), (0.14, 10.5, 12, 0, 1.6), (0.24, 8, 9, 0, 2.4),
    (0.5, 6.8, 6.8, 0, 2.6), (0.8, 5.2, 5.2, 0, 1.9), (0.92, 5.6, 5.6, 0, 1.3), (1, 8, 7.5, 0, 1.0),
)
_LOWER_HUMERUS = (
    (0, 11, 11, 0, 3.4), (0.5, 13, 10, 0, 2.8), (0.8, 22, 8.5, 0, 1.9), (1, 27, 8, 0, 1.3),
)
_HUMERUS = (
    (0, 13, 16, 7, 1.2), (0.05, 17, 19, 6, 1.2), (0.1, 19, 19, 4, 1.2), (0.17, 15.5, 16, 1, 1.8),
    (0.3, 11.5, 11.5, 0, 3.2),
    (0.6, 11, 11, 0, 3.6), (0.8, 15, 9.5, 0, 2.4), (0.92, 25, 8, 0, 1.6), (1, 27, 8, 0, 1.4),
)
_STUB = ((0, 10, 11, 0, 1.3), (0.15, 9, 10, 0, 1.6), (1, 7, 7, 0, 2.4))
_RIB = ((0, 2, 2, 0, 0.6), (0.15, 5, 4, 0, 0.7), (1, 5, 4, 0, 0.7))
_SCAPULA = ((0, 10, 9, 0, 1.0), (0.2, 7, 8, 0, 0.8), (1, 5, 4, 0, 0.8))
_CLAVICLE = ((0, 9, 6, 0, 1.0), (0.4, 6, 6, 0, 1.8), (1, 8, 8, 0, 1.2))
_FOREARM_FLESH = (
    (0, 44, 46), (0.3, 42, 42), (0.4, 46, 40), (0.52, 44, 36), (0.7, 32, 27), (0.86, 26, 19),
    (0.93, 25, 15), (1, 20, 3),
)
_ARM_FLESH = (
    (0, 40, 34), (0.12, 52, 44), (0.3, 46, 46), (0.6, 42, 42), (0.75, 42, 38), (1, 42, 36),
)
_CHEST = ((0, 50, 20), (0.13, 80, 30), (0.22, 112, 40), (1, 116, 42))
# fmt: on


def forearm(build: Build) -> Limb:
    """Radius and ulna between the elbow (y = 0) and the hand."""
    radius = shaft(build, (16, 2, 2), (15, 243, 0), _RADIUS, bow=(3, -2), cap=(4, 6), dish=(1.5, 3))
    ulna = shaft(build, (-9, -22, -8), (-13, 238, -3), _ULNA, bow=(-1, -3), cap=(14, 6))
    humerus = shaft(build, (0, -150, 0), (0, -6, 0), _LOWER_HUMERUS)
    hand_bones = (*carpus(build, 243), *rays(build, 243))
    names = tuple(b.name for b in hand_bones)
    return Limb(
        body_part="forearm",
        bones=(
            Bone("radius", radius, (knob(build, (24.5, 240, 0), (6.2, 11, 7), -0.3),)),
            Bone("ulna", ulna, (knob(build, (-17, 238, -3), (3, 6, 3), 0.1),)),
            Bone("humerus", humerus, _distal_humerus(build, -2)),
            *hand_bones,
        ),
        tissue=(
            flesh(build, (0, -150, 0), (0, 276, 0), _FOREARM_FLESH),
            *hand_flesh(build, 243),
        ),
        spans=(
            Span("radius", 0.3, 0.68, "ulna", names),
            Span("radius", 0.84, 0.93, None, names),
            Span("ulna", 0.35, 0.8, "radius", names),
        ),
        field=(190, 300),
        extent=(-140, 450),
        size=build.size,
        cast=(20, 330),
    )


def wrist(build: Build) -> Limb:
    """The lower end of radius and ulna, the carpus and the metacarpals."""
    whole = forearm(build)
    names = whole.spans[0].beyond
    return replace(
        whole,
        body_part="wrist",
        bones=tuple(b for b in whole.bones if b.name != "humerus"),
        spans=(
            Span("radius", 0.84, 0.945, None, names),
            Span("radius", 0.78, 0.93, "ulna", names),
            Span("ulna", 0.8, 0.93, None, names),
        ),
        field=(110, 165),
        extent=(165, 360),
        views=(0.5, 0.35, 0.15),
    )


def hand(build: Build) -> Limb:
    """Wrist to fingertips; a broken metacarpal or phalanx takes the rest of its ray along."""
    whole = forearm(build)
    spans = []
    for number, *_, phalanges in RAYS:
        names = (f"metacarpal {number}", *(f"{number}.{n + 1}" for n in range(len(phalanges))))
        for place, name in enumerate(names[:-1]):
            beyond = (*names[place + 1 :], *((SESAMOIDS,) if name == "metacarpal 1" else ()))
            metaphysis = (0.15, 0.22) if place else (0.74, 0.82)
            spans.append(Span(name, 0.25, 0.82, None, beyond, (1 + number,), metaphysis))
    return replace(
        whole,
        body_part="hand",
        bones=tuple(b for b in whole.bones if b.name != "humerus"),
        spans=tuple(spans),
        field=(150, 230),
        extent=(150, 480),
        views=(0.75, 0.05, 0.2),
    )


def upper_arm(build: Build) -> Limb:
    """The humerus above the elbow (y = 0)."""
    humerus = shaft(build, (8, -318, 0), (0, -4, 0), _HUMERUS, bow=(2, 2), cap=(16, 6))
    radius = shaft(build, (15, 4, 2), (16, 130, 0), _STUB, dish=(1.5, 0))
    ulna = shaft(build, (-9, -20, -9), (-10, 130, -4), _STUB, cap=(14, 4))
    head = knob(build, (-6, -299, 0), (21, 20.5, 21), 0.3)
    return Limb(
        body_part="upper arm",
        bones=(
            Bone("humerus", humerus, (*_distal_humerus(build, 0), head)),
            Bone("radius", radius),
            Bone("ulna", ulna),
        ),
        tissue=(flesh(build, (4, -380, 0), (0, 170, 0), _ARM_FLESH),),
        spans=(Span("humerus", 0.3, 0.86, None, ("radius", "ulna")),),
        field=(200, 300),
        extent=(-270, 120),
        size=build.size,
        cast=(-290, 100),
    )


def shoulder(build: Build) -> Limb:
    """The proximal humerus with scapula, clavicle, ribs and the side of the chest."""
    arm = upper_arm(build)
    socket = knob(build, (-37, -300, -4), (6, 19, 12), 0.1)
    acromion = knob(build, (2, -333, -4), (18, 6, 12), 0.15)
    border = shaft(build, (-42, -316, -6), (-78, -205, -16), _SCAPULA)
    clavicle = shaft(build, (-8, -338, 6), (-150, -350, 30), _CLAVICLE, bow=(5, 6))
    ribs = (
        Bone(f"rib {n}", shaft(build, (-66, y, 0), (-250, y - 60, 40), _RIB, bow=(-30, 0)))
        for n, y in enumerate(range(-296, -105, 38))
    )
    girdle = (Bone("scapula", border, (socket, acromion)), Bone("clavicle", clavicle), *ribs)
    chest = flesh(build, (-180, -480, 0), (-180, 260, 0), _CHEST)
    return replace(
        arm,
        body_part="shoulder",
        bones=arm.bones + girdle,
        tissue=(*arm.tissue, chest),
        spans=(Span("humerus", 0.18, 0.6, None, ("radius", "ulna"), (0,), (0.17, 0.24)),),
        field=(230, 320),
        extent=(-375, 60),
        views=(1.0, 0.0, 0.0),
        cast=None,
    )


def _distal_humerus(build: Build, y: float) -> tuple[Knob, ...]:
    """Capitellum, trochlea and both epicondyles around the elbow at height `y`."""
    return (
        knob(build, (11, y - 3, 5), (11, 10, 11)),
        knob(build, (-9, y - 2, 2), (13, 9, 11), 0.1),
        knob(build, (-24, y - 16, -3), (8, 11, 6), 0.45),
        knob(build, (22, y - 14, 0), (6, 9, 6), -0.4),
    )
