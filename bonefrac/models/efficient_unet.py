"""U-Net on an EfficientNet-Lite, an encoder that others have trained on ImageNet."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import keras
from keras import layers as kl

from bonefrac.errors import BonefracError
from bonefrac.models import heads as h
from bonefrac.models.blocks import Tensor
from bonefrac.models.layers import BatchNormalization
from bonefrac.models.ushape import check_size, up_path
from bonefrac.schema import IMAGE


class Stage(NamedTuple):
    """Blocks of one width.

    Attributes:
        repeats: blocks.
        kernel: side of the depthwise convolution.
        stride: of the first block.
        expansion: how many times as wide the depthwise convolution is.
        filters: output channels.
    """

    repeats: int
    kernel: int
    stride: int
    expansion: int
    filters: int


# Tan 2019, table 1.
ENCODERS: Mapping[str, tuple[Stage, ...]] = MappingProxyType(
    {
        "efficientnet_lite0": (
            Stage(1, 3, 1, 1, 16),
            Stage(2, 3, 2, 6, 24),
            Stage(2, 5, 2, 6, 40),
            Stage(3, 3, 2, 6, 80),
            Stage(3, 5, 1, 6, 112),
            Stage(4, 5, 2, 6, 192),
            Stage(1, 3, 1, 6, 320),
        ),
    }
)
_STEM = 32
_STRIDE = 32
# Of what the weights were trained on: (pixel - 127) / 128.
_MEAN, _SPREAD = 127.0, 128.0
_MOMENTUM = 0.97  # as in our own blocks


def efficient_unet(
    input_shape: Sequence[int | None] = (256, 256, 1),
    *,
    encoder: str = "efficientnet_lite0",
    filters: Sequence[int] = (16, 32, 64, 128),
    deep_supervision: bool = False,
    image_head: str = "deep",
    heads: Sequence[str] = h.HEADS,
    name: str = "efficient_unet",
) -> keras.Model:
    """Build a U-Net (Ronneberger 2015, arXiv 1505.04597) down an EfficientNet-Lite.

    The encoder is EfficientNet (Tan 2019, arXiv 1905.11946) in its Lite form, without squeeze and
    excitation and with ReLU6, up to its last block: the published weights fit. Its first
    convolution takes grey, with the sum of the three colours' kernels the same as grey repeated.
    The decoder ends at half of the size, and its maps are doubled: a first convolution at stride 2
    leaves nothing finer to join.

    Args:
        input_shape: (H, W, 1), H and W multiples of 32, or None.
        encoder: of `ENCODERS`.
        filters: channels of the decoder at 1/2, 1/4, 1/8 and 1/16 of the size.
        deep_supervision: further outputs `mask_1`, `mask_2`, ... at 1/2, 1/4, ... of the size.
        image_head: of `bonefrac.models.heads.model`.
        heads: of "mask" and "fracture".
        name: of the model.

    Returns:
        A model from `image` float32 [B, H, W, 1] in 0..255 to a dict of logits.

    Raises:
        BonefracError: H or W does not divide, or an unknown encoder.
    """
    if encoder not in ENCODERS:
        raise BonefracError(
            f"Encoder {encoder!r}",
            expected=f"one of {', '.join(ENCODERS)}",
            fix="Choose one of them",
        )
    check_size(tuple(input_shape)[:2], stride=_STRIDE)
    image = keras.Input(tuple(input_shape), name=IMAGE)
    x = kl.Rescaling(1 / _SPREAD, offset=-_MEAN / _SPREAD, name="rescale")(image)
    *skips, bottom = encode(x, ENCODERS[encoder])
    maps = up_path(bottom, skips, filters)
    full = kl.UpSampling2D(2, interpolation="bilinear", name="full_size")(maps[0])
    return h.model(
        image,
        [full, *maps, bottom],
        heads=heads,
        name=name,
        deep_supervision=deep_supervision,
        image_head=image_head,
    )


def encode(x: Tensor, stages: Sequence[Stage]) -> list[Tensor]:
    """EfficientNet-Lite without its classifier.

    Args:
        x: [B, H, W, C] in -1..1.
        stages: of `ENCODERS`.

    Returns:
        Feature maps at 1/2, 1/4, 1/8, 1/16 and 1/32 of the size.
    """
    x = kl.Conv2D(_STEM, 3, strides=2, padding="same", use_bias=False, name="enc_stem_conv")(x)
    x = _activated(_normalised(x, "enc_stem"), "enc_stem")
    maps: list[Tensor] = []
    number = 0
    for stage in stages:
        if stage.stride == 2:
            maps.append(x)
        for repeat in range(stage.repeats):
            block = stage if repeat == 0 else stage._replace(stride=1)
            x = inverted_residual(x, block, name=f"enc_block{number:02}")
            number += 1
    return [*maps, x]


def inverted_residual(x: Tensor, block: Stage, *, name: str) -> Tensor:
    """Widen, convolve each channel by itself, narrow (Sandler 2018, arXiv 1801.04381)."""
    y = x
    if block.expansion != 1:
        y = _point(y, block.expansion * x.shape[-1], f"{name}_expand")
        y = _activated(y, f"{name}_expand")
    y = kl.DepthwiseConv2D(
        block.kernel,
        strides=block.stride,
        padding="same",
        use_bias=False,
        dtype=_depthwise_dtype(),
        name=f"{name}_depthwise_conv",
    )(y)
    y = _activated(_normalised(y, f"{name}_depthwise"), f"{name}_depthwise")
    y = _point(y, block.filters, f"{name}_project")
    if block.stride == 1 and x.shape[-1] == block.filters:
        y = kl.Add(name=f"{name}_add")([x, y])
    return y


def _depthwise_dtype() -> str | None:
    # TensorFlow's gradients of a depthwise convolution on a CPU take three times as long in
    # bfloat16, and at stride 2 ten times (2 cores of a Zen 4: 142 against 9 ms).
    return "float32" if keras.config.dtype_policy().name == "mixed_bfloat16" else None


def _point(x: Tensor, filters: int, name: str) -> Tensor:
    return _normalised(kl.Conv2D(filters, 1, use_bias=False, name=f"{name}_conv")(x), name)


def _normalised(x: Tensor, name: str) -> Tensor:
    return BatchNormalization(momentum=_MOMENTUM, name=f"{name}_norm")(x)


def _activated(x: Tensor, name: str) -> Tensor:
    return kl.ReLU(max_value=6.0, name=f"{name}_relu")(x)
