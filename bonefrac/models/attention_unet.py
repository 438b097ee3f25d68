"""Attention U-Net (Oktay et al., MIDL 2018, arXiv 1804.03999)."""

from collections.abc import Sequence
from functools import partial

import keras
from keras import layers as kl

from bonefrac.errors import BonefracError
from bonefrac.models import heads as h
from bonefrac.models.blocks import Tensor, full_gate, gating_signal, grid_gate
from bonefrac.models.ushape import Gate, u_shape
from bonefrac.schema import IMAGE


def attention_unet(
    input_shape: Sequence[int | None] = (256, 256, 1),
    *,
    filters: Sequence[int] = (64, 128, 256, 512, 1024),
    gate: str = "grid",
    deep_supervision: bool = False,
    image_head: str = "deep",
    heads: Sequence[str] = h.HEADS,
    name: str = "attention_unet",
) -> keras.Model:
    """Build an Attention U-Net: each skip is weighed place by place before it joins.

    `gate="grid"` is the paper's, as in github.com/ozan-oktay/Attention-Gated-Networks: every skip
    but the first, on the grid of the coarser resolution, which is also the signal; the deepest
    gate listens to the bottom through a 1x1 convolution. `gate="full"` is the widespread one of
    github.com/LeeJunHyun/Image_Segmentation: all skips, at their own resolution, on the upsampled
    signal, 34,877,421 trainable parameters with the mask alone. A network without the mask head
    keeps no decoder and hence no gate.

    Deviations from the paper: two dimensions, same padding and, for trilinear upsampling without
    weights, bilinear upsampling with a 3x3 convolution, as in `unet`. From its code: a gate ends
    with one 1x1 convolution, not two in a row; deep supervision gives masks of their own size,
    where the code upsamples and mixes them into one.

    Args:
        input_shape: (H, W, 1), H and W multiples of 2 ** (len(filters) - 1), or None.
        filters: channels at each resolution, the full one first.
        gate: "grid" or "full"; the map of level n is the output of the layer `dec<n>_gate`,
            [B, H / 2 ** (n + 1), W / 2 ** (n + 1), 1] for "grid", twice that size for "full".
        deep_supervision: further outputs `mask_1`, `mask_2`, ... at 1/2, 1/4, ... of the size.
        image_head: of `bonefrac.models.heads.model`.
        heads: of "mask" and "fracture".
        name: of the model.

    Returns:
        A model from `image` float32 [B, H, W, 1] in 0..255 to a dict of logits.

    Raises:
        BonefracError: H or W does not divide, an unknown gate, or deep supervision without mask.
    """
    gates: dict[str, Gate] = {"grid": partial(_grid, deepest=len(filters) - 2), "full": _full}
    if gate not in gates:
        raise BonefracError(
            f"Gate {gate!r}", expected=f"one of {', '.join(gates)}", fix="Choose one of them"
        )
    image = keras.Input(tuple(input_shape), name=IMAGE)
    x = kl.Rescaling(1 / 127.5, offset=-1, name="rescale")(image)
    maps = u_shape(x, filters, gate=gates[gate])
    return h.model(
        image,
        maps,
        heads=heads,
        name=name,
        deep_supervision=deep_supervision,
        image_head=image_head,
    )


def _grid(skip: Tensor, coarse: Tensor, fine: Tensor, *, level: int, deepest: int) -> Tensor:
    if level == 0:
        return skip
    if level == deepest:
        coarse = gating_signal(coarse, name="gating")
    return grid_gate(skip, coarse, name=f"dec{level}_gate")


def _full(skip: Tensor, coarse: Tensor, fine: Tensor, *, level: int) -> Tensor:
    return full_gate(skip, fine, name=f"dec{level}_gate")
