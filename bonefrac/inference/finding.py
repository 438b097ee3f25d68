"""What a model says about one radiograph: verdict, lesions, mask, and the files that tell it."""

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from bonefrac.errors import BonefracError
from bonefrac.inference.lesions import Box as Box
from bonefrac.inference.lesions import lesions
from bonefrac.inference.thresholds import Thresholds as Thresholds
from bonefrac.inference.thresholds import require_probability
from bonefrac.radiograph.radiograph import Radiograph, Spacing
from bonefrac.schema import VERDICT_NONE, VERDICT_NOT_ASSESSABLE
from bonefrac.storage import write_aside, write_text

# Rounding in a resampled mask oversteps 0 and 1 by far less, logits by far more.
_OVERSTEP = 1e-2


@dataclass(frozen=True, eq=False)
class Finding:
    """What a model says about one radiograph.

    Attributes:
        image: name of the source.
        probability: calibrated, of a fracture anywhere in the picture, 0..1; None if the verdict
            is "not assessable", as no model was asked.
        verdict: one of `schema.VERDICT_*`.
        boxes: one for each lesion, highest score first; none if the verdict is "no fracture" or
            "not assessable".
        mask: uint8 [H, W], 1 inside lesions and 0 elsewhere, at the original size.
        pixels: float32 [H, W] in 0..255, the radiograph.
        model: name of the model.
        elapsed_ms: time the answer took, milliseconds.
        notes: on how the file was read, for whoever reads the finding.
        reason: one short sentence on why the picture is not assessable, else "".
        uncertainty: standard deviation of the probability between several answers, 0..0.5; None
            where there was one.
        spacing: how large a pixel is and of what, None where the file does not tell.
        mask_probability: float32 [H, W] in 0..1, before any threshold; None where no model was
            asked.
    """

    image: str
    probability: float | None
    verdict: str
    boxes: tuple[Box, ...]
    mask: np.ndarray
    pixels: np.ndarray
    model: str
    elapsed_ms: float
    notes: tuple[str, ...] = ()
    reason: str = ""
    uncertainty: float | None = None
    spacing: Spacing | None = None
    mask_probability: np.ndarray | None = None

    def overlay(self) -> np.ndarray:
        """The radiograph with its lesions outlined: RGB, uint8 [H, W, 3]."""
        # OpenCV takes 0.1 s to import, and a finding printed as JSON draws nothing.
        from bonefrac.inference.overlay import draw

        return draw(self)

    def to_json(self) -> dict[str, Any]:
        """Plain values for `json.dumps`, as docs/reference/finding.schema.json describes them."""
        return {
            "image": self.image,
            "probability": _rounded(self.probability),
            "verdict": self.verdict,
            "reason": self.reason,
            "uncertainty": _rounded(self.uncertainty),
            "boxes": [box.to_json() for box in self.boxes],
            "spacing": asdict(self.spacing) if self.spacing else None,
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

    def to_dicom(
        self, source: str | Path | bytes, *, kinds: Collection[str] = ("seg", "sr", "sc")
    ) -> dict[str, Any]:
        """Segmentation, structured report and annotated picture, in the study of the radiograph.

        Args:
            source: the DICOM file that the finding is of, or its bytes.
            kinds: which of the three.

        Returns:
            Kind -> pydicom dataset, as `bonefrac.inference.dicom_out.results` gives them.

        Raises:
            BonefracError: the source is no such file, or highdicom is not installed.
        """
        from bonefrac.inference.dicom_out import results
        from bonefrac.radiograph.reader import content

        data = source if isinstance(source, bytes) else content(Path(source))
        return results(self, data, kinds=kinds)

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

    Lesions are those of `bonefrac.inference.lesions`. A "no fracture" finding has none: a picture
    that says "no fracture" must not carry an outline.

    Args:
        mask_probability: float [H, W] in 0..1, at the radiograph's own size.
        probability: calibrated, of a fracture anywhere, 0..1.
        elapsed_ms: time it took, milliseconds.

    Raises:
        BonefracError: a probability outside 0..1 or NaN, or a mask of another size.
    """
    require_probability("probability", probability)
    _require_mask(mask_probability, radiograph.size)
    verdict = thresholds.verdict(probability)
    mask, boxes = np.zeros(radiograph.size, np.uint8), list[Box]()
    if verdict != VERDICT_NONE:
        mask, boxes = lesions(mask_probability, thresholds.mask, spacing=radiograph.spacing)
    return Finding(
        image=radiograph.source,
        probability=float(probability),
        verdict=verdict,
        boxes=tuple(boxes),
        mask=mask,
        pixels=radiograph.pixels,
        model=model,
        elapsed_ms=float(elapsed_ms),
        notes=radiograph.notes,
        spacing=radiograph.spacing,
        mask_probability=mask_probability,
    )


def not_assessable(
    radiograph: Radiograph, reason: str, *, model: str, elapsed_ms: float
) -> Finding:
    """The finding on a picture that no model is asked about.

    Args:
        reason: one short sentence that ends in a full stop.
        model: that would have answered.
        elapsed_ms: time it took, milliseconds.
    """
    return Finding(
        image=radiograph.source,
        probability=None,
        verdict=VERDICT_NOT_ASSESSABLE,
        boxes=(),
        mask=np.zeros(radiograph.size, np.uint8),
        pixels=radiograph.pixels,
        model=model,
        elapsed_ms=float(elapsed_ms),
        notes=radiograph.notes,
        reason=reason,
        spacing=radiograph.spacing,
    )


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)


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
