"""R2U-Net (Alom, Hasan, Yakopcic, Taha, Asari 2018, arXiv 1802.06955)."""

from collections.abc import Sequence
from functools import partial

import keras
from keras import layers as kl

from bonefrac.models import heads as h
from bonefrac.models.blocks import recurrent_block
from bonefrac.models.ushape import u_shape
from bonefrac.schema import IMAGE


def r2unet(
    input_shape: Sequence[int | None] = (256, 256, 1),
    *,
    filters: Sequence[int] = (64, 128, 256, 512, 1024),
    recurrent_steps: int = 2,
    shared_averages: bool = False,
    deep_supervision: bool = False,
    image_head: str = "deep",
    heads: Sequence[str] = h.HEADS,
    name: str = "r2unet",
) -> keras.Model:
    """Build an R2U-Net: a U-Net of recurrent residual blocks.

    With the mask alone 39,091,265 trainable parameters at full width, as the widespread
    github.com/LeeJunHyun/Image_Segmentation has for one channel in and out. Deviations from the
    paper, all of that code: a unit has one convolution for its input and its state, f(x + y),
    where the paper's formula has two kernels; batch normalisation, its scale and shift shared by
    all steps like the convolution; a 1x1 projection before the units, which is also the residual,
    and no ReLU behind it; bilinear upsampling with a 3x3 convolution for the up-convolution.

    Deviation from that code: each step keeps its own moving averages, which only inference uses
    (`StepNormalization` says why); `shared_averages=True` is the code's own. Same padding, He
    initialisation and the bias of the mask head are those of `unet`.

    Args:
        input_shape: (H, W, 1), H and W multiples of 2 ** (len(filters) - 1), or None.
        filters: channels at each resolution, the full one first.
        recurrent_steps: the paper's t; a unit is applied t + 1 times.
        shared_averages: one moving average for all steps of a unit.
        deep_supervision: further outputs `mask_1`, `mask_2`, ... at 1/2, 1/4, ... of the size.
        image_head: of `bonefrac.models.heads.model`.
        heads: of "mask" and "fracture".
        name: of the model.

    Returns:
        A model from `image` float32 [B, H, W, 1] in 0..255 to a dict of logits. A convolution
        that recurs is one layer (`enc0_conv1`); each step's result has its own
        (`enc0_relu1_0`, `enc0_relu1_1`, ...).

    Raises:
        BonefracError: H or W does not divide.
    """
    image = keras.Input(tuple(input_shape), name=IMAGE)
    x = kl.Rescaling(1 / 127.5, offset=-1, name="rescale")(image)
    block = partial(recurrent_block, steps=recurrent_steps, shared_averages=shared_averages)
    maps = u_shape(x, filters, block=block)
    return h.model(
        image,
        maps,
        heads=heads,
        name=name,
        deep_supervision=deep_supervision,
        image_head=image_head,
    )
