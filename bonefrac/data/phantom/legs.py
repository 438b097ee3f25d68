"""The leg: tibia and fibula from knee to ankle, and the thigh above the knee.

Sizes are those of an adult in mm, rounded from common anatomical knowledge and measured from
nobody: they set proportions, and `Build` spreads them.
"""

from __future__ import annotations

from dataclasses import replace

from bonefrac.data.phantom.anatomy import Bone, Knob, Point, Tube
from bonefrac.data.phantom.patient import Build, Limb, Span, flesh, knob, shaft

# fmt: off
_TIBIA = (
    (0, 35, 24, 0, 1.3), (0.05, 35, 24, 0, 1.2), (0.12, 24, 20, 0, 1.6), (0.22, 16, 16, 0, 3.2),
    (0.45, 13, 14, 0, 4.4), (0.7, 11.5, 12, 0, 4.0), (0.85, 13.5, 13.5, 0, 2.4),
    (0.95, 21, 18, 0, 1.4), (1, 22.5, 18.5, 0, 1.2),
)
_FIBULA = (
    (0, 7, 7, 0, 1.2), (0.05, 11, 10, 0, 1.2), (0.12, 6.5, 6.5, 0, 1.8), (0.5, 6.5, 6.5, 0, 2.4),
    (0.82, 6, 6, 0, 2.0), (0.92, 10, 10, 1, 1.4), (0.98, 8.5, 9, 1, 1.2), (1, 5, 6, 0, 1.0),
)
_FEMUR = (
    (0, 15, 15, 0, 5.5), (0.4, 14.5, 15, 0, 5.5), (0.65, 16, 16, 0, 4.0), (0.78, 21, 18, 0, 2.2),
    (0.9, 35, 23, 0, 1.3), (1, 38, 24, 0, 1.2),
)
_UPPER_TIBIA = (
    (0, 35, 24, 0, 1.3), (0.12, 34, 23, 0, 1.2), (0.3, 24, 20, 0, 1.8), (0.6, 16, 16, 0, 3.2),
    (1, 14, 15, 0, 4.4),
)
_UPPER_FIBULA = (
    (0, 8, 8, 0, 1.2), (0.14, 10, 10, 0, 1.2), (0.3, 6.5, 6.5, 0, 1.8), (1, 6.5, 6.5, 0, 2.4),
)
_LEG_FLESH = (
    (0, 70, 70), (0.26, 55, 56), (0.36, 54, 56), (0.5, 56, 56), (0.62, 48, 48), (0.8, 33, 33),
    (0.92, 30, 36), (1, 36, 50),
)
_FOOT_FLESH = ((0, 8, 8), (0.35, 22, 26), (0.6, 32, 58), (0.85, 38, 92), (1, 38, 98))
# Knobs of the foot: place (side, below the ankle's end of the tibia, front) and half-axes, mm.
_TALUS = (
    ((-1, 15, -1), (15.3, 12.5, 19), 0.6), ((-4, 23, 18), (12, 10, 15), 0.2),
    ((-6, 25, 30), (12, 11, 10), 0.0),
)
_CALCANEUS = (
    ((3, 41, -10), (13, 13, 27), 0.4), ((2, 44, -36), (14, 18, 15), 0.3),
    ((6, 41, 16), (13, 12, 15), 0.4),
)
_TARSUS = (
    ("navicular", (-8, 28, 44), (15, 13, 7), 0.4), ("cuboid", (12, 42, 42), (12, 12, 14), 0.5),
    ("cuneiforms", (-9, 35, 60), (16, 12, 10), 0.5),
)
_METATARSALS = ((-22, 45, 7), (-10, 43, 5.5), (0, 44, 5.5), (10, 47, 5.5), (20, 50, 5.5))
_THIGH_FLESH = ((0, 78, 74), (0.3, 70, 66), (0.6, 56, 56), (0.72, 52, 52), (1, 54, 54))
# fmt: on


def leg(build: Build) -> Limb:
    """Tibia and fibula between the knee (y = 0) and the ankle."""
    tibia = shaft(
        build, (0, 3, 0), (-2, 362, -4), _TIBIA, bow=(-2, 4), cap=(8, 6), dish=(-1.5, 1.5)
    )
    malleolus = (
        knob(build, (-20, 355, -2), (7, 18, 14), 0.05),
        knob(build, (-20.5, 371, -1), (5.8, 9.5, 9), 0.05),
    )
    fibula = shaft(build, (31, 20, -16), (19.5, 388, -9), _FIBULA, bow=(1, -2))
    hindfoot = foot(build, 362)
    names = tuple(bone.name for bone in hindfoot)
    return Limb(
        body_part="leg",
        bones=(
            Bone("tibia", tibia, (*malleolus, *_tibial_plateau(build, 3))),
            Bone("fibula", fibula),
            Bone("femur", _femur(build, -3), _femoral_condyles(build, -3)),
            _patella(build, -3),
            *hindfoot,
        ),
        tissue=(
            flesh(build, (0, -160, -8), (0, 400, -6), _LEG_FLESH),
            flesh(build, (0, 335, -6), (0, 432, 26), _FOOT_FLESH),
        ),
        spans=(
            Span("tibia", 0.25, 0.85, "fibula", names),
            Span("fibula", 0.3, 0.88, "tibia", names),
        ),
        field=(210, 340),
        extent=(-150, 398),
        size=build.size,
        cast=(20, 430),
    )


def ankle(build: Build) -> Limb:
    """The lower third of tibia and fibula, the mortise and the hindfoot."""
    whole = leg(build)
    names = whole.spans[0].beyond
    return replace(
        whole,
        body_part="ankle",
        bones=tuple(b for b in whole.bones if b.name not in ("femur", "patella")),
        spans=(
            Span("fibula", 0.8, 0.94, None, names),
            Span("tibia", 0.78, 0.93, "fibula", names),
            Span("fibula", 0.75, 0.93, "tibia", names),
        ),
        field=(150, 225),
        extent=(230, 425),
        views=(0.5, 0.35, 0.15),
    )


def thigh(build: Build) -> Limb:
    """The femur above the knee (y = 0), with patella and the upper ends of tibia and fibula."""
    tibia = shaft(build, (0, 5, 0), (-2, 170, 0), _UPPER_TIBIA, cap=(8, 2), dish=(-1.5, 0))
    fibula = shaft(build, (31, 26, -16), (29, 170, -14), _UPPER_FIBULA)
    bead = knob(build, (22, -26, -42), (4, 5, 4))
    fabella = (Bone("fabella", None, (bead,)),) if build.fabella else ()
    return Limb(
        body_part="thigh",
        bones=(
            Bone("femur", _femur(build, 0), _femoral_condyles(build, 0)),
            *fabella,
            _patella(build, 0),
            Bone("tibia", tibia, _tibial_plateau(build, 5)),
            Bone("fibula", fibula),
        ),
        tissue=(flesh(build, (0, -430, -6), (0, 200, -4), _THIGH_FLESH),),
        spans=(
            Span(
                "femur", 0.4, 0.84, None, ("patella", "tibia", "fibula", *(b.name for b in fabella))
            ),
        ),
        field=(240, 350),
        extent=(-400, 150),
        size=build.size,
    )


def foot(build: Build, y: float) -> tuple[Bone, ...]:
    """Tarsus and metatarsals below an ankle at height `y`; they point to the front."""

    def part(place: Point, radii: Point, block: float) -> Knob:
        return knob(build, (place[0], y + place[1], place[2]), radii, block=block, wall=1.2)

    rays = (
        Bone(f"metatarsal {k + 1}", None, (part((x, below, 98), (r, r, 33), 0.3),))
        for k, (x, below, r) in enumerate(_METATARSALS)
    )
    return (
        Bone("talus", None, tuple(part(*row) for row in _TALUS)),
        Bone("calcaneus", None, tuple(part(*row) for row in _CALCANEUS)),
        *(Bone(name, None, (part(at, radii, block),)) for name, at, radii, block in _TARSUS),
        *rays,
    )


def _patella(build: Build, y: float) -> Bone:
    shape = knob(build, (2, y - 34, 34), (19, 21, 9), wall=1.3, block=0.3)
    return Bone("patella", None, (shape,))


def _femur(build: Build, y: float) -> Tube:
    """The distal 430 mm of a femur whose knee lies at height `y`."""
    ends = (8, y - 430, 0), (0, y - 8, 0)
    return shaft(build, *ends, _FEMUR, bow=(2, 7), cap=(4, 12), dish=(0, -4))


def _femoral_condyles(build: Build, y: float) -> tuple[Knob, ...]:
    return (
        knob(build, (-19, y - 19, -8), (19, 19, 29), wall=1.4, block=0.3),
        knob(build, (19, y - 18, -8), (19, 18, 29), wall=1.4, block=0.3),
    )


def _tibial_plateau(build: Build, y: float) -> tuple[Knob, ...]:
    """The two tubercles between the condyles and the tuberosity below the patella."""
    return (
        knob(build, (-7, y + 1, 0), (3, 5, 6)),
        knob(build, (8, y + 1, 0), (3, 5, 6)),
        knob(build, (3, y + 39, 17), (8, 13, 7)),
    )
