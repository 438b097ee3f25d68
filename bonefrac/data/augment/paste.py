"""Fractures of phantoms pasted onto bone: experimental, off unless a strength asks for it."""

import math

import tensorflow as tf

from bonefrac.data.augment.bank import fracture_bank
from bonefrac.data.augment.bone import bony_corner, lean, span, turn
from bonefrac.data.augment.draws import streams, up_to_one
from bonefrac.data.augment.strength import Strength
from bonefrac.data.augment.warp import affine
from bonefrac.schema import PIXEL_MAX

_BLEND = (0.8, 1.6)
_STANDS_OUT = 15.0  # gray levels that bone must be above its surroundings
_SCALES = (0.6, 1.6)  # between a phantom's bone and this one


def random_paste(
    image: tf.Tensor,
    mask: tf.Tensor,
    fracture: tf.Tensor,
    *,
    has_mask: tf.Tensor,
    seed: tf.Tensor,
    strength: Strength,
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Sometimes draw a fracture and a bone, fit the one to the other, paste it and say so.

    Only examples with a known mask get one, since an unknown mask would stay unknown, and only
    where the mask is empty. `fracture` becomes 1, also where it was 0 or unknown. Where no bone
    of a fitting width is met, nothing is pasted.

    Args:
        image: float32 [S, S, 1] in 0..255, S known when the graph is made.
        mask: uint8 [S, S, 1].
        fracture: int, the label; -1 is unknown.
        has_mask: bool.
        seed: int [2], the one that `random_augment` gets; both draw from streams of their own.
        strength: of which `paste` is the chance.
    """
    if not strength.paste:
        return image, mask, fracture
    coin, draw = tf.unstack(tf.random.split(streams(seed)["paste"], 2))
    wanted = tf.random.stateless_uniform([], coin) < strength.paste
    unchanged = (image, mask, fracture)
    return tf.cond(wanted & has_mask, lambda: _drawn(*unchanged, draw), lambda: unchanged)


def _drawn(
    image: tf.Tensor, mask: tf.Tensor, fracture: tf.Tensor, seed: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    bank = fracture_bank(int(image.shape[0]))
    count, size = bank.changes.shape[:2]
    first, second = tf.unstack(tf.random.split(seed, 2))
    which, turned, blend = up_to_one(3, first)
    index = tf.minimum(tf.cast(which * count, tf.int32), count - 1)
    corner, above = bony_corner(image, mask, seed=second, size=size)
    window = tf.slice(image, tf.concat([corner, [0]], 0), [size, size, 1])
    leaning = lean(window)
    middle, half_width = span(window, leaning=leaning)
    scale = half_width / tf.gather(bank.half_widths, index)
    free = (above > _STANDS_OUT) & (scale > _SCALES[0]) & (scale < _SCALES[1])
    angle = leaning * (math.pi / 180)
    patch, outline = affine(
        tf.gather(bank.changes, index),
        tf.gather(bank.masks, index),
        matrix=turn(
            180.0 * tf.round(turned) - leaning,
            size,
            scale=scale,
            shift=tf.stack([middle * tf.cos(angle), middle * tf.sin(angle)]),
        ),
    )
    image, mask = paste(
        image,
        mask,
        patch,
        outline * tf.cast(free, tf.uint8),
        at=corner,
        blend=tf.where(free, _BLEND[0] + blend * (_BLEND[1] - _BLEND[0]), 0.0),
    )
    return image, mask, tf.where(free, tf.ones_like(fracture), fracture)


def paste(
    image: tf.Tensor,
    mask: tf.Tensor,
    patch: tf.Tensor,
    patch_mask: tf.Tensor,
    *,
    at: tf.Tensor,
    blend: tf.Tensor,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Add what a fracture changes, clipped to 0..255; the masks unite.

    Gray is the logarithm of the signal, where bone that is missing in the beam's way subtracts.
    So the change of one bone can be added to another's gray and leaves no seam.

    Args:
        image: float32 [S, S, 1].
        mask: uint8 [S, S, 1].
        patch: float32 [P, P, 1], gray levels to add; fades out towards the rim of its circle.
        patch_mask: uint8 [P, P, 1].
        at: int32 (row, column) of the patch's first pixel; all of it must lie inside.
        blend: factor on the change; 0 pastes nothing.
    """
    size = tf.shape(patch)[0]
    around = tf.concat([tf.stack([at, tf.shape(image)[:2] - at - size], 1), [[0, 0]]], 0)
    change = tf.pad(blend * _fade(size) * patch, around)
    pasted = tf.clip_by_value(image + change, 0.0, PIXEL_MAX)
    united = tf.maximum(mask, tf.pad(patch_mask, around))
    return tf.ensure_shape(pasted, image.shape), tf.ensure_shape(united, mask.shape)


def _fade(size: tf.Tensor) -> tf.Tensor:
    """1 up to three quarters of the circle's radius, 0 at its rim, [P, P, 1]."""
    at = (tf.range(tf.cast(size, tf.float32)) + 0.5) / tf.cast(size, tf.float32) - 0.5
    radius = tf.sqrt(at[:, None] ** 2 + at**2)
    fall = tf.clip_by_value((radius - 0.375) / 0.125, 0.0, 1.0)
    return (0.5 + 0.5 * tf.cos(math.pi * fall))[..., None]
