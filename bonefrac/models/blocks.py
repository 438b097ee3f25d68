"""Blocks of convolutions: a tensor and a name in, a tensor out."""

from typing import Any

from keras import layers as kl

from bonefrac.models.layers import BatchNormalization

Tensor = Any
# Keras' 0.99 lags behind the weights for hundreds of steps; an epoch here can be thirty.
_MOMENTUM = 0.97


def conv_unit(
    x: Tensor, filters: int, *, name: str, suffix: str = "", normalization: str | None = "batch"
) -> Tensor:
    """3x3 convolution, batch normalisation, ReLU: [B, H, W, C] -> [B, H, W, filters].

    Args:
        x: feature maps.
        filters: output channels.
        name: of the block; the layers are `<name>_conv<suffix>` and so on.
        suffix: number of the unit in its block.
        normalization: "batch" or None.
    """
    # The convolution keeps its bias under batch normalisation, as the published counts have it.
    x = kl.Conv2D(
        filters, 3, padding="same", kernel_initializer="he_normal", name=f"{name}_conv{suffix}"
    )(x)
    if normalization == "batch":
        x = BatchNormalization(momentum=_MOMENTUM, name=f"{name}_norm{suffix}")(x)
    return kl.ReLU(name=f"{name}_relu{suffix}")(x)


def conv_block(
    x: Tensor, filters: int, *, name: str, normalization: str | None = "batch"
) -> Tensor:
    """Two 3x3 convolutions, the step of every U-Net: [B, H, W, C] -> [B, H, W, filters]."""
    for suffix in "12":
        x = conv_unit(x, filters, name=name, suffix=suffix, normalization=normalization)
    return x


def up_transpose(x: Tensor, filters: int, *, name: str) -> Tensor:
    """2x2 up-convolution of Ronneberger 2015: [B, H, W, C] -> [B, 2H, 2W, filters]."""
    return kl.Conv2DTranspose(
        filters, 2, strides=2, kernel_initializer="he_normal", name=f"{name}_up"
    )(x)


def up_resize(x: Tensor, filters: int, *, name: str, normalization: str | None = "batch") -> Tensor:
    """Nearest upsampling and a 3x3 convolution: no checkerboard, and phones' delegates take it."""
    x = kl.UpSampling2D(2, interpolation="nearest", name=f"{name}_up")(x)
    return conv_unit(x, filters, name=f"{name}_up", normalization=normalization)
