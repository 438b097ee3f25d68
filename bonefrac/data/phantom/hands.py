"""The wrist and the hand: eight carpal bones, five rays of metacarpal and phalanges, the palm."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from bonefrac.data.phantom.anatomy import Bone, Point, Tube
from bonefrac.data.phantom.patient import Build, flesh, knob, shaft

SESAMOIDS = "sesamoids"

# fmt: off
# Per ray: base x and y and head x and y of the metacarpal below the wrist, its half-width, and the
# lengths of the phalanges beyond it, mm.
RAYS = (
    (1, (29, 31), (46, 64), 6.2, (32, 24)),
    (2, (14, 33), (20, 96), 5.6, (42, 26, 19)),
    (3, (4, 35), (3, 98), 5.4, (46, 30, 20)),
    (4, (-5, 33.5), (-13, 89), 4.8, (42, 28, 20)),
    (5, (-13, 32), (-27, 81), 4.8, (34, 21, 18)),
)
_METACARPAL = (
    (0, 1.45, 1.5, 0, 0.8), (0.1, 1.3, 1.3, 0, 1.0), (0.3, 0.8, 0.85, 0, 1.8),
    (0.55, 0.75, 0.8, 0, 2.0), (0.8, 1.1, 1.1, 0, 1.1), (0.92, 1.45, 1.4, 0, 0.8),
    (1, 1.3, 1.3, 0, 0.8),
)
_PHALANX = (
    (0, 1.5, 1.2, 0, 0.8), (0.1, 1.4, 1.1, 0, 0.9), (0.35, 0.9, 0.8, 0, 1.5),
    (0.7, 0.75, 0.65, 0, 1.4), (0.88, 1.05, 0.85, 0, 0.9), (1, 1.0, 0.8, 0, 0.8),
)
# Name, place (side, below the wrist, front), half-axes and tilt; the proximal row first.
_CARPUS = (
    ("scaphoid", (16.5, 9, 3), (6.8, 11.5, 8), -0.65),
    ("lunate", (2.5, 5.7, 0), (8, 7, 8), 0.1),
    ("triquetrum", (-11, 9.5, 0), (7.2, 6.5, 7), 0.5),
    ("pisiform", (-13, 12, 9), (5, 6, 5), 0.0),
    ("trapezium", (23.5, 23, 5), (7, 6.8, 8), 0.55),
    ("trapezoid", (12.8, 25.5, 0), (5.4, 6, 8), 0.1),
    ("capitate", (2.8, 22.3, -2), (6.6, 10.6, 9), 0.05),
    ("hamate", (-8.8, 23, 0), (7.6, 8.4, 9), -0.45),
)
# The palm grows out of the forearm and thins away between the fingers: no step may show.
_PALM = (
    (0, 18, 3), (0.15, 24, 12), (0.3, 28, 14), (0.55, 37, 14), (0.75, 38, 10), (0.9, 36, 4),
    (1, 30, 0),
)
_FINGER = ((0, 9.5, 9), (0.5, 9, 8), (1, 7.5, 6.5))
# fmt: on


def carpus(build: Build, y: float) -> tuple[Bone, ...]:
    """Eight carpal bones below the wrist at height `y`."""
    return tuple(
        Bone(name, None, (knob(build, (x, y + below, z), radii, tilt, wall=0.8, block=0.75),))
        for name, (x, below, z), radii, tilt in _CARPUS
    )


def rays(build: Build, y: float) -> tuple[Bone, ...]:
    """Metacarpals and phalanges below the wrist at height `y`, named "metacarpal 2", "2.1".

    Adults have two sesamoids before the head of the thumb's metacarpal.
    """
    beads = (
        knob(build, (40, y + 62, -2), (2.4, 3, 2.4)),
        knob(build, (47.5, y + 59, -2), (2.4, 3, 2.4)),
    )
    bones = [] if build.growing else [Bone(SESAMOIDS, None, beads)]
    for number, *_, width, _ in RAYS:
        joints = _ray_joints(y)[number]
        for place, (start, end) in enumerate(pairwise(joints)):
            name = f"{number}.{place}" if place else f"metacarpal {number}"
            bones.append(Bone(name, _ray_bone(build, start, end, width=width, place=place)))
    return tuple(bones)


def hand_flesh(build: Build, y: float) -> tuple[Tube, ...]:
    """The palm and five fingers below the wrist at height `y`."""
    palm = flesh(build, (2, y - 34, 0), (-2, y + 124, 0), _PALM, fat=0.6)
    fingers = []
    for number, joints in _ray_joints(y).items():
        start, end = joints[0 if number == 1 else 1], joints[-1]
        fingers.append(flesh(build, start, _towards(end, start, -0.06), _FINGER, fat=0.35))
    return (palm, *fingers)


def _ray_joints(y: float) -> dict[int, list[Point]]:
    """For each ray, the tips of its bones from the carpus to the fingertip."""
    joints = {}
    for number, base, head, _, phalanges in RAYS:
        start, knuckle = np.array(base, float), np.array(head, float)
        ahead = (knuckle - start) / np.hypot(*(knuckle - start))
        reach = np.cumsum((0.0, *phalanges))
        points = [start, *(knuckle + ahead * r for r in reach)]
        joints[number] = [(float(p[0]), float(y + p[1]), 4.0 * (number - 3)) for p in points]
    return joints


def _ray_bone(build: Build, start: Point, end: Point, *, width: float, place: int) -> Tube:
    """The metacarpal (`place` 0) or a phalanx of a ray, 2 mm of cartilage before the latter."""
    k, thin = width * 0.9**place, 0.95**place
    profile = _PHALANX if place else _METACARPAL
    rows = tuple((f, a * k, b * k, c, w * thin) for f, a, b, c, w in profile)
    if place:
        start = _towards(start, end, 2.0 / float(np.hypot(end[0] - start[0], end[1] - start[1])))
    return shaft(build, start, end, rows, cap=(2.5, 3.5) if place else (3.0, 7.0))


def _towards(point: Point, other: Point, part: float) -> Point:
    x, y, z = (a + part * (b - a) for a, b in zip(point, other, strict=True))
    return (x, y, z)
