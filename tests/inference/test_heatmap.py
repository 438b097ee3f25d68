"""A map over a radiograph: nothing covered, no colour where there is nothing, a scale beside it."""

import numpy as np
import pytest

from bonefrac.inference.heatmap import draw_heat


def heat(height, width):
    values = np.zeros((height, width), np.float32)
    values[: height // 2, : width // 2] = np.linspace(0, 5, width // 2)
    return values


def gray(height, width):
    return np.random.default_rng(0).uniform(20, 235, (height, width)).astype(np.float32)


def drawn(height, width, values=None, **more):
    values = heat(height, width) if values is None else values
    words = {"title": "A map of something", "highest": float(values.max()), **more}
    return draw_heat(gray(height, width), values, **words)


@pytest.mark.parametrize("size", [(16, 16), (60, 400), (400, 60), (300, 500)])
def test_the_radiograph_is_whole_and_gray_where_the_map_is_zero(size):
    height, width = size
    page = drawn(height, width)
    inside = page[-height:, :width]
    cold = heat(height, width) == 0
    np.testing.assert_array_equal(
        inside[cold], np.rint(gray(height, width)[cold])[:, None] + [0] * 3
    )
    assert page.shape[1] > max(width, 360)  # with its bar, and room for a title


def test_a_hotter_pixel_is_more_coloured_and_the_bone_still_shows():
    page = drawn(300, 500)[-300:, :500].astype(int)
    colour = (page.max(axis=2) - page.min(axis=2))[:150, :250].mean(axis=0)
    assert colour[200] > colour[100] > colour[20] > 0
    hot, bone = page[:150, 230:250].sum(axis=2), gray(300, 500)[:150, 230:250]
    assert np.corrcoef(hot.ravel(), bone.ravel())[0, 1] > 0.9


def test_an_empty_map_says_so_and_colours_nothing():
    empty = np.zeros((200, 300), np.float32)
    page = drawn(200, 300, empty)
    inside = page[-200:, :300]
    assert (inside.max(axis=2) == inside.min(axis=2)).all()
    assert len(page) > len(drawn(200, 300))  # one more line of words


def test_a_fixed_scale_keeps_a_small_value_small():
    low = np.full((100, 400), 0.01, np.float32)
    faint = drawn(100, 400, low, highest=1.0)[-100:, :400].astype(int)
    full = drawn(100, 400, low)[-100:, :400].astype(int)
    assert np.ptp(faint, axis=2).max() <= 4 < np.ptp(full, axis=2).min()
