"""Read a TFRecord shard to its end, past what is damaged in it."""

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import tensorflow as tf
from tensorflow.python.lib.io.tf_record import tf_record_random_reader

# A record is its length (8 bytes), the length's checksum (4), the payload and its checksum (4).
_HEADER = struct.Struct("<QI")
_CHECKSUM = 4


class Raw(NamedTuple):
    """What lies in the place of one record.

    Attributes:
        number: in the shard, from 0.
        payload: the serialised example, b"" where it is damaged.
        damage: what is wrong with it, "" if nothing.
    """

    number: int
    payload: bytes = b""
    damage: str = ""


def read_shard(path: Path) -> Iterator[Raw]:
    """Every record in its order; behind a damaged length or a cut nothing can be found any more.

    Args:
        path: a TFRecord file, not compressed.
    """
    size = path.stat().st_size
    reader = tf_record_random_reader(str(path))
    offset, number = 0, 0
    while offset < size:
        try:
            payload, offset = reader.read(offset)
            yield Raw(number, payload)
        except (tf.errors.DataLossError, IndexError):  # the latter within a header
            damage, following = _damage(path, offset, size)
            yield Raw(number, damage=damage)
            offset = following
        number += 1


def _damage(path: Path, offset: int, size: int) -> tuple[str, int]:
    """What is wrong with the record at `offset`, and where the next one begins."""
    header = _bytes_at(path, offset, _HEADER.size)
    if len(header) < _HEADER.size:
        return f"the shard is cut short: {len(header)} bytes of it are left", size
    length, checksum = _HEADER.unpack(header)
    if masked_crc32c(header[:8]) != checksum:
        lost = size - offset
        return f"its length is damaged: {lost} bytes from here to the end cannot be read", size
    end = offset + _HEADER.size + length + _CHECKSUM
    if end > size:
        return f"the shard is cut short: {end - size} bytes of it are missing", size
    return "its payload does not match its checksum", end


def _bytes_at(path: Path, offset: int, count: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offset, os.SEEK_SET)
        return file.read(count)


def masked_crc32c(data: bytes) -> int:
    """The checksum of a TFRecord: CRC-32C (RFC 3720), rotated by 15 bits, plus a constant."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
