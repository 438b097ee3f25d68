"""Sliding windows: a network for small squares answers for a picture of any size."""

from collections.abc import Callable, Mapping

import numpy as np

from bonefrac.radiograph.windows import window_corners, window_weights
from bonefrac.schema import MASK

# Windows that are answered at once.
_BATCH = 16
OVERLAP = 0.5

Predict = Callable[[np.ndarray], Mapping[str, np.ndarray]]


def slide(
    predict: Predict, images: np.ndarray, *, window: int, overlap: float = OVERLAP
) -> dict[str, np.ndarray]:
    """Answer for whole pictures by windows that overlap.

    Logits of the mask are blended, each window counting most in its middle (the Gaussian of
    nnU-Net, Isensee 2021, Nature Methods 18:203). Of any other head, what the window with the
    highest logit says holds: one window with a fracture makes a picture with one.

    Args:
        predict: [N, W, W, 1] in 0..255 -> `mask` logits [N, W, W, 1] and others [N, 1].
        images: float32 [B, H, W, 1]; where a side is shorter than a window, black is laid below
            and to the right, and cut off again.
        window: side of a window, pixels; 0 answers at once.
        overlap: least share of a window that its neighbour covers too, below 1.

    Returns:
        `mask` logits [B, H, W, 1] and others [B, 1], those that `predict` has.
    """
    if not window:
        return dict(predict(images))
    answers = [_one(predict, image, window=window, overlap=overlap) for image in images]
    return {head: np.stack([answer[head] for answer in answers]) for head in answers[0]}


def _one(predict: Predict, image: np.ndarray, *, window: int, overlap: float) -> dict:
    height, width = image.shape[:2]
    padded = np.pad(image, [(0, max(0, window - side)) for side in (height, width)] + [(0, 0)])
    corners = window_corners(padded.shape[0], padded.shape[1], window, overlap=overlap)
    weights = window_weights(window)[..., None]
    total, weight = np.zeros(padded.shape), np.zeros(padded.shape)
    highest: dict[str, np.ndarray] = {}
    for first in range(0, len(corners), _BATCH):
        places = [np.s_[y : y + window, x : x + window] for y, x in corners[first : first + _BATCH]]
        answers = predict(np.stack([padded[place] for place in places]))
        for head, values in answers.items():
            if head != MASK:
                peak = np.max(np.asarray(values), axis=0)
                highest[head] = np.maximum(highest.get(head, peak), peak)
        for place, logits in zip(places, np.asarray(answers.get(MASK, ())), strict=False):
            total[place] += weights * logits
            weight[place] += weights
    if not weight.any():
        return highest
    blended = (total / weight).astype(np.float32)
    return {MASK: blended[:height, :width], **highest}
