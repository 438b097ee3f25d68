"""Windows cover every pixel, overlap as asked, and count most in their middle."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bonefrac.radiograph.windows import window_corners, window_starts, window_weights


@given(st.integers(1, 700), st.integers(1, 300), st.floats(0, 0.9))
def test_windows_cover_a_side_and_overlap_at_least_as_asked(side, window, overlap):
    starts = window_starts(side, window, overlap=overlap)
    assert starts[0] == 0
    assert starts[-1] == max(0, side - window)
    steps = np.diff(starts)
    assert (steps > 0).all()
    # Rounding to whole pixels may cost one.
    assert (steps <= max(1, window * (1 - overlap)) + 1).all()
    assert (steps <= window).all()


def test_corners_are_in_reading_order():
    corners = window_corners(20, 30, 10, overlap=0.0)
    assert corners.tolist() == [[0, 0], [0, 10], [0, 20], [10, 0], [10, 10], [10, 20]]


@pytest.mark.parametrize("window", [1, 2, 15, 64])
def test_weights_are_symmetric_largest_amid_and_never_nothing(window):
    weights = window_weights(window)
    assert weights.shape == (window, window)
    np.testing.assert_array_equal(weights, weights[::-1, ::-1])
    np.testing.assert_array_equal(weights, weights.T)
    assert weights.max() == weights[window // 2, window // 2] == 1
    assert weights.min() > 0
