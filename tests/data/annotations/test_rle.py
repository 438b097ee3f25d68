"""Run-length masks are read as COCO's own tools write them."""

import numpy as np
import pytest

from bonefrac.data.annotations.rle import decode, patch

# A square of 5 x 5 on 25 x 25, as pycocotools squeezes [130, 5, 20, 5, 20, 5, 20, 5, 20, 5, 390].
SQUARE = "R45d00000000b;"


def test_a_published_empty_mask():
    # waspinator in cocodataset/cocoapi #135
    assert decode({"counts": "b1", "size": [5, 10]}) == (None, (5, 10))


def test_a_published_mask_with_one_row_of_runs():
    # lsrock1 in facebookresearch/maskrcnn-benchmark #903, uncompressed.
    counts = [6, 1, 40, 4, 5, 4, 5, 4, 21]
    found, size = decode({"counts": counts, "size": [9, 10]})
    assert size == (9, 10)
    whole = np.zeros((9, 10), int)
    whole[6, 0] = 1
    whole[2:6, 5] = whole[2:6, 6] = whole[2:6, 7] = 1
    shown = np.zeros_like(whole)
    height, width = found.pixels.shape
    shown[found.top : found.top + height, found.left : found.left + width] = found.pixels
    assert (shown == whole).all()


def test_a_published_string():
    found, _ = decode({"counts": SQUARE, "size": [25, 25]})
    assert (found.left, found.top) == (5, 5)
    assert found.pixels.tolist() == [[1] * 5] * 5


def test_a_string_that_is_cut_short_is_refused():
    with pytest.raises(ValueError, match="runs of 235 pixels for 25x25"):
        decode({"counts": SQUARE[:-2], "size": [25, 25]})
    with pytest.raises(ValueError, match="cut short"):
        decode({"counts": SQUARE[:-1], "size": [25, 25]})


@pytest.mark.parametrize(
    "rle",
    [
        {"counts": [3, 4], "size": [2, 3]},
        {"counts": [-1, 7], "size": [2, 3]},
        {"counts": [6.0], "size": [2, 3]},
        {"counts": [10**12], "size": [10**6, 10**6]},
        {"counts": "~", "size": [2, 3]},
        {"counts": "b", "size": [2, 3]},
        {"counts": "ooooooooooooooooooooo1", "size": [2, 3]},
        {"counts": [], "size": [0, 0]},
    ],
    ids=str,
)
def test_impossible_runs_are_refused(rle):
    with pytest.raises(ValueError, match="run"):
        decode(rle)


def test_a_patch_is_cut_to_what_is_painted():
    mask = np.zeros((7, 9), bool)
    mask[2:4, 5] = True
    found = patch(mask, left=10, top=20)
    assert (found.left, found.top, found.pixels.tolist()) == (15, 22, [[1], [1]])
    assert patch(np.zeros((3, 3))) is None
