"""Requests that TensorFlow Serving answers to itself before it takes a model into service.

`assets.extra/tf_serving_warmup_requests` is a TFRecord of `tensorflow.serving.PredictionLog`
(https://www.tensorflow.org/tfx/serving/saved_model_warmup). The package that has these messages is
needed by nobody else, and five fields of length-delimited bytes are all that is in them.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow.core.framework.tensor_pb2 import TensorProto

from bonefrac import schema

WARMUP_FILE = "tf_serving_warmup_requests"
BATCH_SIZES = (1, 2, 4, 8)  # those of export/serving/batching.config
# Field numbers of PredictionLog, PredictLog, PredictRequest, ModelSpec and its map's entries.
_PREDICT_LOG, _REQUEST, _MODEL_SPEC, _INPUTS, _SIGNATURE, _KEY, _VALUE = 6, 1, 1, 2, 3, 1, 2


def write_warmup(folder: Path, *, image_size: int) -> None:
    """Write requests for both signatures, in every batch size.

    Args:
        folder: `assets.extra` of a SavedModel.
        image_size: side of the model's square, pixels.
    """
    with tf.io.TFRecordWriter(str(folder / WARMUP_FILE)) as writer:
        for request in _requests(image_size):
            writer.write(request)


def _requests(image_size: int) -> Iterator[bytes]:
    gray = np.full((image_size, image_size, 1), 128, np.uint8)
    picture = tf.io.encode_jpeg(gray).numpy()
    for count in BATCH_SIZES:
        # One value given for many stands for all: a request is no larger than its picture.
        squares = tf.make_tensor_proto(128.0, shape=(count, image_size, image_size, 1))
        pictures = tf.make_tensor_proto(picture, shape=(count,))
        yield _request(schema.SERVE_TENSOR, schema.IMAGE, squares)
        yield _request(schema.SERVING_DEFAULT, schema.IMAGE_BYTES, pictures)


def _request(signature: str, name: str, tensor: TensorProto) -> bytes:
    spec = _field(_SIGNATURE, signature.encode())
    inputs = _field(_KEY, name.encode()) + _field(_VALUE, tensor.SerializeToString())
    request = _field(_MODEL_SPEC, spec) + _field(_INPUTS, inputs)
    return _field(_PREDICT_LOG, _field(_REQUEST, request))


def _field(number: int, content: bytes) -> bytes:
    """A length-delimited field of a protocol buffer."""
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    low, rest = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + _varint(rest) if rest else bytes([low])
