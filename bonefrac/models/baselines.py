"""DeepLabV3+ and SegFormer of KerasCV, to compare with: the same input, the same heads."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import keras
from keras import layers as kl

from bonefrac.errors import BonefracError
from bonefrac.models import heads as h
from bonefrac.models.ushape import check_size
from bonefrac.schema import IMAGE

Shape = tuple[int, int, int]
_STRIDE = 32
# The classifier's 1x1 convolution and the mask head's are one linear map: with 16 maps between
# them, 16 are enlarged instead of 256.
_MAPS = 16
_MOMENTUM = 0.97  # as our own; KerasCV's 0.99 and 0.999 lag behind for thousands of steps

_MOBILENET_V3_SMALL = {
    "stackwise_expansion": [1, 72 / 16, 88 / 24, 4, 6, 6, 3, 3, 6, 6, 6],
    "stackwise_filters": [16, 24, 24, 40, 40, 40, 48, 48, 96, 96, 96],
    "stackwise_kernel_size": [3] * 3 + [5] * 8,
    "stackwise_stride": [2, 2, 1, 2, 1, 1, 1, 1, 2, 1, 1],
    "stackwise_se_ratio": [0.25, None, None] + [0.25] * 8,
    "stackwise_activation": ["relu"] * 3 + ["hard_swish"] * 8,
}
_RESNET18 = {
    "stackwise_filters": [64, 128, 256, 512],
    "stackwise_blocks": [2, 2, 2, 2],
    "stackwise_strides": [1, 2, 2, 2],
    "block_type": "basic_block",
}
# Written out, since KerasCV downloads even the presets that have no weights.
BACKBONES: Mapping[str, tuple[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "mobilenet_v3_small": ("MobileNetV3Backbone", _MOBILENET_V3_SMALL),
        "resnet18": ("ResNetBackbone", _RESNET18),
    }
)


def deeplab_v3_plus(
    input_shape: Sequence[int] = (256, 256, 1),
    *,
    backbone: str = "mobilenet_v3_small",
    dilation_rates: Sequence[int] = (3, 6, 9),
    projection_filters: int = 48,
    heads: Sequence[str] = h.HEADS,
    name: str = "deeplab_v3_plus",
) -> keras.Model:
    """Build KerasCV's DeepLabV3+, a pyramid of dilated convolutions on a backbone.

    Chen 2018, arXiv 1802.02611, on a MobileNetV3 (Howard 2019, arXiv 1905.02244) or a ResNet (He
    2016, arXiv 1512.03385), as `keras_cv.models.DeepLabV3Plus` has it, from fresh weights.

    Deviations from the paper, KerasCV's: the encoder ends at 1/32 of the size, not 1/16, without
    dilation in the backbone; one 1x1 convolution after the join, where the paper has 3x3 ones; the
    dilated convolutions are dense, not separable. Ours: rates of 3, 6 and 9, which at 1/32 reach as
    many pixels as the paper's 6, 12 and 18 at 1/16 (KerasCV keeps those, wider than the map of a
    256 px image); batch normalisation with momentum 0.97; a classifier in two linear steps, 16
    maps and our mask head; logits, where KerasCV ends in a softmax.

    Args:
        input_shape: (H, W, 1), H and W multiples of 32; none of them open. Grey is repeated over
            three channels, so that the backbone is as published; its first layer can project.
        backbone: of `BACKBONES`.
        dilation_rates: of the pyramid, in places of the 1/32 map.
        projection_filters: channels of the skip at 1/4 of the size.
        heads: of "mask" and "fracture"; "fracture" looks at the pyramid's maps.
        name: of the model.

    Returns:
        A model from `image` float32 [B, H, W, 1] in 0..255 to a dict of logits.

    Raises:
        BonefracError: H or W is open or does not divide, or an unknown backbone.
    """
    if backbone not in BACKBONES:
        raise BonefracError(
            f"Backbone {backbone!r}",
            expected=f"one of {', '.join(BACKBONES)}",
            fix="Choose one of them",
        )
    config = {
        "backbone": backbone,
        "dilation_rates": list(dilation_rates),
        "projection_filters": projection_filters,
    }
    return _close("deeplab_v3_plus", config, input_shape, heads=heads, name=name)


def segformer(
    input_shape: Sequence[int] = (256, 256, 1),
    *,
    depths: Sequence[int] = (2, 2, 2, 2),
    embedding_dims: Sequence[int] = (32, 64, 160, 256),
    projection_filters: int = 256,
    heads: Sequence[str] = h.HEADS,
    name: str = "segformer",
) -> keras.Model:
    """Build KerasCV's SegFormer, B0 by default: transformers at four resolutions, a light decoder.

    Xie 2021, arXiv 2105.15203, as `keras_cv.models.SegFormer` has it, from fresh weights.

    Deviations from the paper, KerasCV's: square images only; and the tokens that keys and values
    are made of are folded for their reduction with channels and places in each other's order, so
    that at the first three resolutions attention looks at mixtures, not at regions: scores of this
    network are KerasCV's, not the paper's. Ours: batch normalisation with momentum 0.97; a
    classifier in two linear steps, 16 maps and our mask head; logits, where KerasCV ends in a
    softmax.

    Args:
        input_shape: (H, W, 1), H and W equal multiples of 32; none of them open.
        depths: transformer blocks at each resolution.
        embedding_dims: width at each resolution.
        projection_filters: width of the decoder.
        heads: of "mask" and "fracture"; "fracture" looks at the last resolution's maps.
        name: of the model.

    Returns:
        A model from `image` float32 [B, H, W, 1] in 0..255 to a dict of logits.

    Raises:
        BonefracError: H or W is open or does not divide, or they differ.
    """
    if input_shape[0] != input_shape[1]:
        raise BonefracError(
            f"Image size {input_shape[0]}x{input_shape[1]}",
            expected="a square: KerasCV's SegFormer takes equal sides for granted",
            fix="Letterbox the images",
        )
    config = {
        "depths": list(depths),
        "embedding_dims": list(embedding_dims),
        "projection_filters": projection_filters,
    }
    return _close("segformer", config, input_shape, heads=heads, name=name)


def _close(
    network: str,
    config: Mapping[str, Any],
    input_shape: Sequence[int],
    *,
    heads: Sequence[str],
    name: str,
) -> keras.Model:
    if None in input_shape:
        raise BonefracError(
            f"An open image size {tuple(input_shape)}",
            expected=f"multiples of {_STRIDE}; KerasCV's layers ask for the size when built",
            fix="Build it for one size: the same weights fit every other",
        )
    check_size(input_shape[:2], stride=_STRIDE)
    image = keras.Input(tuple(input_shape), name=IMAGE)
    x = kl.Rescaling(1 / 127.5, offset=-1, name="rescale")(image)
    x = kl.Concatenate(name="three_channels")([x, x, x])
    grid, bottom = KerasCVNetwork(network, config, name=network)(x)
    return h.model(image, [grid, bottom], heads=heads, name=name)


@keras.saving.register_keras_serializable("bonefrac")
class KerasCVNetwork(kl.Layer):
    """A segmentation network of KerasCV: [B, H, W, 3] -> maps [B, H, W, 16] and the deepest ones.

    One layer, rebuilt from its own arguments: of KerasCV's layers, `HardSigmoidActivation` and
    `HierarchicalTransformerEncoder` do not load from the configuration that they save.

    Args:
        network: "deeplab_v3_plus" or "segformer".
        config: the arguments of that builder which are not ours.
    """

    def __init__(self, network: str, config: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.network, self.config = network, dict(config)

    def build(self, input_shape: Any) -> None:
        """Let KerasCV build the network."""
        self.inner = _NETWORKS[self.network](tuple(input_shape[1:]), **self.config)
        for layer in self.inner._flatten_layers():
            if isinstance(layer, kl.BatchNormalization):
                layer.momentum = _MOMENTUM

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """[B, H, W, 3] -> [B, H, W, 16] and [B, H / 32, W / 32, C]."""
        # Never None: keras.layers.Resizing, which both networks use, has a default of True that
        # Keras 3.15 hands on to all layers behind it; an export would normalise as in training.
        return self.inner(inputs, training=bool(training))

    def get_config(self) -> dict[str, Any]:
        """Keras' configuration."""
        return {**super().get_config(), "network": self.network, "config": self.config}


def _deeplab_v3_plus(
    shape: Shape, *, backbone: str, dilation_rates: list[int], projection_filters: int
) -> keras.Model:
    import keras_cv

    kind, config = BACKBONES[backbone]
    pyramid = keras_cv.layers.SpatialPyramidPooling(dilation_rates=dilation_rates)
    task = keras_cv.models.DeepLabV3Plus(
        backbone=getattr(keras_cv.models, kind)(
            **config, include_rescaling=False, input_shape=shape
        ),
        num_classes=_MAPS,
        projection_filters=projection_filters,
        spatial_pyramid_pooling=pyramid,
        segmentation_head=keras.Sequential(
            [
                kl.Conv2D(256, 1, use_bias=False),
                kl.BatchNormalization(),
                kl.ReLU(),
                kl.Conv2D(_MAPS, 1, use_bias=False),
                kl.UpSampling2D(4, interpolation="bilinear"),
            ]
        ),
    )
    return keras.Model(task.input, [task.output, pyramid.output])


def _segformer(
    shape: Shape, *, depths: list[int], embedding_dims: list[int], projection_filters: int
) -> keras.Model:
    import keras_cv

    task = keras_cv.models.SegFormer(
        backbone=keras_cv.models.MiTBackbone(
            depths=depths,
            embedding_dims=embedding_dims,
            include_rescaling=False,
            input_shape=shape,
        ),
        num_classes=_MAPS,
        projection_filters=projection_filters,
    )
    task.layers[-2].activation = keras.activations.linear  # of the classifier: no softmax here
    bottom = task.get_layer(f"linear_{embedding_dims[-1]}").input
    return keras.Model(task.input, [task.output, bottom])


_NETWORKS: Mapping[str, Callable[..., keras.Model]] = {
    "deeplab_v3_plus": _deeplab_v3_plus,
    "segformer": _segformer,
}
