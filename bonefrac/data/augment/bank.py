"""A small bank of fractures: what a hairline changes in a phantom, each with its bone upright."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from bonefrac.data.augment.bone import lean, span, turn
from bonefrac.data.augment.warp import affine
from bonefrac.data.phantom import draw
from bonefrac.radiograph.letterbox import Letterbox

COUNT = 16
_SEED = 7_001  # of the phantoms; a training on phantoms has other seeds
_KIND = "hairline"  # the others move what lies beyond them: no window holds the change
_SHARE = 0.25  # side of a patch, share of the picture's
_INNER = 0.36  # a mask keeps within this radius, share of the patch's side: it is never faded
_FAINT = -12.0  # gray levels; a line that darkens less is left out


class Bank(NamedTuple):
    """Fractures to paste.

    Attributes:
        changes: float32 [N, P, P, 1], gray levels with the fracture less those without.
        masks: uint8 [N, P, P, 1] of 0 and 1.
        half_widths: float32 [N], of the broken bone, pixels.
    """

    changes: np.ndarray
    masks: np.ndarray
    half_widths: np.ndarray


@lru_cache(maxsize=4)
def fracture_bank(side: int) -> Bank:
    """The bank for pictures of `side` pixels, drawn once a process."""
    patches: list[tuple[np.ndarray, np.ndarray, float]] = []
    index = 0
    with tf.init_scope():  # arrays, also where a graph is being made
        while len(patches) < COUNT:
            patch = _cut(index, side, round(_SHARE * side))
            patches += [patch] if patch is not None else []
            index += 1
    return Bank(*(np.stack(parts) for parts in zip(*patches, strict=True)))


def _cut(index: int, side: int, size: int) -> tuple[np.ndarray, np.ndarray, float] | None:
    """One fracture with its bone upright in the middle; None where it does not fit."""
    broken = draw(seed=_SEED, index=index, fracture=_KIND)
    intact = draw(seed=_SEED, index=index, fracture="none")
    square = Letterbox(broken.image.shape[0], broken.image.shape[1], side)
    image, mask = square.apply(intact.image), square.apply_mask(broken.mask)
    change = square.apply(broken.image.astype(np.float32) - intact.image)
    rows, columns = np.nonzero(mask)
    if rows.size == 0:
        return None
    y, x = (float((at.min() + at.max()) / 2) for at in (rows, columns))
    top, left = round(y - (size - 1) / 2), round(x - (size - 1) / 2)
    if min(top, left) < 0 or max(top, left) + size > side:
        return None
    window = np.s_[top : top + size, left : left + size, None]
    degrees = lean(tf.constant(image[window]))
    _, half_width = span(tf.constant(image[window]), leaning=degrees)
    upright = affine(
        tf.constant(change[window]), tf.constant(mask[window]), matrix=turn(degrees, size)
    )
    outlined = np.argwhere(upright[1].numpy()[..., 0]) - (size - 1) / 2
    faint = upright[0].numpy().min() > _FAINT
    if faint or np.hypot(*outlined.T).max() > _INNER * size:
        return None
    return upright[0].numpy(), upright[1].numpy(), half_width.numpy()
