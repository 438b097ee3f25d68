"""Heads that turn feature maps into float32 logits, shared by all architectures."""

from collections.abc import Sequence

import keras
from keras import layers as kl

from bonefrac import schema
from bonefrac.errors import BonefracError
from bonefrac.models.blocks import Tensor
from bonefrac.models.layers import DetachedPeak, LogMeanExpPooling

HEADS = (schema.MASK, schema.FRACTURE)
MASK_LOGITS = "mask_logits"
FRACTURE_LOGITS = "fracture_logits"
# A fracture covers 0.25 % of a picture: a head that starts at even odds spends its first epochs
# unlearning them.
_MASK_PRIOR_LOGIT = -4.0


def mask_head(grid: Tensor, *, name: str = MASK_LOGITS) -> Tensor:
    """[B, H, W, C] -> mask logits float32 [B, H, W, 1]."""
    return kl.Conv2D(
        1,
        1,
        dtype="float32",
        bias_initializer=keras.initializers.Constant(_MASK_PRIOR_LOGIT),
        name=name,
    )(grid)


def fracture_head(bottom: Tensor, mask_logits: Tensor | None) -> Tensor:
    """Local evidence at the deepest resolution, joined by the peak of the mask.

    A picture is broken where something is outlined, or where the wide view says so. Without the
    mask's peak, and at a loss weight of 1, a U-Net outlined phantom fractures (Dice 0.33) and still
    could not say whether there was one (AUC 0.53); with it, and at 0.2, 0.40 and 0.82. The peak
    sends no gradient back: a yes or no would pull at every pixel.

    Args:
        bottom: deepest feature maps [B, h, w, C].
        mask_logits: [B, H, W, 1], or None for a network without a mask.

    Returns:
        Fracture logits float32 [B, 1].
    """
    evidence = kl.Conv2D(1, 1, dtype="float32", name="fracture_evidence")(bottom)
    pooled = LogMeanExpPooling(dtype="float32", name="fracture_pool")(evidence)
    if mask_logits is not None:
        peak = DetachedPeak(dtype="float32", name="mask_peak")(mask_logits)
        pooled = kl.Concatenate(name="fracture_join", dtype="float32")([pooled, peak])
    return kl.Dense(1, kernel_initializer="ones", dtype="float32", name=FRACTURE_LOGITS)(pooled)


def model(
    image: Tensor,
    grid: Tensor,
    bottom: Tensor,
    *,
    heads: Sequence[str],
    name: str,
    coarse: Sequence[Tensor] = (),
) -> keras.Model:
    """Close a network with the named heads.

    Args:
        image: the Keras input.
        grid: full-size feature maps.
        bottom: deepest feature maps.
        heads: of `HEADS`.
        name: of the model.
        coarse: feature maps of lower resolutions to be supervised too, the largest first.

    Returns:
        A functional `keras.Model` with a dict of logits; for `coarse`, a mask of each resolution
        as `mask_1`, `mask_2` and so on.

    Raises:
        BonefracError: an unknown head, or none, or coarse masks without the mask.
    """
    if not heads or not set(heads) <= set(HEADS):
        raise BonefracError(
            f"Heads {list(heads)}", expected=f"some of {', '.join(HEADS)}", fix="Name one of them"
        )
    if coarse and schema.MASK not in heads:
        raise BonefracError(
            f"Deep supervision with heads {list(heads)}",
            expected=f"the head {schema.MASK}",
            fix="Add it, or leave deep supervision off",
        )
    outputs = {}
    if schema.MASK in heads:
        outputs[schema.MASK] = mask_head(grid)
    if schema.FRACTURE in heads:
        outputs[schema.FRACTURE] = fracture_head(bottom, outputs.get(schema.MASK))
    for level, maps in enumerate(coarse, start=1):
        key = f"{schema.MASK}_{level}"
        outputs[key] = mask_head(maps, name=f"{key}_logits")
    return keras.Model(image, outputs, name=name)
