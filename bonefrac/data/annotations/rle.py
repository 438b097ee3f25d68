"""COCO's run-length masks, compressed or not, into pixels."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from bonefrac.data.outlines import Patch
from bonefrac.radiograph.reader import MAX_PIXELS


def decode(rle: dict[str, Any]) -> tuple[Patch | None, tuple[int, int]]:
    """Pixels of a run-length mask, cut to what is painted, and height and width of the whole.

    Runs go down the columns, zeros first (cocodataset/cocoapi, common/maskApi.c).

    Args:
        rle: `size` [height, width] and `counts`, a list or compressed text.

    Raises:
        ValueError: the runs do not fill the size.
    """
    height, width = (int(side) for side in rle["size"])
    if height < 1 or width < 1 or height * width > MAX_PIXELS:
        raise ValueError(f"a run-length mask of {height}x{width}")
    counts = rle["counts"]
    runs = np.array(_decompress(counts) if isinstance(counts, str) else _listed(counts), np.int64)
    if (runs < 0).any() or runs.sum() != height * width:
        raise ValueError(f"runs of {runs.sum()} pixels for {height}x{width}")
    values = np.arange(len(runs), dtype=np.uint8) % 2
    mask = np.repeat(values, runs).reshape(width, height).T
    return patch(mask), (height, width)


def patch(mask: np.ndarray, *, left: int = 0, top: int = 0) -> Patch | None:
    """The painted part of a mask that begins at a pixel; None if there is none."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return None
    cut = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return Patch(left + int(columns[0]), top + int(rows[0]), (cut != 0).astype(np.uint8))


def _listed(counts: Sequence[Any]) -> list[int]:
    if not all(isinstance(count, int) and abs(count) <= MAX_PIXELS for count in counts):
        raise ValueError("runs that are no whole numbers")
    return list(counts)


def _decompress(text: str) -> list[int]:
    """Six bits a character from "0": five of a number, one for more; then differences."""
    counts: list[int] = []
    value = shift = 0
    for character in text:
        bits = ord(character) - 48
        if not 0 <= bits < 64 or shift > 30:
            raise ValueError(f"the character {character!r} in a run-length mask")
        value |= (bits & 31) << shift
        shift += 5
        if not bits & 32:
            if bits & 16:
                value -= 1 << shift
            # From the fourth run on, each is written as the difference from the one before last.
            counts.append(value + (counts[-2] if len(counts) > 2 else 0))
            value = shift = 0
    if shift:
        raise ValueError("a run-length mask that is cut short")
    return counts
