"""The few strokes that a picture is made of, in inches from the lower left corner."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path

Point = tuple[float, float]

# Blue, teal, amber and purple differ in lightness too: they stay apart for the colour-blind and on
# a black and white printer.
ENCODER, TRANSFORMER, BOTTOM, DECODER = "#3f74a6", "#2f7f79", "#2d3642", "#e0a23c"
GATE, SKIP, INK, PAPER = "#9c3d78", "#8d969f", "#2d3642", "#ffffff"
_DPI = 150
_FONT = 8.5


@dataclass(frozen=True)
class Box:
    """A rectangle: its centre, width and height, inches."""

    x: float
    y: float
    width: float
    height: float

    @property
    def left(self) -> float:
        """Its left side."""
        return self.x - self.width / 2

    @property
    def right(self) -> float:
        """Its right side."""
        return self.x + self.width / 2

    @property
    def top(self) -> float:
        """Its upper side."""
        return self.y + self.height / 2

    @property
    def foot(self) -> float:
        """Its lower side."""
        return self.y - self.height / 2


class Canvas:
    """A white page to draw on.

    Args:
        width: inches.
        height: inches.
    """

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self.figure = Figure(figsize=(width, height), dpi=_DPI, facecolor=PAPER)
        self.axes = self.figure.add_axes((0, 0, 1, 1))
        self.axes.set(xlim=(0, width), ylim=(0, height))
        self.axes.set_axis_off()

    def box(self, box: Box, *, color: str, outlined: bool = False) -> None:
        """A rectangle with slightly rounded corners."""
        radius = min(0.04, box.width / 4, box.height / 4)
        patch = FancyBboxPatch(
            (box.left + radius, box.foot + radius),
            box.width - 2 * radius,
            box.height - 2 * radius,
            boxstyle=f"round,pad={radius}",
            facecolor=PAPER if outlined else color,
            edgecolor=color,
            linewidth=1.0 if outlined else 0,
            zorder=3,
        )
        self.axes.add_patch(patch)

    def text(self, x: float, y: float, words: str, *, align: str = "center", **style: Any) -> None:
        """Words whose middle line is at `y`."""
        style = {"fontsize": _FONT, "color": INK, "zorder": 5, "linespacing": 1.45, **style}
        self.axes.text(x, y, words, ha=align, va="center", family="DejaVu Sans", **style)

    def arrow(self, points: Sequence[Point], *, color: str = INK, dashed: bool = False) -> None:
        """A line through `points` with a head at its end."""
        patch = FancyArrowPatch(
            path=Path(points),
            arrowstyle="-|>,head_length=3.2,head_width=1.6",
            mutation_scale=1.3,
            linewidth=1.1,
            linestyle=(0, (3, 1.6)) if dashed else "solid",
            color=color,
            joinstyle="round",
            zorder=2,
        )
        self.axes.add_patch(patch)

    def gate(self, x: float, y: float, *, radius: float) -> None:
        """A circle with a cross: what passes is weighed."""
        self.axes.add_patch(
            Circle((x, y), radius, facecolor=PAPER, edgecolor=GATE, linewidth=1.4, zorder=4)
        )
        arm = radius * 0.6
        for slope in (-1, 1):
            self.axes.plot(
                (x - arm, x + arm), (y - slope * arm, y + slope * arm), color=GATE, lw=1.4, zorder=4
            )

    def loop(self, x: float, y: float, *, radius: float, color: str) -> None:
        """Most of a circle with an arrow head: what lies below happens again."""
        turn = np.radians(np.linspace(60, -240, 40))
        points = np.column_stack((x + radius * np.cos(turn), y + radius * np.sin(turn)))
        patch = FancyArrowPatch(
            path=Path(points),
            arrowstyle="-|>,head_length=2.6,head_width=1.5",
            linewidth=1.3,
            color=color,
            zorder=4,
        )
        self.axes.add_patch(patch)

    def grid(self, box: Box, *, rows: int, columns: int) -> None:
        """An outlined square of small ones: an image in patches."""
        for row in np.linspace(box.foot, box.top, rows + 1):
            self.axes.plot((box.left, box.right), (row, row), color=INK, lw=0.4, zorder=3)
        for column in np.linspace(box.left, box.right, columns + 1):
            self.axes.plot((column, column), (box.foot, box.top), color=INK, lw=0.4, zorder=3)
