"""What one image costs: multiply-accumulates of a network, counted layer by layer."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import keras
from keras import layers as kl

from bonefrac.errors import BonefracError
from bonefrac.models.baselines import KerasCVNetwork
from bonefrac.models.layers import AttentionMix, AttentionWeights
from bonefrac.quiet import quiet_stderr

Shape = tuple[Any, ...]
_PRODUCTS = ("Conv2D", "DepthwiseConv2dNative", "MatMul", "BatchMatMulV2")  # TensorFlow's names


def count_macs(model: keras.Model) -> int:
    """Multiply-accumulates for one image, of the convolutions, dense layers and attention.

    A layer that is applied three times counts three times. What runs once an element or less
    (normalisation, activations, resizing, pooling) is left out, as is usual.

    Args:
        model: functional, of a fixed image size.

    Raises:
        BonefracError: the image size is open, or a layer has a kernel and no rule here.
    """
    return sum(sum(macs) for macs in layer_macs(model).values())


def layer_macs(model: keras.Model) -> dict[str, list[int]]:
    """Multiply-accumulates of each layer by name, one entry for each time it is applied.

    Args:
        model: functional, of a fixed image size.

    Raises:
        BonefracError: the image size is open, or a layer has a kernel and no rule here.
    """
    found: dict[str, list[int]] = defaultdict(list)
    for layer, shapes in _applications(model):
        found[layer.name].append(_macs(layer, shapes))
    return found


def graph_macs(network: Callable[..., Any], shape: Shape) -> int:
    """Multiply-accumulates for one image, counted by TensorFlow in its own graph.

    For KerasCV's networks: they nest layers in layers, which no configuration lists.

    Args:
        network: called with a batch and `training=False`.
        shape: of its input, without the batch.

    Raises:
        BonefracError: Keras runs on another backend.
    """
    if keras.backend.backend() != "tensorflow":
        raise BonefracError(
            f"A network of KerasCV on the {keras.backend.backend()} backend",
            expected="TensorFlow, whose graphs can be counted",
            fix="Set KERAS_BACKEND=tensorflow",
        )
    import tensorflow as tf

    call = tf.function(lambda x: network(x, training=False))
    graph = call.get_concrete_function(tf.TensorSpec((1, *shape))).graph
    builder = tf.compat.v1.profiler.ProfileOptionBuilder
    options = builder(builder.float_operation()).with_accounted_types(list(_PRODUCTS))
    with quiet_stderr():  # it calls itself outdated; TensorFlow has no newer counter
        found = tf.compat.v1.profiler.profile(
            graph, cmd="op", options=options.with_empty_output().build()
        )
    return found.total_float_ops // 2


def _applications(model: keras.Model) -> Iterator[tuple[keras.Layer, list[Shape]]]:
    # The configuration is Keras' public account of a graph: each node of each layer, with shapes.
    layers = {layer.name: layer for layer in model.layers}
    for entry in model.get_config()["layers"]:
        for node in entry["inbound_nodes"]:
            shapes = [tuple(shape[1:]) for shape in _shapes([node["args"], node["kwargs"]])]
            if entry["name"] in layers:
                yield layers[entry["name"]], shapes


def _shapes(node: Any) -> Iterator[list[int | None]]:
    if isinstance(node, Mapping):
        if node.get("class_name") == "__keras_tensor__":
            yield node["config"]["shape"]
        else:
            yield from _shapes(list(node.values()))
    elif isinstance(node, list | tuple):
        for part in node:
            yield from _shapes(part)


def _macs(layer: keras.Layer, shapes: list[Shape]) -> int:
    for kind, rule in _RULES.items():
        if isinstance(layer, kind):
            if any(side is None for shape in shapes for side in shape):
                raise BonefracError(
                    f"Layer {layer.name} of an open size {shapes}",
                    expected="a network of a fixed image size",
                    fix="Build it with an image_size",
                )
            return rule(layer, shapes)
    if getattr(layer, "kernel", None) is not None:
        raise BonefracError(
            f"Layer {layer.name} is a {type(layer).__name__}",
            expected=f"one of {', '.join(kind.__name__ for kind in _RULES)}",
            fix="Add its rule to bonefrac.models.macs",
        )
    return 0


def _convolution(layer: kl.Conv2D, shapes: list[Shape]) -> int:
    _, height, width, _ = layer.compute_output_shape((1, *shapes[0]))
    return height * width * math.prod(layer.kernel.shape)


def _transposed(layer: kl.Conv2DTranspose, shapes: list[Shape]) -> int:
    height, width, _ = shapes[0]
    return height * width * math.prod(layer.kernel.shape)


def _dense(layer: kl.Dense, shapes: list[Shape]) -> int:
    return math.prod(shapes[0]) * layer.units


def _weights(layer: AttentionWeights, shapes: list[Shape]) -> int:
    (queries, dim), (keys, _) = shapes
    return queries * keys * dim


def _mix(layer: AttentionMix, shapes: list[Shape]) -> int:
    (_, queries, keys), (_, dim) = shapes
    return queries * keys * dim


def _kerascv(layer: KerasCVNetwork, shapes: list[Shape]) -> int:
    return graph_macs(layer.inner, shapes[0])


_RULES: Mapping[Any, Callable[[Any, list[Shape]], int]] = {
    kl.Conv2D: _convolution,
    kl.DepthwiseConv2D: _convolution,
    kl.Conv2DTranspose: _transposed,
    kl.Dense: _dense,
    AttentionWeights: _weights,
    AttentionMix: _mix,
    KerasCVNetwork: _kerascv,
}
