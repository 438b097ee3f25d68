"""What a decoder said about a file, which the file may have made it say: checked, never trusted."""

import json
import math
from typing import Any

import numpy as np

from bonefrac.errors import BonefracError
from bonefrac.radiograph.radiograph import Radiograph, Spacing
from bonefrac.radiograph.reader import MAX_PIXELS
from bonefrac.schema import PIXEL_MAX

_LONGEST_TEXT = 1000


class BadDecoderError(BonefracError):
    """A file did something to its decoder, which must not be asked again."""

    def __init__(self, received: str, *, expected: str = "a radiograph") -> None:
        super().__init__(received, expected=expected, fix="Check where it comes from")


class Answer:
    """The line that a decoder sends before the pixels.

    Args:
        line: of JSON.
        name: of the file.

    Raises:
        BonefracError: that which it tells, or that it is no such line.
    """

    def __init__(self, line: bytes, name: str) -> None:
        self._name = name
        try:
            self._told: dict[str, Any] = dict(json.loads(line))
            if "error" in self._told:
                received, expected, fix = map(_text, self._told["error"])
        except (ValueError, TypeError, RecursionError):
            raise self.forged() from None
        if "error" in self._told:
            raise BonefracError(received, expected=expected, fix=fix)

    def forged(self) -> BadDecoderError:
        """The error of an answer that no decoder of ours gives."""
        return BadDecoderError(f"{self._name} made its decoder answer nonsense")

    @property
    def pixel_bytes(self) -> int:
        """How many bytes of pixels must follow."""
        return math.prod(self._shape()) * 4

    def _shape(self) -> tuple[int, int]:
        rows, columns = (self._told.get(key) for key in ("rows", "columns"))
        if type(rows) is not int or type(columns) is not int or min(rows, columns) <= 0:
            raise self.forged()
        if rows * columns > MAX_PIXELS:
            raise self.forged()
        return rows, columns

    def radiograph(self, pixels: bytearray) -> Radiograph:
        """The radiograph, of checked parts."""
        grays = np.frombuffer(pixels, "<f4").astype(np.float32, copy=False).reshape(self._shape())
        low, high = float(grays.min()), float(grays.max())
        if not (low >= 0 and high <= PIXEL_MAX):  # NaN fails, too
            raise self.forged()
        try:
            return Radiograph(
                grays,
                self._name,
                spacing=_spacing(self._told["spacing"]),
                body_part=_text(self._told["body_part"]),
                view=_text(self._told["view"]),
                laterality=_text(self._told["laterality"]),
                notes=tuple(map(_text, self._told["notes"])),
                colour=_positive(self._told["colour"]),
            )
        except (KeyError, TypeError, ValueError):
            raise self.forged() from None


def _spacing(told: Any) -> Spacing | None:
    if told is None:
        return None
    row, column, provenance = told
    if not (0 < float(row) < math.inf and 0 < float(column) < math.inf):
        raise ValueError
    return Spacing(float(row), float(column), _text(provenance))


def _positive(told: Any) -> float:
    if not 0 <= float(told) < math.inf:
        raise ValueError
    return float(told)


def _text(told: Any) -> str:
    if not isinstance(told, str):
        raise TypeError
    return "".join(letter if letter.isprintable() else " " for letter in told[:_LONGEST_TEXT])
