"""Radiographs that a test makes up, as a model would have answered them."""

import numpy as np
import pytest

from bonefrac.evaluation.boxes import boxes_of
from bonefrac.evaluation.cases import Case, Cases
from bonefrac.evaluation.surface import surface_distances


def case(**changes):
    """An intact radiograph of 100x100 pixels that the model calls intact, but for `changes`.

    `mask` and `outline` are [H, W] of 0 and 1; `score` is that of every box of the outline.
    """
    size = (100, 100)
    mask = np.asarray(changes.pop("mask", np.zeros(size)), bool)
    outline = np.asarray(changes.pop("outline", np.zeros(size)), bool)
    score = changes.pop("score", 0.8)
    hd95, surface = surface_distances(outline, mask)
    boxes = boxes_of(outline)
    values = {
        "id": "a", "group": "a", "body_part": "hand", "view": "", "split": "fold0",
        "hardware": 0, "label": int(mask.any()), "probability": 0.2, "sure": 0.6, "doubt": 0.3,
        "known": True, "coarse": False, "pixels": mask.size, "true": int(mask.sum()),
        "predicted": int(outline.sum()), "overlap": int((mask & outline).sum()),
        "overlap_at": np.zeros(9, int), "predicted_at": np.zeros(9, int),
        "hd95": hd95, "surface": surface, "truths": boxes_of(mask),
        "boxes": np.c_[boxes, np.full(len(boxes), score)].astype(float),
    }  # fmt: skip
    return Case(**values | changes)


def square(top, left, side=10, size=(100, 100)):
    """A mask with one square."""
    mask = np.zeros(size, bool)
    mask[top : top + side, left : left + side] = True
    return mask


@pytest.fixture(name="case", scope="session")
def _case():
    return case


@pytest.fixture(name="square", scope="session")
def _square():
    return square


@pytest.fixture(scope="session")
def many_cases():
    """200 radiographs of 80 groups, answered by a model that is fairly good."""
    rng = np.random.default_rng(0)
    rows = []
    for k in range(200):
        label, hardware = int(rng.random() < 0.4), int(rng.random() < 0.1)
        y, x = rng.integers(5, 60, 2)
        mask = square(y, x, int(rng.integers(3, 12))) if label else np.zeros((100, 100), bool)
        found = rng.random() < (0.7 if label else 0.2)
        dy, dx = rng.integers(-4, 5, 2)
        outline = square(y + dy, x + dx, 9) if found else np.zeros((100, 100), bool)
        probability = float(np.clip(0.3 + 0.35 * label + rng.normal(0, 0.2), 0.01, 0.99))
        rows.append(
            case(
                id=f"r{k:03}", group=f"p{k % 80:02}", label=label, hardware=hardware,
                body_part=str(rng.choice(["hand", "leg", "hip"])), mask=mask, outline=outline,
                probability=probability, score=float(rng.random()), split=f"fold{k % 2}",
            )
        )  # fmt: skip
    return Cases(rows)
