"""Pictures that were cut short and then encoded again: whole files that end in filler."""

import numpy as np

_BLOCK = 8  # JPEG codes 8x8 blocks
_LIBJPEG_FILLER = 128  # all coefficients 0; none of FracAtlas' 3,486 pictures ends in it


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
