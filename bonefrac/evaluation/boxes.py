"""Boxes against boxes: COCO's matching, average precision, and free-response ROC."""

from collections.abc import Sequence

import numpy as np

from bonefrac.evaluation.weighted import Statistic

# Before COCO's ten thresholds of overlap that of nnDetection (Baumgartner 2021, arXiv 2106.00817),
# for lesions whose place matters more than their outline.
HIT_IOU = 0.1
COCO_IOUS = np.linspace(0.5, 0.95, 10)
IOUS = np.r_[HIT_IOU, COCO_IOUS]
MOST_BOXES = 100  # of one radiograph, the highest scores first; COCO's limit
FALSE_POSITIVES = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)  # for each radiograph, as in LUNA16
_RECALLS = np.linspace(0, 1, 101)


def boxes_of(mask: np.ndarray) -> np.ndarray:
    """The boxes (x, y, width, height) of the 8-connected parts of a mask, int [K, 4]."""
    from scipy.ndimage import find_objects, label

    parts = find_objects(label(mask, structure=np.ones((3, 3)))[0])
    rows = [(x.start, y.start, x.stop - x.start, y.stop - y.start) for y, x in parts]
    return np.array(rows, int).reshape(-1, 4)


def iou(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Intersection over union of boxes [K, 4] and [M, 4], float [K, M]."""
    first, second = one[:, None, :4].astype(float), other[None, :, :4].astype(float)
    low = np.maximum(first[..., :2], second[..., :2])
    high = np.minimum(first[..., :2] + first[..., 2:], second[..., :2] + second[..., 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=-1)
    union = np.prod(first[..., 2:], axis=-1) + np.prod(second[..., 2:], axis=-1) - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


def match(boxes: np.ndarray, truths: np.ndarray) -> np.ndarray:
    """Which boxes of one radiograph hit a lesion, at each of `IOUS`.

    COCO's rule: the highest score chooses first, each takes the free lesion that it overlaps
    most, a lesion is hit once. A second box on the same lesion is a false positive.

    Args:
        boxes: [K, 5] with their scores, highest first.
        truths: [M, 4].

    Returns:
        bool [K, len(IOUS)].
    """
    hits = np.zeros((len(boxes), len(IOUS)), bool)
    if not len(boxes) or not len(truths):
        return hits
    overlap = iou(boxes, truths)
    for t, threshold in enumerate(IOUS):
        free = np.ones(len(truths), bool)
        for k in range(len(boxes)):
            left = np.where(free, overlap[k], -1.0)
            best = len(left) - 1 - int(np.argmax(left[::-1]))  # the last of equals, as COCO does
            if left[best] >= threshold:
                free[best], hits[k, t] = False, True
    return hits


class Detections:
    """All boxes of all radiographs, highest score first.

    Args:
        boxes: of each radiograph, [K, 5]: x, y, width, height, score.
        truths: of each radiograph, [M, 4].
        counted: bool [N], radiographs whose lesions are known; the others count for nothing.
    """

    def __init__(
        self, boxes: Sequence[np.ndarray], truths: Sequence[np.ndarray], counted: np.ndarray
    ) -> None:
        ranked = [b[np.argsort(-b[:, 4], kind="stable")][:MOST_BOXES] for b in boxes]
        kept = [b if c else b[:0] for b, c in zip(ranked, counted, strict=True)]
        case = np.repeat(np.arange(len(kept)), [len(b) for b in kept])
        hits = [match(b, t) for b, t in zip(kept, truths, strict=True)]
        scores = np.concatenate([b[:, 4] for b in kept] or [np.zeros(0)])
        order = np.argsort(-scores, kind="stable")
        self.counted = np.asarray(counted, float)
        self.lesions = np.array([len(t) for t in truths], float) * self.counted
        self.scores, self.case = scores[order], case[order]
        self.hits = np.concatenate([np.zeros((0, len(IOUS)), bool), *hits])[order]

    def average_precision(self, ious: Sequence[float] | np.ndarray) -> Statistic:
        """COCO's box AP, mean over thresholds of overlap: precision at 101 recalls.

        NaN where there is no lesion.
        """
        columns = [int(np.argmin(np.abs(IOUS - value))) for value in ious]

        def statistic(weights: np.ndarray) -> np.ndarray:
            drawn, lesions = weights[:, self.case], weights @ self.lesions
            return np.mean([self._precision(drawn, lesions, column) for column in columns], axis=0)

        return statistic

    def _precision(self, drawn: np.ndarray, lesions: np.ndarray, column: int) -> np.ndarray:
        true = np.cumsum(drawn * self.hits[:, column], axis=1)
        called = np.maximum(np.cumsum(drawn, axis=1), np.finfo(float).tiny)
        # The best precision at this recall or a higher one.
        best = np.maximum.accumulate((true / called)[:, ::-1], axis=1)[:, ::-1]
        best = np.pad(best, ((0, 0), (0, 1)))  # recalls that are never reached
        values = np.full(len(drawn), np.nan)
        for row in np.flatnonzero(lesions > 0):
            places = np.searchsorted(true[row] / lesions[row], _RECALLS, side="left")
            values[row] = best[row, places].mean()
        return values

    def froc(self, rates: Sequence[float] = FALSE_POSITIVES) -> Statistic:
        """Share of lesions hit (`HIT_IOU`) at each rate of false boxes a radiograph, [R, K].

        The highest share whose rate is not above it: boxes of equal score come together.
        """
        last = np.r_[self.scores[1:] != self.scores[:-1], True][: len(self.scores)]

        def statistic(weights: np.ndarray) -> np.ndarray:
            drawn = weights[:, self.case]
            hit = np.cumsum(drawn * self.hits[:, 0], axis=1)[:, last]
            false = np.cumsum(drawn * ~self.hits[:, 0], axis=1)[:, last]
            hit = np.pad(hit, ((0, 0), (1, 0)))
            allowed = (weights @ self.counted)[:, None] * np.asarray(rates)
            places = np.stack([(false <= a[:, None]).sum(axis=1) for a in allowed.T], axis=1)
            lesions = (weights @ self.lesions)[:, None]
            found = np.take_along_axis(hit, places, axis=1)
            return np.divide(found, lesions, out=np.full(found.shape, np.nan), where=lesions > 0)

        return statistic

    def froc_curve(self) -> tuple[np.ndarray, np.ndarray]:
        """False boxes a radiograph and share of lesions hit, at each score from the highest."""
        images, lesions = max(self.counted.sum(), 1), max(self.lesions.sum(), 1)
        hit, false = np.cumsum(self.hits[:, 0]), np.cumsum(~self.hits[:, 0])
        return np.r_[0, false / images], np.r_[0, hit / lesions]
