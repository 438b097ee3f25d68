"""Sizes of lesions are those of the patient, by rows and columns, or there are none."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist

from bonefrac.inference.lesions import lesions
from bonefrac.radiograph.radiograph import Spacing


def boxes_of(mask, spacing=None):
    return lesions(np.asarray(mask, float), 0.5, spacing=spacing)[1]


@settings(deadline=None)  # the first example imports SciPy
@given(
    height=st.integers(2, 40),
    width=st.integers(2, 40),
    row=st.floats(0.05, 2),
    column=st.floats(0.05, 2),
)
def test_rectangle_has_the_size_of_its_rows_and_columns(height, width, row, column):
    mask = np.zeros((50, 60))
    mask[3 : 3 + height, 4 : 4 + width] = 1
    (box,) = boxes_of(mask, Spacing(row, column, "calibrated"))
    assert box.area == height * width
    assert box.height_mm == pytest.approx(height * row)
    assert box.width_mm == pytest.approx(width * column)
    assert box.length_mm == pytest.approx(math.hypot(height * row, width * column))
    assert box.area_mm2 == pytest.approx(height * row * width * column)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 2**32 - 1), row=st.floats(0.05, 2), column=st.floats(0.05, 2))
def test_length_is_that_between_all_corners_of_all_pixels(seed, row, column):
    mask = np.random.default_rng(seed).random((9, 12)) > 0.6
    for box in boxes_of(mask, Spacing(row, column, "magnification")):
        whole, _ = lesions(mask.astype(float), 0.5)
        part = np.zeros_like(whole)
        rows, columns = slice(box.y, box.y + box.height), slice(box.x, box.x + box.width)
        part[rows, columns] = whole[rows, columns]
        if part.sum() != box.area:  # another lesion reaches into the box
            continue
        pixels = np.argwhere(part)
        corners = np.concatenate([pixels + np.array((y, x)) for y in (0, 1) for x in (0, 1)])
        assert box.length_mm == pytest.approx(pdist(corners * (row, column)).max())


@pytest.mark.parametrize("provenance", ["detector", "scanned film", "unstated"])
def test_no_size_where_the_spacing_is_not_that_of_the_patient(provenance):
    (box,) = boxes_of(np.ones((8, 8)), Spacing(0.2, 0.2, provenance))
    assert box.area == 64
    assert box.width_mm is box.height_mm is box.length_mm is box.area_mm2 is None


def test_no_size_without_a_spacing():
    assert boxes_of(np.ones((8, 8)))[0].to_json().keys() == {
        *("x", "y", "width", "height", "score", "area")
    }
