"""U-Net (Ronneberger, Fischer, Brox, MICCAI 2015, arXiv 1505.04597)."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import keras
from keras import layers as kl

from bonefrac.models import heads as h
from bonefrac.models.blocks import conv_block, up_resize, up_transpose
from bonefrac.models.ushape import u_shape
from bonefrac.schema import IMAGE


def unet(
    input_shape: Sequence[int | None] = (256, 256, 1),
    *,
    filters: Sequence[int] = (64, 128, 256, 512, 1024),
    up: str = "resize",
    normalization: str | None = "batch",
    deep_supervision: bool = False,
    image_head: str = "deep",
    heads: Sequence[str] = h.HEADS,
    name: str = "unet",
) -> keras.Model:
    """Build a U-Net.

    Deviations from the paper: same padding, so that the mask has the image's size; by default
    batch normalisation and, for the 2x2 up-convolution, bilinear upsampling with a 3x3 convolution
    (the widespread variant of github.com/LeeJunHyun/Image_Segmentation, which upsamples by nearest
    pixel; 34,525,889 trainable parameters with one channel in and out). `up="transpose",
    normalization=None` is the paper's own network (31,030,593).

    Args:
        input_shape: (H, W, 1), H and W multiples of 2 ** (len(filters) - 1), or None.
        filters: channels at each resolution, the full one first.
        up: "resize" or "transpose".
        normalization: "batch" or None.
        deep_supervision: further outputs `mask_1`, `mask_2`, ... at 1/2, 1/4, ... of the size.
        image_head: of `bonefrac.models.heads.model`.
        heads: of "mask" and "fracture".
        name: of the model.

    Returns:
        A model from `image` float32 [B, H, W, 1] in 0..255 to a dict of logits.

    Raises:
        BonefracError: H or W does not divide.
    """
    ups: dict[str, Any] = {
        "resize": partial(up_resize, normalization=normalization),
        "transpose": up_transpose,
    }
    image = keras.Input(tuple(input_shape), name=IMAGE)
    x = kl.Rescaling(1 / 127.5, offset=-1, name="rescale")(image)
    block = partial(conv_block, normalization=normalization)
    maps = u_shape(x, filters, block=block, up=ups[up])
    return h.model(
        image,
        maps,
        heads=heads,
        name=name,
        deep_supervision=deep_supervision,
        image_head=image_head,
    )
