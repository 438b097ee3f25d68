"""ONNX: the graph by tf2onnx, checked before anybody trusts it, the card inside."""

import contextlib
import io
import logging
from pathlib import Path

import keras
import tensorflow as tf

from bonefrac import schema
from bonefrac.artifacts.serving import serving_model
from bonefrac.errors import BonefracError, reason
from bonefrac.inference.card import Card
from bonefrac.quiet import quiet_stderr

OPSET = 18


def write_onnx(model: keras.Model, card: Card, path: Path) -> None:
    """Convert, check and write one file.

    `image` float32 [N, S, S, 1] in 0..255 -> `mask_probability` [N, S, S, 1],
    `fracture_probability` [N, 1].

    Args:
        model: from `image` to logits.
        card: of the model; goes into the metadata `bonefrac_card`.
        path: to create.

    Raises:
        BonefracError: the extra is not installed, or what comes out is no valid ONNX.
    """
    try:
        import onnx
        import tf2onnx
    except ImportError as error:
        raise BonefracError(
            f"ONNX, but {error.name} is not installed",
            expected="the extra onnx",
            fix="pip install 'bonefrac[onnx]'",
        ) from None
    answers = serving_model(model, card)
    size = card.image_size
    signature = [tf.TensorSpec((None, size, size, 1), tf.float32, name=schema.IMAGE)]
    serve = tf.function(lambda image: answers(image, training=False), input_signature=signature)
    logging.getLogger("tf2onnx").setLevel(logging.CRITICAL)  # it logs each pass, and its errors
    try:
        with quiet_stderr(), contextlib.redirect_stdout(io.StringIO()):
            proto, _ = tf2onnx.convert.from_function(serve, input_signature=signature, opset=OPSET)
        entry = proto.metadata_props.add()
        entry.key, entry.value = schema.CARD_METADATA, card.to_json()
        # An operation that tf2onnx does not know is only logged, and the file is broken.
        onnx.checker.check_model(proto, full_check=True)
    except Exception as error:  # the errors of both have no public class in common
        raise BonefracError(
            f"{card.preset} does not convert ({reason(error)})",
            expected=f"ONNX of opset {OPSET}",
            fix="Choose another preset, or another format",
        ) from None
    path.write_bytes(proto.SerializeToString())
