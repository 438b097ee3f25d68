"""What a model says about one radiograph: verdict, lesions, mask, and the files that tell it."""

import json
import math
from dataclasses import asdict, dataclass
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from bonefrac.errors import BonefracError
from bonefrac.radiograph.radiograph import Radiograph
from bonefrac.schema import VERDICT_DOUBT, VERDICT_FRACTURE, VERDICT_NONE
from bonefrac.storage import write_aside, write_text

# The smallest outlined lesion of FracAtlas takes 2.8e-4 of its picture, 14 times as much.
SPECK_SHARE = 2e-5
SPECK_PIXELS = 4
# A mean over the whole lesion would sink with its soft rim, a maximum would hang on one pixel.
SCORE_SHARE = 0.1
# Rounding in a resampled mask oversteps 0 and 1 by far less, logits by far more.
_OVERSTEP = 1e-2


@dataclass(frozen=True)
class Thresholds:
    """Where a model's verdict changes; calibrated on validation data and kept in its card.

    Attributes:
        sure: probability from which the verdict is "fracture".
        doubt: probability from which it is "doubt"; at most `sure`.
        mask: probability from which a pixel belongs to a lesion.

    Raises:
        BonefracError: one lies outside 0..1, or `doubt` lies above `sure`.
    """

    sure: float
    doubt: float
    mask: float

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            _require_probability(f"threshold {name}", value)
        if self.sure < self.doubt:
            received = f"threshold sure = {self.sure} below doubt = {self.doubt}"
            raise BonefracError(received, expected="doubt <= sure", fix="Swap them")

    def verdict(self, probability: float) -> str:
        """The verdict for a calibrated probability, one of `schema.VERDICT_*`."""
        if probability >= self.sure:
            return VERDICT_FRACTURE
        return VERDICT_DOUBT if probability >= self.doubt else VERDICT_NONE


@dataclass(frozen=True)
class Box:
    """The smallest upright rectangle around one lesion.

    In pixels of the original picture from its top left corner: columns `x` up to, not with,
    `x + width`; rows `y` up to `y + height`.

    Attributes:
        score: mean of the highest tenth of the lesion's pixel probabilities, 0..1.
    """

    x: int
    y: int
    width: int
    height: int
    score: float


@dataclass(frozen=True, eq=False)
class Finding:
    """What a model says about one radiograph.

    Attributes:
        image: name of the source.
        probability: calibrated, of a fracture anywhere in the picture, 0..1.
        verdict: one of `schema.VERDICT_*`.
        boxes: one for each lesion, highest score first; none if the verdict is "no fracture".
        mask: uint8 [H, W], 1 inside lesions and 0 elsewhere, at the original size.
        pixels: float32 [H, W] in 0..255, the radiograph.
        model: name of the model.
        elapsed_ms: time the answer took, milliseconds.
        notes: on how the file was read, for whoever reads the finding.
    """

    image: str
    probability: float
    verdict: str
    boxes: tuple[Box, ...]
    mask: np.ndarray
    pixels: np.ndarray
    model: str
    elapsed_ms: float
    notes: tuple[str, ...] = ()

    def overlay(self) -> np.ndarray:
        """The radiograph with its lesions outlined: RGB, uint8 [H, W, 3]."""
        # OpenCV takes 0.1 s to import, and a finding printed as JSON draws nothing.
        from bonefrac.inference.overlay import draw

        return draw(self)

    def to_json(self) -> dict[str, Any]:
        """Plain values for `json.dumps`, as docs/reference/finding.schema.json describes them."""
        return {
            "image": self.image,
            "probability": round(self.probability, 4),
            "verdict": self.verdict,
            "boxes": [asdict(box) | {"score": round(box.score, 4)} for box in self.boxes],
            "model": self.model,
            "elapsed_ms": round(self.elapsed_ms, 1),
            "notes": list(self.notes),
        }

    def save(
        self, folder: str | Path, stem: str | None = None, *, more: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Write `<stem>.mask.png` (0 and 255), `<stem>.overlay.png` and, last, `<stem>.json`.

        Args:
            folder: created if missing.
            stem: what the files are called, replacing files of that name. Without it, the
                stem of the image, never replacing the finding of another image.
            more: that the JSON file shall hold.

        Returns:
            What the JSON file holds: `to_json()` with `mask_path` and `overlay_path`, and `more`.

        Raises:
            BonefracError: `stem` is no file name, or another image's finding has that name.
        """
        folder = Path(folder)
        if stem is None:
            stem = Path(self.image).stem.strip("<>")
            self._require_own(folder / f"{stem}.json")
        elif stem in ("", ".", "..") or not {"/", "\\", "\0"}.isdisjoint(stem):
            raise BonefracError(f"stem {stem!r}", expected="a file name", fix="Leave out folders")
        mask, overlay = folder / f"{stem}.mask.png", folder / f"{stem}.overlay.png"
        for path, picture in ((mask, self.mask * np.uint8(255)), (overlay, self.overlay())):
            with write_aside(path) as aside:
                Image.fromarray(picture).save(aside)
        record = self.to_json() | {"mask_path": str(mask), "overlay_path": str(overlay)}
        record |= more or {}
        write_text(folder / f"{stem}.json", json.dumps(record, indent=2, allow_nan=False) + "\n")
        return record

    def _require_own(self, path: Path) -> None:
        # "<bytes>" and "<array>" name no file, so two of them may be two pictures.
        nameless = self.image.startswith("<")
        if path.exists() and (nameless or _image_of(path) != self.image):
            raise BonefracError(
                f"{path} exists and may tell of another picture than {self.image}",
                expected="one name for each picture",
                fix="Pass stem= to name this one, or save it into another folder",
            )


def find(
    *,
    radiograph: Radiograph,
    mask_probability: np.ndarray,
    probability: float,
    thresholds: Thresholds,
    model: str,
    elapsed_ms: float,
) -> Finding:
    """Turn a model's probabilities into a finding.

    Lesions are the 8-connected parts of the thresholded mask, less specks smaller than
    `SPECK_SHARE` of the picture or `SPECK_PIXELS`. A "no fracture" finding has no lesions: a
    picture that says "no fracture" must not carry an outline.

    Args:
        mask_probability: float [H, W] in 0..1, at the radiograph's own size.
        probability: calibrated, of a fracture anywhere, 0..1.
        elapsed_ms: time it took, milliseconds.

    Raises:
        BonefracError: a probability outside 0..1 or NaN, or a mask of another size.
    """
    _require_probability("probability", probability)
    _require_mask(mask_probability, radiograph.size)
    verdict = thresholds.verdict(probability)
    none = np.zeros(radiograph.size, np.uint8), list[Box]()
    mask, boxes = none if verdict == VERDICT_NONE else _lesions(mask_probability, thresholds.mask)
    return Finding(
        image=radiograph.source,
        probability=float(probability),
        verdict=verdict,
        boxes=tuple(sorted(boxes, key=lambda box: (-box.score, box.y, box.x))),
        mask=mask,
        pixels=radiograph.pixels,
        model=model,
        elapsed_ms=float(elapsed_ms),
        notes=radiograph.notes,
    )


def _lesions(probability: np.ndarray, threshold: float) -> tuple[np.ndarray, list[Box]]:
    # Together 0.4 s to import, and a "no fracture" finding needs neither.
    from scipy.ndimage import find_objects
    from skimage.measure import label

    labels = label(probability >= threshold, connectivity=2)
    smallest = max(SPECK_PIXELS, SPECK_SHARE * labels.size)
    mask = np.zeros(labels.shape, np.uint8)
    boxes: list[Box] = []
    for number, (rows, columns) in enumerate(find_objects(labels), start=1):
        inside = labels[rows, columns] == number
        if np.count_nonzero(inside) < smallest:
            continue
        mask[rows, columns] |= inside
        height, width = inside.shape
        score = _score(probability[rows, columns][inside])
        boxes.append(Box(columns.start, rows.start, width, height, score))
    return mask, boxes


def _score(probabilities: np.ndarray) -> float:
    count = math.ceil(SCORE_SHARE * probabilities.size)
    return float(np.clip(np.sort(probabilities)[-count:].mean(dtype=np.float64), 0, 1))


def _require_probability(name: str, value: float) -> None:
    if not (isinstance(value, Real) and 0 <= value <= 1):
        fix = "Check the model and its card"
        raise BonefracError(f"{name} = {value}", expected="a number from 0 to 1", fix=fix)


def _require_mask(probability: np.ndarray, size: tuple[int, int]) -> None:
    if probability.shape != size:
        raise BonefracError(
            f"A mask of shape {probability.shape}",
            expected=f"{size}, the size of the radiograph",
            fix="Bring it back with Letterbox.invert",
        )
    low, high = float(probability.min()), float(probability.max())
    if not (low >= -_OVERSTEP and high <= 1 + _OVERSTEP):  # NaN fails, too
        raise BonefracError(
            f"A mask of values from {low} to {high}",
            expected="probabilities from 0 to 1",
            fix="Apply the sigmoid to logits, and check the weights if it holds NaN",
        )


def _image_of(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))["image"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
