"""Draw docs/images/phantoms.png, a sheet of all phantoms, and measure the four difficulties."""

from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from PIL import Image

from bonefrac.data.phantom import BODY_PARTS, DIFFICULTIES, Difficulty, Phantom, draw
from bonefrac.data.phantom.difficulty import DISPLACEMENTS, MORPHOLOGIES
from bonefrac.data.phantom.study import Study, random_study

SHEET = Path(__file__).parent / "images" / "phantoms.png"
SEED = 40  # of no data set and no demo
MEASURED = 60  # fractures a difficulty
COLUMNS, CELL = 8, (270, 222)


class Cell(NamedTuple):
    """One picture of the sheet and what stands above it."""

    title: str
    phantom: Phantom
    outlined: bool = False


def cells() -> list[Cell]:
    """Intact body parts; fractures; distractors, and one fracture at three of the difficulties."""
    found = []
    for k, part in enumerate(BODY_PARTS):
        frontal = {"body_part": part, "difficulty": "easy"}
        intact = _first(lambda s: s.view == "frontal", start=3 * k, **frontal)
        found.append(Cell(part, intact))
    parts = ("forearm", "ankle", "leg", "thigh", "wrist", "upper arm", "hand", "shoulder")
    for index, kind in enumerate((*MORPHOLOGIES, *DISPLACEMENTS)):
        phantom = draw(seed=SEED, index=20 + index, fracture=kind, body_part=parts[index])
        found.append(Cell(kind, phantom))
    for kind in ("plate", "wires", "nail", "plaster"):
        found.append(Cell(kind, _first(lambda s, kind=kind: _has(s, kind))))
    found.append(Cell("callus", _first(lambda s: bool(s.marks.swellings) and not s.hardware)))
    for level in ("close", "easy", "hard"):
        phantom = draw(seed=SEED, index=9, fracture="oblique", body_part="leg", difficulty=level)
        found.append(Cell(f"oblique, {level}", phantom, outlined=True))
    return found


def _has(study: Study, kind: str) -> bool:
    return study.hardware is not None and study.hardware.kind == kind


def _first(wanted: Callable[[Study], bool], *, start: int = 0, **changes: str) -> Phantom:
    arguments: dict[str, Any] = {"seed": SEED, "fracture": "none", "difficulty": "hard", **changes}
    index = next(i for i in count(start) if wanted(random_study(index=i, **arguments)))
    return draw(index=index, **arguments)


def sheet(found: list[Cell]) -> np.ndarray:
    """All cells in rows, upright, uint8 [H, W, 3]."""
    tiles = [_tile(cell) for cell in found]
    rows = [np.hstack(tiles[i : i + COLUMNS]) for i in range(0, len(tiles), COLUMNS)]
    return np.vstack(rows)


def _tile(cell: Cell) -> np.ndarray:
    image, mask = cell.phantom.image, cell.phantom.mask
    if image.shape[1] > image.shape[0]:
        image, mask = np.rot90(image), np.rot90(mask)
    height, width = CELL
    scale = min(height / image.shape[0], width / image.shape[1])
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    small = cv2.cvtColor(small, cv2.COLOR_GRAY2BGR)
    mask = cv2.resize(mask, small.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    outline, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if cell.outlined:
        cv2.drawContours(small, outline, -1, (0, 190, 255), 1)
    tile = np.full((height + 24, width + 6, 3), 255, np.uint8)
    tile[20 : 20 + small.shape[0], : small.shape[1]] = small
    cv2.putText(
        tile, cell.title, (1, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 0, 0), 1, cv2.LINE_AA
    )
    return tile


def measured(difficulty: Difficulty) -> str:
    """A row: grey levels by which fractures change a bone, over its noise; size; hardware."""
    change, area = [], []
    for index in range(MEASURED):
        arguments: dict[str, Any] = {"seed": SEED, "index": index, "difficulty": difficulty}
        kind = random_study(**arguments, fracture="displaced").fracture.kind.morphology
        fracture = kind if index % 2 else "hairline"
        whole, broken = (draw(fracture=f, **arguments) for f in ("none", fracture))
        grey = whole.image.astype(float)
        noise = np.abs(np.diff(grey, axis=1)).mean()
        change.append(np.abs(grey - broken.image)[broken.mask == 1].mean() / noise)
        area.append(100 * broken.mask.mean())
    studies = [random_study(seed=SEED, index=i, difficulty=difficulty) for i in range(1000)]
    metal = np.mean([study.hardware is not None for study in studies])
    return f"| {difficulty} | {np.mean(change):.1f} | {np.median(area):.2f} | {100 * metal:.0f} |"


if __name__ == "__main__":
    colours = cv2.cvtColor(sheet(cells()), cv2.COLOR_BGR2RGB)
    Image.fromarray(colours).quantize(256).save(SHEET, optimize=True)
    print(SHEET)
    for level in DIFFICULTIES:
        print(measured(level))
