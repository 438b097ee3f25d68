"""Scores of parts of the radiographs: body part, view, hardware, size of the lesion."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from bonefrac.evaluation import weighted
from bonefrac.evaluation.cases import Cases
from bonefrac.evaluation.figures import Figure, figures
from bonefrac.schema import UNKNOWN

# Outlined share of the picture. Half of FracAtlas' fractured radiographs have below 0.32 %.
SIZES = {"small": (0.0, 0.002), "medium": (0.002, 0.005), "large": (0.005, 1.01)}
SIZE_NAMES = {
    "small": "small, below 0.2 %",
    "medium": "medium, to 0.5 %",
    "large": "large, from 0.5 %",
}
SLICED = ("auc", "sensitivity_doubt", "specificity_doubt", "accuracy", "dice", "lesion_sensitivity")
# A lesion's size says nothing of intact radiographs.
_OF_FRACTURED = ("sensitivity_doubt", "dice", "lesion_sensitivity")
_HARDWARE = {1: "with hardware", 0: "without", UNKNOWN: "(unknown)"}


class Slice(NamedTuple):
    """A part of the radiographs: what it is cut by, its name, indices and scores."""

    by: str
    name: str
    rows: np.ndarray
    figures: Mapping[str, Figure]


def slices(cases: Cases) -> list[Slice]:
    """Every part, of whatever is known of at least two kinds of radiographs."""
    return [*_by_name(cases), *_by_size(cases)]


def _by_name(cases: Cases) -> Iterator[Slice]:
    hardware = np.array([_HARDWARE[int(value)] for value in cases.hardware], str)
    for by, names in (
        ("body part", cases.body_part),
        ("view", cases.view),
        ("hardware", hardware),
    ):
        kinds = np.unique(names)
        for kind in kinds if len(kinds) > 1 else ():
            rows = np.flatnonzero(names == kind)
            yield Slice(by, str(kind) or "(unknown)", rows, _figures(cases, rows, SLICED))


def _by_size(cases: Cases) -> Iterator[Slice]:
    share = cases.true / np.maximum(cases.pixels, 1)
    for name, (low, high) in SIZES.items():
        rows = np.flatnonzero(cases.outlined & (share >= low) & (share < high))
        if len(rows):
            yield Slice(
                "size of the lesion", SIZE_NAMES[name], rows, _figures(cases, rows, _OF_FRACTURED)
            )


def _figures(cases: Cases, rows: np.ndarray, keys: tuple[str, ...]) -> dict[str, Figure]:
    of_part = figures(cases.take(rows))
    return {
        key: of_part[key]._replace(statistic=weighted.within(rows, of_part[key].statistic))
        for key in keys
        if key in of_part
    }
