"""What is wrong with a set of radiographs: copies of one another, pictures cut short."""

from collections.abc import Iterator

import numpy as np

from bonefrac.radiograph.letterbox import resize

THUMBNAIL_SIDE = 64
# On FracAtlas' 3,486 readable files, correlation of 64x64 thumbnails above this finds 73 of the 83
# published near-duplicate pairs and no other pair; 0.975 finds 2 more, and 12 that are not.
NEAR_DUPLICATE_CORRELATION = 0.98
_BLOCK = 8  # JPEG codes 8x8 blocks
_LIBJPEG_FILLER = 128  # all coefficients 0; none of FracAtlas' 3,486 pictures ends in it
_CHUNK = 2048  # rows of the correlation matrix held at once


def thumbnail(pixels: np.ndarray) -> np.ndarray:
    """[H, W] -> float32 [64 * 64] of mean 0 and length 1 (all 0 for a blank picture)."""
    small = resize(pixels, THUMBNAIL_SIDE, THUMBNAIL_SIDE).ravel()
    small = small - small.mean()
    norm = np.linalg.norm(small)
    return small / norm if norm > 1e-3 else np.zeros_like(small)


def near_duplicates(
    thumbnails: np.ndarray, *, threshold: float = NEAR_DUPLICATE_CORRELATION
) -> list[tuple[int, int]]:
    """Pairs (i, j), i < j, that show the same picture, also turned by 90 degrees or mirrored.

    Args:
        thumbnails: [N, 64 * 64], rows as `thumbnail` makes them.
        threshold: of the correlation of two thumbnails.
    """
    pairs: set[tuple[int, int]] = set()
    for turned in _orientations(thumbnails):
        for start in range(0, len(thumbnails), _CHUNK):
            close = turned[start : start + _CHUNK] @ thumbnails.T > threshold
            pairs.update((start + i, j) for i, j in np.argwhere(close).tolist() if start + i < j)
    return sorted(pairs)


def _orientations(thumbnails: np.ndarray) -> Iterator[np.ndarray]:
    square = thumbnails.reshape(-1, THUMBNAIL_SIDE, THUMBNAIL_SIDE)
    for mirrored in (square, square[:, :, ::-1]):
        for quarter in range(4):
            yield np.rot90(mirrored, quarter, axes=(1, 2)).reshape(thumbnails.shape)


def filler_share(pixels: np.ndarray) -> float:
    """Share of the height that is filler, 0..1: what a decoder left where a JPEG was cut short.

    A file that was cut, decoded and encoded again is whole, but its lowest rows repeat one 8x8
    block: textured, or mid-gray as libjpeg leaves it. A plain border of any other gray (a film's
    edge, a collimator) is not counted.

    Args:
        pixels: [H, W] as decoded, neither scaled nor turned.
    """
    columns = pixels.shape[1] // _BLOCK * _BLOCK
    rows = _first_filler_row(pixels[:, :columns])
    return 1 - rows / pixels.shape[0]


def _first_filler_row(pixels: np.ndarray) -> int:
    height = pixels.shape[0]
    whole = height // _BLOCK * _BLOCK
    if whole < 2 * _BLOCK or pixels.shape[1] < 2 * _BLOCK:
        return height
    blocks = pixels[:whole].reshape(whole // _BLOCK, _BLOCK, -1, _BLOCK).swapaxes(1, 2)
    last = blocks[-1, 0]
    if np.ptp(last) < 2 and np.abs(last - _LIBJPEG_FILLER).max() > 1:
        return height
    # A copy of a copy rounds anew: one gray level of tolerance.
    same = (np.abs(blocks - last) <= 1).all(axis=(1, 2, 3))
    run = len(same) if same.all() else int(np.argmin(same[::-1]))
    return height if run < 2 else whole - run * _BLOCK
