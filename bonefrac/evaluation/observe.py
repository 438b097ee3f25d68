"""Show a model every radiograph of a split, and keep what scores need."""

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np

from bonefrac import schema
from bonefrac.data.store import DataFolder
from bonefrac.evaluation.boxes import boxes_of
from bonefrac.evaluation.cases import Case, Cases
from bonefrac.evaluation.outputs import MASK_THRESHOLDS, Outputs
from bonefrac.evaluation.scores import logits, probabilities
from bonefrac.evaluation.surface import surface_distances
from bonefrac.inference.finding import Finding, Thresholds, find
from bonefrac.inference.predictor import Predictor
from bonefrac.radiograph.reader import Radiograph, read

Progress = Callable[[str, int, int], None]


class Observer:
    """A model with the calibration to score it at.

    Args:
        predictor: the model.
        calibration: `temperature`, `bias`, `sure`, `doubt` and `mask`; None takes its card's.
    """

    def __init__(self, predictor: Predictor, calibration: dict[str, float] | None = None) -> None:
        predictor.card.require_fracture()
        card = predictor.card
        own = {"temperature": card.temperature, "bias": card.bias, **vars(card.thresholds)}
        self.predictor = predictor
        self.calibration = calibration or own
        self.thresholds = Thresholds(**{k: self.calibration[k] for k in ("sure", "doubt", "mask")})

    def finding(self, example: dict[str, Any]) -> Finding:
        """What the model shows of an example."""
        radiograph = read(example[schema.IMAGE])
        return self._find(radiograph, *self._answer(radiograph), self.thresholds)

    def case(self, example: dict[str, Any], split: str) -> Case:
        """The example's row."""
        radiograph = read(example[schema.IMAGE])
        mask_probability, probability = self._answer(radiograph)
        whatever_the_verdict = replace(self.thresholds, doubt=0.0)
        finding = self._find(radiograph, mask_probability, probability, whatever_the_verdict)
        true = example[schema.MASK][..., 0] > 0
        overlap_at, predicted_at = _at_thresholds(mask_probability, true)
        hd95, surface = surface_distances(finding.mask, true)
        boxes = [(b.x, b.y, b.width, b.height, b.score) for b in finding.boxes]
        text = (schema.ID, schema.GROUP, schema.BODY_PART, schema.VIEW)
        return Case(
            **{key: example[key].decode() for key in text},
            split=split,
            hardware=int(example[schema.HARDWARE]),
            label=int(example[schema.FRACTURE]),
            probability=probability,
            sure=self.thresholds.sure,
            doubt=self.thresholds.doubt,
            known=bool(example[schema.HAS_MASK]),
            coarse=bool(example[schema.MASK_COARSE]),
            pixels=true.size,
            true=int(true.sum()),
            predicted=int(finding.mask.sum()),
            overlap=int(finding.mask[true].sum()),
            overlap_at=overlap_at,
            predicted_at=predicted_at,
            hd95=hd95,
            surface=surface,
            boxes=np.array(boxes, float).reshape(-1, 5),
            truths=boxes_of(true),
        )

    def _answer(self, radiograph: Radiograph) -> tuple[np.ndarray, float]:
        """Mask probability [H, W] at the picture's own size, and calibrated probability."""
        mask, probability = self.predictor.probabilities(radiograph.pixels)
        card = self.predictor.card
        before = card.temperature, card.bias
        now = self.calibration["temperature"], self.calibration["bias"]
        if now == before:
            return mask, probability
        return mask, float(probabilities(logits(np.array(probability), *before), *now))

    def _find(
        self,
        radiograph: Radiograph,
        mask_probability: np.ndarray,
        probability: float,
        thresholds: Thresholds,
    ) -> Finding:
        return find(
            radiograph=radiograph,
            mask_probability=mask_probability,
            probability=probability,
            thresholds=thresholds,
            model=self.predictor.card.name,
            elapsed_ms=0.0,
        )


def observe(
    observer: Observer,
    data: DataFolder,
    split: str,
    *,
    limit: int | None = None,
    progress: Progress | None = None,
) -> Cases:
    """Show a model every radiograph of a split, one by one.

    Args:
        observer: the model.
        data: the data folder.
        split: split string, such as "fold0" or "fold0+fold1".
        limit: how many at most, from the first on; None for all.
        progress: told of the radiographs done.
    """
    total = min(data.size(split), limit or sys.maxsize)
    named = ((name, example) for name in split.split("+") for example in examples(data, name))
    rows = []
    for name, example in islice(named, total):
        rows.append(observer.case(example, name))
        if progress:
            progress("radiographs", len(rows), total)
    return Cases(rows)


def examples(data: DataFolder, split: str, *, skip: bool = False) -> Iterator[dict[str, Any]]:
    """Every example of a split, in the order of the shards.

    Args:
        data: the data folder.
        split: split string.
        skip: leave image and mask encoded, for who needs only the words.
    """
    import tensorflow_datasets as tfds

    keys = (schema.IMAGE, schema.MASK) if skip else ()
    decoders = {key: tfds.decode.SkipDecoding() for key in keys}
    config = tfds.ReadConfig(try_autocache=False)
    yield from data.builder.as_dataset(
        split=split, shuffle_files=False, decoders=decoders, read_config=config
    ).as_numpy_iterator()


def outputs_of(cases: Cases, calibration: Mapping[str, float]) -> Outputs:
    """What the end of a training calibrates and scores, at the original pictures' pixels.

    Args:
        cases: the radiographs.
        calibration: `temperature` and `bias` of their probabilities.
    """
    unknown = np.full(len(cases), schema.UNKNOWN)
    return Outputs(
        labels=cases.label,
        logits=logits(cases.probability, calibration["temperature"], calibration["bias"]),
        has_mask=cases.known & ~cases.coarse,
        overlap=cases.overlap_at,
        predicted=cases.predicted_at,
        true=cases.true,
        abnormality=unknown,
        months=unknown * np.nan,
        groups=cases.group,
    )


def _at_thresholds(probability: np.ndarray, true: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pixels both predicted and true, and predicted, at each of `MASK_THRESHOLDS`."""
    level = np.searchsorted(MASK_THRESHOLDS, probability, side="right")
    counts = (
        np.bincount(part.ravel(), minlength=len(MASK_THRESHOLDS) + 1)
        for part in (level[true], level)
    )
    overlap, predicted = (np.cumsum(count[:0:-1])[::-1] for count in counts)
    return overlap, predicted
