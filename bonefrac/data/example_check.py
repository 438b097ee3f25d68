"""What can be wrong with one record of a shard by itself."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from bonefrac import schema
from bonefrac.data.shards import Raw

_KINDS = {tf.string: "bytes_list", tf.int64: "int64_list", tf.float32: "float_list"}
_LABELS = (schema.FRACTURE, schema.ABNORMALITY, schema.HARDWARE)
_FLAGS = (schema.HAS_MASK, schema.MASK_COARSE)


@dataclass
class Checked:
    """A record that was looked at.

    Attributes:
        number: in the shard, from 0.
        id: of its example, "" where it cannot be read; likewise `group`.
        wrong: what is wrong with it.
    """

    number: int
    id: str = ""
    group: str = ""
    wrong: list[str] = field(default_factory=list)


def check_record(raw: Raw, *, spec: tfds.features.FeaturesDict) -> Checked:
    """Its checksum, the keys and types of its example, the values, the pictures.

    Args:
        raw: as `read_shard` gives it.
        spec: the features that the example should have.
    """
    if raw.damage:
        return Checked(raw.number, wrong=[raw.damage])
    try:
        example = tf.train.Example.FromString(raw.payload)
    except Exception as error:  # google.protobuf.message.DecodeError, whose package has no types
        return Checked(raw.number, wrong=[f"is no tf.train.Example ({error})"])
    values, wrong = _values(example, spec)
    checked = Checked(raw.number, _text(values, schema.ID), _text(values, schema.GROUP), wrong)
    if not wrong:
        wrong += [*_wrong_labels(values), *_wrong_pictures(values, spec)]
    return checked


def _values(example: Any, spec: Any) -> tuple[dict[str, Any], list[str]]:
    values, wrong = {}, []
    held = example.features.feature
    for key, wanted in spec.tf_example_spec.items():
        kind = _KINDS[wanted.dtype]
        if key not in held:
            wrong.append(f"has no {key}")
        elif held[key].WhichOneof("kind") != kind or len(getattr(held[key], kind).value) != 1:
            wrong.append(f"its {key} is not one value in a {kind}")
        else:
            values[key] = getattr(held[key], kind).value[0]
    wrong += [f"has the unknown key {key}" for key in sorted(set(held) - set(spec))]
    return values, wrong


def _text(values: Mapping[str, Any], key: str) -> str:
    return values.get(key, b"").decode("utf-8", errors="replace")


def _wrong_labels(values: Mapping[str, Any]) -> Iterator[str]:
    for key in _LABELS:
        if values[key] not in (0, 1, schema.UNKNOWN):
            yield f"its {key} is {values[key]}, not 0, 1 or {schema.UNKNOWN}"
    for key in _FLAGS:
        if values[key] not in (0, 1):
            yield f"its {key} is {values[key]}, not 0 or 1"
    age = values[schema.BONE_AGE_MONTHS]
    if not (math.isnan(age) or 0 <= age < math.inf):
        yield f"its {schema.BONE_AGE_MONTHS} is {age}"
    if not values[schema.ID]:
        yield f"its {schema.ID} is empty"


def _wrong_pictures(values: Mapping[str, Any], spec: Any) -> Iterator[str]:
    shown: dict[str, np.ndarray] = {}
    for key in (schema.IMAGE, schema.MASK):
        try:
            shown[key] = spec[key].decode_example(values[key]).numpy()
        except tf.errors.OpError as error:
            yield f"its {key} does not decode ({str(error.message).splitlines()[0][-120:]})"
    if len(shown) < 2:
        return
    image, mask = shown[schema.IMAGE], shown[schema.MASK]
    if image.shape != mask.shape:
        yield f"its mask is {_size(mask)}, its picture {_size(image)}"
    if mask.max(initial=0) > 1:
        yield f"its mask holds {mask.max()}, not only 0 and 1"


def _size(pixels: np.ndarray) -> str:
    return f"{pixels.shape[1]}x{pixels.shape[0]}"
