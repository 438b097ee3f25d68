"""Parts of annotation files, read with suspicion: whatever is wrong is told in one line."""

import binascii
import csv
import json
import math
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import numpy as np
from PIL import Image

from bonefrac.errors import BonefracError

# Radiographs have at most some 10,000 pixels a side.
_FARTHEST = 1e6
# What parsing strangers' files raises besides our own errors; RecursionError for nested JSON.
_TROUBLE = (
    *(KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError, OSError),
    *(RecursionError, MemoryError, SyntaxError, ParseError, binascii.Error, zlib.error),
    *(
        csv.Error,
        struct.error,
        EOFError,
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
    ),
)


@contextmanager
def told(path: Path, kind: str) -> Iterator[None]:
    """End whatever goes wrong with a file in a BonefracError that names it.

    Args:
        path: the file.
        kind: what it should be, "COCO file".
    """
    try:
        yield
    except BonefracError:
        raise
    except _TROUBLE as error:
        name = type(error).__name__
        reason = f"no {error}" if isinstance(error, KeyError) else str(error) or name
        raise BonefracError(
            f"{path} is damaged ({reason})", expected=f"a {kind}", fix="Export it again"
        ) from None


def wrong(path: Path, what: str, *, expected: str) -> BonefracError:
    """The error for a file that says something impossible."""
    return BonefracError(f"{path}: {what}", expected=expected, fix="Correct or export it again")


def load_json(path: Path) -> Any:
    """Parse a JSON file."""
    return json.loads(path.read_text(encoding="utf-8-sig"))


def load_json_object(path: Path) -> dict[str, Any]:
    """Parse a JSON file whose outermost value is an object."""
    value = load_json(path)
    if not isinstance(value, dict):
        raise ValueError(f"a {type(value).__name__} instead of an object")
    return value


def number(value: Any) -> float:
    """A finite number, also written as text."""
    if isinstance(value, bool):
        raise ValueError(f"{value} instead of a number")
    result = float(value)
    if not math.isfinite(result) or abs(result) > _FARTHEST:
        raise ValueError(f"the coordinate {value!r:.40}")
    return result


def polygon(points: Any) -> np.ndarray:
    """Points (x, y) as float [N, 2], at least three."""
    outline = np.array([[number(x), number(y)] for x, y in points], float)
    if len(outline) < 3:
        raise ValueError(f"a polygon of {len(outline)} points")
    return outline


def corners(left: Any, top: Any, right: Any, bottom: Any) -> np.ndarray:
    """A box from two opposite corners in either order, as a polygon of four."""
    x, y = sorted((number(left), number(right))), sorted((number(top), number(bottom)))
    return np.array([[x[0], y[0]], [x[1], y[0]], [x[1], y[1]], [x[0], y[1]]], float)


def ellipse(x: Any, y: Any, rx: Any, ry: Any, angle: float = 0.0) -> np.ndarray:
    """An ellipse as a polygon of 128 corners, off by at most 0.03 % of its radius."""
    t = np.linspace(0, 2 * np.pi, 128, endpoint=False)
    u, v = number(rx) * np.cos(t), number(ry) * np.sin(t)
    cos, sin = math.cos(angle), math.sin(angle)
    return np.stack([number(x) + u * cos - v * sin, number(y) + u * sin + v * cos], 1)


def size(height: Any, width: Any) -> tuple[int, int] | None:
    """Height and width of the marked picture; None where they are absent or 0."""
    sides = tuple(int(number(side)) if side is not None else 0 for side in (height, width))
    return (sides[0], sides[1]) if min(sides) > 0 else None


def text(value: Any) -> str:
    """A name; numbers are names too."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(f"{value!r:.40} instead of a name")
    return str(value)
