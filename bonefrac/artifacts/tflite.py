"""TFLite: batch 1, builtin operations only, one signature, the card inside."""

import io
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from ai_edge_litert import schema_py_generated as flat
from ai_edge_litert.tools import flatbuffer_utils

from bonefrac import schema
from bonefrac.artifacts.serving import serving_model
from bonefrac.errors import BonefracError
from bonefrac.inference.card import Card
from bonefrac.models.heads import ANSWERING
from bonefrac.quiet import quiet_stderr

QUANTIZATIONS = ("none", "float16", "dynamic", "int8")
CALIBRATION_IMAGES = 100


def write_tflite(
    model: keras.Model, card: Card, path: Path, *, quantize: str, calibration: np.ndarray
) -> None:
    """Convert and write one file.

    Inputs and outputs stay float32 whatever the quantization: signature `serve_tensor`, `image`
    [1, S, S, 1] in 0..255 -> `mask_probability` [1, S, S, 1], `fracture_probability` [1, 1].

    Args:
        model: from `image` to logits.
        card: of the model; goes into the metadata `bonefrac_card`.
        path: to create.
        quantize: "none", "float16" (weights), "dynamic" (int8 weights) or "int8" (activations too,
            but for the heads).
        calibration: float32 [N, S, S] squares to find the range of the activations, for "int8".

    Raises:
        BonefracError: the network has operations that plain TFLite does not.
    """
    size = card.image_size
    archive = keras.export.ExportArchive()
    image = tf.TensorSpec((1, size, size, 1), tf.float32, name=schema.IMAGE)
    archive.track_and_add_endpoint(
        schema.SERVE_TENSOR, serving_model(model, card), input_signature=[image]
    )
    with tempfile.TemporaryDirectory() as scratch, quiet_stderr(), redirect_stdout(io.StringIO()):
        archive.write_out(scratch, verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(
            scratch, signature_keys=[schema.SERVE_TENSOR]
        )
        # Without this restriction a file may come out that only the Flex delegate can run.
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        try:
            content = _convert(converter, quantize, calibration)
        except Exception as error:  # the converter raises a private class
            raise BonefracError(
                f"{card.preset} does not convert ({str(error).splitlines()[0]})",
                expected="TFLite builtin operations",
                fix="Choose another preset or quantization",
            ) from error
    path.write_bytes(_with_metadata(content, card))


def _convert(converter: tf.lite.TFLiteConverter, quantize: str, calibration: np.ndarray) -> bytes:
    if quantize == "int8":
        return _convert_to_integers(converter, partial(_representative, calibration))
    if quantize != "none":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if quantize == "float16":
        converter.target_spec.supported_types = [tf.float16]
    return bytes(converter.convert())


def _convert_to_integers(
    converter: tf.lite.TFLiteConverter, examples: Callable[[], Iterator[dict[str, np.ndarray]]]
) -> bytes:
    """Everything but the heads: a sigmoid of integers has 256 values, and none below 0.002."""
    heads = [name for name in _operations(bytes(converter.convert())) if _answers(name)]
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = examples
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    options = tf.lite.experimental.QuantizationDebugOptions(
        denylisted_nodes=heads, denylisted_ops=["LOGISTIC"]
    )
    # TensorFlow's tool for finding layers that do not bear integers; it also leaves them out.
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*tf.lite.Interpreter is deprecated.*")
        quantizer = tf.lite.experimental.QuantizationDebugger(
            converter=converter, debug_dataset=examples, debug_options=options
        )
        return bytes(quantizer.get_nondebug_quantized_model())


def _operations(content: bytes) -> list[str]:
    """The names of all operations, which are those of their first results."""
    (graph,) = flat.ModelT.InitFromObj(flat.Model.GetRootAs(content, 0)).subgraphs
    return [graph.tensors[each.outputs[0]].name.decode() for each in graph.operators]


def _answers(operation: str) -> bool:
    """Whether an operation belongs to a head: `unet_1/mask_logits_1/Add;...` does."""
    return any(f"/{layer}" in operation for layer in ANSWERING)


def _representative(squares: np.ndarray) -> Iterator[dict[str, np.ndarray]]:
    for square in squares[:CALIBRATION_IMAGES]:
        yield {schema.IMAGE: square[None, ..., None].astype(np.float32)}


def _with_metadata(content: bytes, card: Card) -> bytes:
    model = flatbuffer_utils.read_model_from_bytearray(bytearray(content))
    buffer = flat.BufferT()
    buffer.data = np.frombuffer(card.to_json().encode("utf-8"), np.uint8)
    entry = flat.MetadataT()
    entry.name, entry.buffer = schema.CARD_METADATA, len(model.buffers)
    model.buffers.append(buffer)
    model.metadata = [*(model.metadata or []), entry]
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))
