"""Blocks of layers: a tensor and a name in, a tensor out."""

from typing import Any

from keras import initializers
from keras import layers as kl

from bonefrac.models.initializers import attention_kernels
from bonefrac.models.layers import (
    AttentionMix,
    AttentionWeights,
    BatchNormalization,
    StepNormalization,
    gelu_tanh,
)

Tensor = Any
# Keras' 0.99 lags behind the weights for hundreds of steps; an epoch here can be thirty.
_MOMENTUM = 0.97
# Oktay 2018 starts its gates open, so that a skip passes everywhere at first: sigmoid(3) is 0.95.
_OPEN_GATE_LOGIT = 3.0


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
    """Bilinear upsampling and a 3x3 convolution: [B, H, W, C] -> [B, 2H, 2W, filters].

    No checkerboard, as transposed convolutions leave; and where Keras' nearest upsampling splits a
    TFLite graph in nine, XNNPACK runs this one whole (26 against 47 ms, `unet_small` at 256).
    """
    x = kl.UpSampling2D(2, interpolation="bilinear", name=f"{name}_up")(x)
    return conv_unit(x, filters, name=f"{name}_up", normalization=normalization)


def recurrent_block(
    x: Tensor, filters: int, *, steps: int = 2, shared_averages: bool = False, name: str
) -> Tensor:
    """Recurrent residual block of Alom 2018: [B, H, W, C] -> [B, H, W, filters].

    A 1x1 projection, two recurrent units one after the other, and the projection added to what
    they answer.

    Args:
        x: feature maps.
        filters: output channels.
        steps: recurrences of a unit, the paper's t; each unit runs `steps + 1` times.
        shared_averages: one moving average for all steps, not one for each.
        name: of the block.
    """
    x = kl.Conv2D(filters, 1, kernel_initializer="he_normal", name=f"{name}_project")(x)
    y = x
    for suffix in "12":
        y = _recurrent_unit(y, steps=steps, shared=shared_averages, name=name, suffix=suffix)
    return kl.Add(name=f"{name}_add")([x, y])


def _recurrent_unit(x: Tensor, *, steps: int, shared: bool, name: str, suffix: str) -> Tensor:
    # One convolution and one normalisation for all steps: new ones at each step would be a deeper
    # network of 101.9 M parameters, not a recurrent one of 39.1 M.
    conv = kl.Conv2D(
        x.shape[-1], 3, padding="same", kernel_initializer="he_normal", name=f"{name}_conv{suffix}"
    )
    averages = 1 if shared else steps + 1
    norm = StepNormalization(averages, momentum=_MOMENTUM, name=f"{name}_norm{suffix}")
    y = x
    for step in range(steps + 1):
        if step:
            y = kl.Add(name=f"{name}_sum{suffix}_{step}")([x, y])
        y = norm(conv(y), step=0 if shared else step)
        y = kl.ReLU(name=f"{name}_relu{suffix}_{step}")(y)
    return y


def gating_signal(x: Tensor, *, name: str) -> Tensor:
    """1x1 convolution, normalisation, ReLU, all of x's shape: what the deepest gate listens to."""
    return kl.ReLU(name=f"{name}_relu")(_point(x, x.shape[-1], name=name))


def grid_gate(skip: Tensor, gating: Tensor, *, name: str) -> Tensor:
    """Additive attention on the gating signal's grid (Oktay 2018): a skip, weighed place by place.

    Args:
        skip: [B, 2H, 2W, C].
        gating: [B, H, W, G], of the next coarser resolution.
        name: of the gate and of its map, the layer's output [B, H, W, 1] in 0..1.

    Returns:
        [B, 2H, 2W, C].
    """
    channels = skip.shape[-1]
    theta = kl.Conv2D(
        channels,
        2,
        strides=2,
        use_bias=False,
        kernel_initializer="he_normal",
        name=f"{name}_theta",
    )(skip)
    phi = kl.Conv2D(channels, 1, kernel_initializer="he_normal", name=f"{name}_phi")(gating)
    x = kl.ReLU(name=f"{name}_relu")(kl.Add(name=f"{name}_add")([theta, phi]))
    x = kl.Conv2D(
        1,
        1,
        kernel_initializer="he_normal",
        bias_initializer=initializers.Constant(_OPEN_GATE_LOGIT),
        name=f"{name}_psi",
    )(x)
    x = kl.Activation("sigmoid", name=name)(x)
    x = kl.UpSampling2D(2, interpolation="bilinear", name=f"{name}_up")(x)
    return _point(kl.Multiply(name=f"{name}_weigh")([skip, x]), channels, name=f"{name}_out")


def full_gate(skip: Tensor, gating: Tensor, *, name: str) -> Tensor:
    """Additive attention at the skip's own resolution, as in LeeJunHyun/Image_Segmentation.

    Args:
        skip: [B, H, W, C].
        gating: [B, H, W, G], already doubled in size.
        name: of the gate and of its map, the layer's output [B, H, W, 1] in 0..1.

    Returns:
        [B, H, W, C].
    """
    inner = skip.shape[-1] // 2
    theta = _point(skip, inner, name=f"{name}_theta")
    phi = _point(gating, inner, name=f"{name}_phi")
    x = kl.ReLU(name=f"{name}_relu")(kl.Add(name=f"{name}_add")([theta, phi]))
    x = kl.Activation("sigmoid", name=name)(_point(x, 1, name=f"{name}_psi"))
    return kl.Multiply(name=f"{name}_weigh")([skip, x])


def _point(x: Tensor, filters: int, *, name: str) -> Tensor:
    x = kl.Conv2D(filters, 1, kernel_initializer="he_normal", name=name)(x)
    return BatchNormalization(momentum=_MOMENTUM, name=f"{name}_norm")(x)


def transformer_block(
    x: Tensor,
    *,
    num_heads: int,
    mlp_dim: int,
    dropout_rate: float = 0.0,
    approximate_gelu: bool = True,
    name: str,
) -> Tensor:
    """Pre-norm transformer block of Dosovitskiy 2020: [B, N, D] -> [B, N, D].

    Args:
        x: tokens; D divides by `num_heads`.
        num_heads: of the attention.
        mlp_dim: width between both dense layers.
        dropout_rate: behind the attention and behind each dense layer.
        approximate_gelu: tanh instead of the error function.
        name: of the block; `<name>_attention` is the softmax [B, heads, N, N].
    """

    def drop(y: Tensor, part: str) -> Tensor:
        return kl.Dropout(dropout_rate, name=f"{name}_drop_{part}")(y) if dropout_rate else y

    y = layer_norm(x, name=f"{name}_norm1")
    y = drop(_attention(y, num_heads=num_heads, name=name), "attention")
    x = kl.Add(name=f"{name}_add1")([x, y])
    y = layer_norm(x, name=f"{name}_norm2")
    y = kl.Dense(mlp_dim, name=f"{name}_dense1")(y)
    gelu = gelu_tanh if approximate_gelu else "gelu"
    y = drop(kl.Activation(gelu, name=f"{name}_gelu")(y), "gelu")
    y = drop(kl.Dense(x.shape[-1], name=f"{name}_dense2")(y), "dense")
    return kl.Add(name=f"{name}_add2")([x, y])


def layer_norm(x: Tensor, *, name: str) -> Tensor:
    """Layer normalisation with the epsilon of the published ViT weights; Keras' own is 1e-3."""
    return kl.LayerNormalization(epsilon=1e-6, name=name)(x)


def _attention(x: Tensor, *, num_heads: int, name: str) -> Tensor:
    dim = x.shape[-1]
    kernels = attention_kernels()
    query, key, value = (
        kl.Dense(dim, kernel_initializer=kernels[part], name=f"{name}_{part}")(x)
        for part in ("query", "key", "value")
    )
    # Written out, not fused: the weights are an output that a heat map can ask for by name.
    weights = AttentionWeights(num_heads, name=f"{name}_attention")(query, key)
    x = AttentionMix(name=f"{name}_mix")(weights, value)
    return kl.Dense(dim, kernel_initializer=kernels["project"], name=f"{name}_project")(x)
