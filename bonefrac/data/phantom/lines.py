"""Dark lines in bone: fracture lines, and the canals and growth plates that look like them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bonefrac.data.phantom.anatomy import Bone, Grid, Paths, ShaftView

_JAGS = 24  # teeth a fracture line may have between its two ends


@dataclass(frozen=True)
class Line:
    """A curve across one bone, `at + slope * beside + bend + teeth` mm along the shaft's frame.

    Attributes:
        bone: name of the bone.
        at: where the line meets the axis, mm from the proximal tip.
        slope: mm along per mm beside; 0 is transverse, 1 is oblique.
        teeth: heights at equal steps from `-reach` to `reach` beside the axis, mm.
        reach: half the length of the table of teeth, mm.
        lo, hi: where the line begins and ends beside the axis, mm.
        width: of the lucency, mm (standard deviation of its profile).
        depth: fraction of the bone along the ray that is missing on the line.
        bend: heights of a smooth curve at the same steps as `teeth`, mm.
    """

    bone: str
    at: float
    slope: float
    teeth: tuple[float, ...]
    reach: float
    lo: float
    hi: float
    width: float = 0.3
    depth: float = 0.0
    bend: tuple[float, ...] = ()

    def curve(self, beside: np.ndarray) -> np.ndarray:
        """Height of the line at each `beside`, mm along the axis."""
        return (
            self.at
            + self.slope * beside
            + sum(
                np.interp(beside, np.linspace(-self.reach, self.reach, len(table)), table)
                for table in (self.teeth, self.bend)
                if table
            )
        )

    def distance(self, frame: Grid) -> np.ndarray:
        """Signed distance of each ray from the line, mm, positive on the distal side."""
        along, beside = frame
        steepness: float | np.ndarray = self.slope
        if self.bend:
            steps = np.linspace(-self.reach, self.reach, len(self.bend))
            rise = np.gradient(np.array(self.bend), steps)
            steepness = self.slope + np.interp(beside, steps, rise)
        steep = np.hypot(1.0, steepness).astype(np.float32)
        return (along - self.curve(beside).astype(np.float32)) / steep


def scratch(paths: Paths, line: Line, frame: Grid) -> Paths:
    """The bone with a lucent line in it."""
    if line.depth == 0.0:
        return paths
    beside = frame[1]
    on = np.clip((beside - line.lo) / (2 * line.width) + 0.5, 0, 1)
    on = on * np.clip((line.hi - beside) / (2 * line.width) + 0.5, 0, 1)
    left = 1.0 - line.depth * on * np.exp(-0.5 * np.square(line.distance(frame) / line.width))
    return Paths(paths.cortex * left, paths.medulla, paths.sponge * left)


def random_teeth(rng: np.random.Generator, *, height: float) -> tuple[float, ...]:
    """Heights of a torn edge, mm: a few large steps and many small ones."""
    coarse = np.interp(np.arange(_JAGS), np.linspace(0, _JAGS, 6), rng.normal(0, 1, 6))
    teeth = height * (0.9 * coarse + 0.25 * rng.normal(0, 1, _JAGS))
    return tuple(float(t) for t in teeth - teeth.mean())


def random_innocent_lines(
    rng: np.random.Generator, bones: tuple[Bone, ...], *, angle: float, growing: bool
) -> tuple[Line, ...]:
    """Draw the innocent dark lines: growth plates of the young, and nutrient canals."""
    lines = []
    for bone in bones:
        if bone.shaft is None:
            continue
        view = ShaftView(bone.shaft, angle)
        if growing:
            lines += [_growth_plate(rng, bone.name, view, end) for end in (0, 1)]
        if rng.random() < 0.4 and view.length > 100:
            lines.append(_nutrient_canal(rng, bone.name, view))
    return tuple(lines)


def _growth_plate(rng: np.random.Generator, bone: str, view: ShaftView, end: int) -> Line:
    at = view.length * (0.06 + 0.88 * end) + float(rng.normal(0, 1))
    wide = float(view.lookup("width", at))
    bend = 0.1 * wide * np.cos(np.linspace(-2.5, 2.5, 24) + 0.5 * rng.normal())
    teeth = tuple(float(t) for t in bend)
    return Line(bone, at, float(rng.normal(0, 0.04)), teeth, wide, -2 * wide, 2 * wide, 0.6, 0.55)


def _nutrient_canal(rng: np.random.Generator, bone: str, view: ShaftView) -> Line:
    """A smooth canal that runs steeply through one wall of the shaft for 8 to 18 mm."""
    at = float(rng.uniform(0.35, 0.6)) * view.length
    wide = float(view.lookup("width", at))
    side = float(rng.choice([-1, 1]))
    slope = -side * float(rng.uniform(3, 5))
    lo, hi = sorted((side * 0.5 * wide, side * 1.0 * wide))
    depth = float(rng.uniform(0.2, 0.4))
    return Line(bone, at - slope * side * 0.75 * wide, slope, (0.0, 0.0), wide, lo, hi, 0.45, depth)
