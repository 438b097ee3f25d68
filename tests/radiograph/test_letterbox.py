"""The letterbox keeps aspect, values and places, and its inverse brings all of them back."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bonefrac.radiograph.letterbox import Letterbox, fit, resize, resize_nearest

sides = st.integers(1, 600)
squares = st.integers(1, 600)


@st.composite
def boxes(draw):
    return Letterbox(draw(sides), draw(sides), draw(squares))


def inside(box, square):
    (top, left), (height, width) = box.offset, box.inner
    return square[top : top + height, left : left + width]


@given(boxes())
def test_the_picture_fits_and_touches_two_opposite_sides(box):
    height, width = box.inner
    assert max(height, width) == box.size
    assert min(height, width) >= 1


@given(boxes())
def test_the_aspect_is_kept_within_half_a_pixel(box):
    scale = box.size / max(box.height, box.width)
    for inner, side in zip(box.inner, (box.height, box.width), strict=True):
        assert abs(inner - side * scale) <= 0.5 or (inner == 1 and side * scale < 1)


@given(boxes())
def test_the_picture_lies_in_the_middle(box):
    for margin, inner in zip(box.offset, box.inner, strict=True):
        assert 0 <= (box.size - inner - margin) - margin <= 1


def test_a_square_of_the_same_size_is_left_alone():
    image = np.random.default_rng(0).random((96, 96), np.float32)
    box = Letterbox(96, 96, 96)
    assert (box.apply(image) == image).all()
    assert (box.invert(image) == image).all()


@given(boxes(), st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=9))
def test_points_come_back_exactly(box, shares):
    points = np.array(shares) * (box.height, box.width)
    assert np.allclose(box.to_image(box.to_square(points)), points, rtol=0, atol=1e-9)


@given(boxes())
def test_corners_of_the_picture_become_corners_of_its_place_in_the_square(box):
    corners = np.array([[0, 0], [box.height, box.width]])
    expected = np.array([box.offset, np.add(box.offset, box.inner)])
    assert np.allclose(box.to_square(corners), expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize(("height", "width", "size"), [(373, 454, 224), (300, 200, 512)])
def test_a_point_and_the_picture_move_alike(height, width, size):
    y, x = np.mgrid[:height, :width] + 0.5
    box = Letterbox(height, width, size)
    for point in np.array([[50.5, 70.0], [250.0, 111.5]]):
        spot = np.exp(-((y - point[0]) ** 2 + (x - point[1]) ** 2) / 100)
        square = box.apply(spot)
        rows, columns = np.mgrid[:size, :size] + 0.5
        centre = [(square * axis).sum() / square.sum() for axis in (rows, columns)]
        assert np.allclose(centre, box.to_square(point[None])[0], atol=0.05)


def waves(height, width, phase):
    y, x = (np.arange(height) + 0.5) / height, (np.arange(width) + 0.5) / width
    return 127 + 60 * np.cos(np.pi * y[:, None] + phase) + 60 * np.cos(np.pi * x + 2 * phase)


@given(st.integers(40, 600), st.integers(40, 600), st.integers(32, 600), st.floats(0, 6))
@settings(max_examples=60)
def test_a_smooth_picture_comes_back(height, width, size, phase):
    box = Letterbox(height, width, size)
    assume(min(box.inner) >= 32)
    image = waves(height, width, phase)
    error = np.abs(box.invert(box.apply(image)) - image)
    assert error.max() < 6
    assert error.mean() < 0.5


@given(boxes(), st.floats(1, 255))
@settings(max_examples=60)
def test_a_constant_picture_stays_constant_on_black(box, level):
    square = box.apply(np.full((box.height, box.width), level))
    assert square.dtype == np.float32
    assert square.shape == (box.size, box.size)
    assert np.allclose(inside(box, square), level, atol=1e-2)
    assert np.count_nonzero(square) == np.prod(box.inner)
    assert np.allclose(box.invert(square), level, atol=1e-2)


@given(boxes(), st.integers(0, 99))
@settings(max_examples=60)
def test_a_mask_keeps_its_type_and_gets_no_new_value(box, seed):
    values = np.random.default_rng(seed).choice([1, 7, 200], (box.height, box.width))
    mask = values.astype(np.uint8)
    square = box.apply_mask(mask)
    assert square.dtype == np.uint8
    assert set(np.unique(inside(box, square))) <= set(np.unique(mask))
    assert np.count_nonzero(square) == np.prod(box.inner)


@given(st.integers(1, 80), st.integers(1, 80), st.integers(1, 6))
@settings(max_examples=40)
def test_a_mask_enlarged_by_a_whole_factor_repeats_its_pixels(height, width, factor):
    mask = np.random.default_rng(0).integers(0, 2, (height, width), dtype=np.uint8)
    large = resize_nearest(mask, height * factor, width * factor)
    assert (large == np.kron(mask, np.ones((factor, factor), np.uint8))).all()


@pytest.mark.parametrize("factor", [2, 3, 5])
def test_shrinking_averages_instead_of_skipping(factor):
    stripes = np.zeros((60, 60))
    stripes[:, ::factor] = 255
    assert np.allclose(resize(stripes, 60 // factor, 60 // factor)[:, 2:-2], 255 / factor, atol=30)


@given(sides, sides, squares)
def test_fit_turns_with_the_picture(height, width, size):
    assert fit(height, width, size) == fit(width, height, size)[::-1]
