"""Heads that turn feature maps into float32 logits, shared by all architectures."""

from collections.abc import Sequence

import keras
from keras import layers as kl

from bonefrac import schema
from bonefrac.errors import BonefracError
from bonefrac.models.blocks import Tensor
from bonefrac.models.layers import DetachedPeak, LogMeanExpPooling

HEADS = (schema.MASK, schema.FRACTURE)
OPTIONAL_HEADS = (schema.ABNORMALITY, schema.BONE_AGE_MONTHS)
MASK_LOGITS = "mask_logits"
FRACTURE_LOGITS = "fracture_logits"
# How the names of the layers begin that turn maps into the two answers. They stay float where the
# rest of a network becomes integers.
ANSWERING = (MASK_LOGITS, "mask_peak", f"{schema.FRACTURE}_")
ABNORMALITY_LOGITS = "abnormality_logits"
BONE_AGE = "bone_age_months"
# The bone age head starts at 10 years and moves in steps of 40 months: round numbers for the
# middle and the spread of children of 0 to 19 years, not fitted to any data set.
BONE_AGE_OFFSET = 120.0
BONE_AGE_SCALE = 40.0
# A fracture covers 0.25 % of a picture: a head that starts at even odds spends its first epochs
# unlearning them.
_MASK_PRIOR_LOGIT = -4.0
# Evidence at full size is asked for in squares of so many pixels: one pixel is noise.
_CELL = 8


def mask_head(grid: Tensor, *, name: str = MASK_LOGITS) -> Tensor:
    """[B, H, W, C] -> mask logits float32 [B, H, W, 1]."""
    return kl.Conv2D(
        1,
        1,
        dtype="float32",
        bias_initializer=keras.initializers.Constant(_MASK_PRIOR_LOGIT),
        name=name,
    )(grid)


def fracture_head(maps: Tensor, mask_logits: Tensor | None, *, dense: bool = False) -> Tensor:
    """Local evidence, joined by the peak of the mask.

    A picture is broken where something is outlined, or where the wide view says so. Without the
    mask's peak, and at a loss weight of 1, a U-Net outlined phantom fractures (Dice 0.33) and still
    could not say whether there was one (AUC 0.53); with it, and at 0.2, 0.40 and 0.82. The peak
    sends no gradient back: a yes or no would pull at every pixel.

    Args:
        maps: feature maps [B, h, w, C], the deepest ones or, if `dense`, those of full size.
        mask_logits: [B, H, W, 1], or None for a network without a mask.
        dense: look for evidence in squares of 8 pixels.

    Returns:
        Fracture logits float32 [B, 1].
    """
    if dense:
        maps = kl.AveragePooling2D(_CELL, dtype="float32", name="fracture_cells")(maps)
    pooled = _pooled_evidence(maps, schema.FRACTURE)
    if mask_logits is not None:
        peak = DetachedPeak(dtype="float32", name="mask_peak")(mask_logits)
        pooled = kl.Concatenate(name="fracture_join", dtype="float32")([pooled, peak])
    return kl.Dense(1, kernel_initializer="ones", dtype="float32", name=FRACTURE_LOGITS)(pooled)


def abnormality_head(bottom: Tensor) -> Tensor:
    """Local evidence at the deepest resolution [B, h, w, C] -> logits float32 [B, 1]."""
    pooled = _pooled_evidence(bottom, schema.ABNORMALITY)
    return kl.Dense(1, kernel_initializer="ones", dtype="float32", name=ABNORMALITY_LOGITS)(pooled)


def bone_age_head(bottom: Tensor) -> Tensor:
    """The mean of the deepest features [B, h, w, C] -> months float32 [B, 1]."""
    pooled = kl.GlobalAveragePooling2D(dtype="float32", name="bone_age_pool")(bottom)
    standard = kl.Dense(1, dtype="float32", name="bone_age_standard")(pooled)
    return kl.Rescaling(BONE_AGE_SCALE, BONE_AGE_OFFSET, dtype="float32", name=BONE_AGE)(standard)


def _pooled_evidence(maps: Tensor, name: str) -> Tensor:
    evidence = kl.Conv2D(1, 1, dtype="float32", name=f"{name}_evidence")(maps)
    return LogMeanExpPooling(dtype="float32", name=f"{name}_pool")(evidence)


def model(
    image: Tensor,
    maps: Sequence[Tensor],
    *,
    heads: Sequence[str],
    name: str,
    deep_supervision: bool = False,
    image_head: str = "deep",
) -> keras.Model:
    """Close a network with the named heads.

    Args:
        image: the Keras input.
        maps: feature maps of every resolution, the full one first, the deepest last.
        heads: of `HEADS` and `OPTIONAL_HEADS`.
        name: of the model.
        deep_supervision: a mask of each resolution between the two, `mask_1`, `mask_2` and so on.
        image_head: where evidence for a fracture is looked for: "deep" in the deepest maps, "dense"
            in those of full size, whose label then teaches the decoder too.

    Returns:
        A functional `keras.Model` with a dict of logits, and bone age in months.

    Raises:
        BonefracError: an unknown head or image head, or none, or deep supervision without the mask.
    """
    _check(heads, deep_supervision=deep_supervision, image_head=image_head)
    grid, *coarse, bottom = maps
    outputs = {}
    if schema.MASK in heads:
        outputs[schema.MASK] = mask_head(grid)
    if schema.FRACTURE in heads:
        dense = image_head == "dense"
        evidence = grid if dense else bottom
        outputs[schema.FRACTURE] = fracture_head(evidence, outputs.get(schema.MASK), dense=dense)
    if schema.ABNORMALITY in heads:
        outputs[schema.ABNORMALITY] = abnormality_head(bottom)
    if schema.BONE_AGE_MONTHS in heads:
        outputs[schema.BONE_AGE_MONTHS] = bone_age_head(bottom)
    for level, features in enumerate(coarse if deep_supervision else (), start=1):
        key = f"{schema.MASK}_{level}"
        outputs[key] = mask_head(features, name=f"{key}_logits")
    return keras.Model(image, outputs, name=name)


def _check(heads: Sequence[str], *, deep_supervision: bool, image_head: str) -> None:
    known = (*HEADS, *OPTIONAL_HEADS)
    if not heads or not set(heads) <= set(known):
        raise BonefracError(
            f"Heads {list(heads)}", expected=f"some of {', '.join(known)}", fix="Name one of them"
        )
    if image_head not in schema.IMAGE_HEADS:
        raise BonefracError(
            f"Image head {image_head!r}",
            expected=f"one of {', '.join(schema.IMAGE_HEADS)}",
            fix="Choose one of them",
        )
    if deep_supervision and schema.MASK not in heads:
        raise BonefracError(
            f"Deep supervision with heads {list(heads)}",
            expected=f"the head {schema.MASK}",
            fix="Add it, or leave deep supervision off",
        )
