"""Fit the gate, and measure what it lets pass and what it refuses.

python benchmarks/gate.py FracAtlas --split data/fracatlas/split.csv --pictures pictures --write

Fitted on the folds 1 to 4 of FracAtlas, on phantoms, and on pictures of the sources in `TRAIN`;
measured on fold 0 and on pictures of all other sources. `--pictures` has more of them, as
KIND/SOURCE/NAME.png; docs/explanation/gate.md names those that the shipped gate was fitted on.
"""

import argparse
import csv
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from gate_pictures import pictures
from scipy.optimize import minimize
from scipy.special import expit

from bonefrac.data.datasets.fracatlas import catalogue
from bonefrac.data.phantom import DIFFICULTIES, draw
from bonefrac.errors import BonefracError
from bonefrac.inference.gate import Gate
from bonefrac.inference.gate_features import features
from bonefrac.radiograph.reader import read

TEST_FOLD = "fold0"
# Sources to fit on; whatever comes from another one is for the test.
TRAIN = {
    *(
        "mate-backgrounds",
        "ch2",
        "ch2bet",
        "inia19",
        "nibabel-anatomical",
        "DejaVu",
        "white",
        "clouds",
    ),
    *("matplotlib default", "matplotlib ggplot", "flat", "boxes", "gnome-backgrounds"),
}
CROPS = 3
PHANTOMS = 60  # of each difficulty, to fit on; as many to test
# Share of the views fitted on that may be refused: cut, turned and brighter or darker, they stand
# for radiographs of other hospitals.
REFUSED = 0.005
RIDGE = 3e-2
VIEW = "view of a radiograph"
# Of all that is fitted on; what remains is shared by the kinds of other pictures.
SHARES = {"radiograph": 0.25, VIEW: 0.1, "phantom": 0.15}
GATE = Path(__file__).parents[1] / "bonefrac" / "inference" / "gate.json"

Row = tuple[np.ndarray, str, str]  # features, kind, source


def main() -> None:
    """Fit, print two tables, and with --write replace the gate."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("fracatlas", type=Path, help="FracAtlas as published")
    parser.add_argument("--split", type=Path, required=True, help="split.csv of a data folder")
    parser.add_argument("--pictures", type=Path, help="more pictures: KIND/SOURCE/NAME.png")
    parser.add_argument("--write", action="store_true", help=f"write {GATE.name}")
    given = parser.parse_args()
    rng = np.random.default_rng(0)
    limbs, limbs_test = _radiographs(given.fracatlas, given.split, rng)
    limbs += _phantoms(seed=0)
    others, others_test = _others(given.pictures, rng)
    gate = fit(limbs, others)
    _tell_radiographs(gate, limbs_test)
    _line("phantoms", gate.scores(np.array([x for x, _, _ in _phantoms(seed=1)])) < gate.threshold)
    _tell_others(gate, others_test)
    if given.write:
        GATE.write_text(gate.to_json(), encoding="utf-8")


def fit(limbs: list[Row], others: list[Row]) -> Gate:
    """A ridge logistic regression in which kinds count, not pictures.

    The threshold is where `REFUSED` of the views of FracAtlas' radiographs lie below.
    """
    real = np.array([x for x, kind, _ in limbs if kind == "radiograph"])
    names = tuple(features(np.zeros((16, 16), np.float32)))
    empty = Gate(names, _rounded(real.mean(axis=0)), _rounded(real.std(axis=0)), (), 0.0, 0.0)
    inputs = empty.inputs(np.array([row[0] for row in limbs + others]))
    *weights, bias = _rounded(_logistic(inputs, np.array([row[1] for row in limbs + others])))
    about = (
        f"Fitted by benchmarks/gate.py on {len(limbs)} pictures of limbs (FracAtlas, Abedeen 2023, "
        f"CC BY 4.0; phantoms) and {len(others)} others"
    )
    gate = replace(empty, weights=tuple(weights), bias=bias, about=about)
    views = gate.scores(np.array([x for x, kind, _ in limbs if kind == VIEW]))
    return replace(gate, threshold=round(float(np.quantile(views, REFUSED)), 3))


def _rounded(values: np.ndarray) -> tuple[float, ...]:
    return tuple(round(float(value), 4) for value in values)


def _logistic(inputs: np.ndarray, kinds: np.ndarray) -> np.ndarray:
    names, numbers, counts = np.unique(kinds, return_inverse=True, return_counts=True)
    rest = (1 - sum(SHARES.values())) / (len(names) - len(SHARES))
    weight = (np.array([SHARES.get(name, rest) for name in names]) / counts)[numbers]
    label = np.where(np.isin(kinds, list(SHARES)), 1.0, -1.0)
    full = np.hstack([inputs, np.ones((len(inputs), 1))])

    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        margin = label * (full @ w)
        pull = -label * weight * expit(-margin)
        ridge = RIDGE * np.append(w[:-1], 0)
        return float(weight @ np.logaddexp(0, -margin) + ridge @ w / 2), full.T @ pull + ridge

    start = np.zeros(full.shape[1])
    return minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 1000}).x


def _radiographs(source: Path, split: Path, rng: np.random.Generator) -> tuple[list[Row], list]:
    """Rows to fit on; and for the test, of each its features, those of a view, and its labels."""
    with split.open(newline="") as file:
        fold = {row["id"]: row["split"] for row in csv.DictReader(file)}
    train: list[Row] = []
    test = []
    for entry in catalogue(source).entries:
        try:
            pixels = read(entry.path).pixels
        except BonefracError:  # cut short
            continue
        if fold.get(entry.id) == TEST_FOLD:
            test.append((_features(pixels), _features(_view(pixels, rng)), entry))
        elif entry.id in fold:
            train.append((_features(pixels), "radiograph", "FracAtlas"))
            train.append((_features(_view(pixels, rng)), VIEW, "FracAtlas"))
    return train, test


def _phantoms(*, seed: int) -> list[Row]:
    return [
        (_features(draw(seed=seed, index=index, difficulty=name).image), "phantom", name)
        for name in DIFFICULTIES
        for index in range(PHANTOMS)
    ]


def _others(folder: Path | None, rng: np.random.Generator) -> tuple[list[Row], list[Row]]:
    train: list[Row] = []
    test: list[Row] = []
    for picture in pictures(folder):
        row = _features(picture.pixels), picture.kind, picture.source
        if picture.source not in TRAIN:
            test.append(row)
            continue
        train.append(row)
        views = [_view(picture.pixels, rng) for _ in range(CROPS)]
        train += [(_features(view), picture.kind, picture.source) for view in views]
    return train, test


def _features(pixels: np.ndarray) -> np.ndarray:
    return np.array(list(features(pixels).values()))


def _view(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A part of a picture, turned and brighter or darker."""
    factor = min(1.0, 300 / max(pixels.shape))
    small = cv2.resize(np.float32(pixels), None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    corner = [rng.integers(0, side // 4 + 1) for side in small.shape]
    size = [math.ceil(rng.uniform(0.7, 1) * side) for side in small.shape]
    part = small[corner[0] : corner[0] + size[0], corner[1] : corner[1] + size[1]]
    part = np.rot90(part, rng.integers(4))[:, :: rng.choice((-1, 1))]
    return 255 * (np.ascontiguousarray(part) / 255) ** rng.uniform(0.6, 1.7)


def _tell_radiographs(gate: Gate, test: list) -> None:
    print("| Radiographs of FracAtlas, fold 0 | n | refused | 95 % interval |\n|---|---:|---:|---|")
    refused = gate.scores(np.array([x for x, _, _ in test])) < gate.threshold
    for name, chosen in _groups([entry for _, _, entry in test]):
        _line(name, refused[chosen])
    views = gate.scores(np.array([view for _, view, _ in test]))
    _line("all, cut, turned, brighter or darker", views < gate.threshold)


def _groups(entries: list) -> Iterator[tuple[str, np.ndarray]]:
    yield "all", np.ones(len(entries), bool)
    for name, value in (("fractured", 1), ("not fractured", 0)):
        yield name, np.array([entry.fracture == value for entry in entries])
    parts = np.array([entry.body_part for entry in entries])
    for part in sorted(set(parts)):
        yield part, parts == part
    hardware = np.array([bool(entry.hardware) for entry in entries])
    yield "with hardware", hardware
    yield "without hardware", ~hardware


def _tell_others(gate: Gate, test: list[Row]) -> None:
    print("\n| Other pictures, gray | sources | n | refused | 95 % interval |")
    print("|---|---|---:|---:|---|")
    refused = gate.scores(np.array([row[0] for row in test])) < gate.threshold
    kinds = np.array([row[1] for row in test])
    for kind in sorted(set(kinds)):
        sources = ", ".join(sorted({row[2] for row in test if row[1] == kind}))
        _line(f"{kind} | {sources}", refused[kinds == kind])


def _line(name: str, refused: np.ndarray) -> None:
    low, high = _wilson(int(refused.sum()), len(refused))
    print(f"| {name} | {len(refused)} | {refused.sum()} | {low:.1%} to {high:.1%} |")


def _wilson(hits: int, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share."""
    z, p = 1.96, hits / n
    middle, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(0.0, middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)


if __name__ == "__main__":
    main()
