"""Sliding windows give back what a network says, whatever the picture's size and the overlap."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bonefrac.inference.sliding import slide

W = 16


def constant(windows):
    return {
        "mask": np.full((len(windows), W, W, 1), -3.25, np.float32),
        "fracture": np.full((len(windows), 1), 0.5, np.float32),
    }


def identity(windows):
    return {"mask": windows, "fracture": windows.max(axis=(1, 2))}


sizes = st.tuples(st.integers(1, 70), st.integers(1, 70))


@given(sizes, st.floats(0, 0.9))
def test_a_constant_network_gives_a_constant_map(size, overlap):
    answer = slide(constant, np.zeros((2, *size, 1), np.float32), window=W, overlap=overlap)
    assert answer["mask"].shape == (2, *size, 1)
    np.testing.assert_allclose(answer["mask"], -3.25, rtol=1e-6)
    np.testing.assert_array_equal(answer["fracture"], [[0.5], [0.5]])


@given(sizes, st.floats(0, 0.9), st.integers(0, 1000))
def test_an_identical_network_gives_the_picture_back(size, overlap, seed):
    images = np.random.default_rng(seed).uniform(0, 255, (2, *size, 1)).astype(np.float32)
    answer = slide(identity, images, window=W, overlap=overlap)
    np.testing.assert_allclose(answer["mask"], images, rtol=1e-5)
    np.testing.assert_array_equal(answer["fracture"], images.max(axis=(1, 2)))


def test_one_window_with_a_fracture_decides():
    image = np.zeros((1, 64, 64, 1), np.float32)
    image[0, 50, 7] = 9
    assert slide(identity, image, window=W)["fracture"].tolist() == [[9]]


def test_the_middle_of_a_window_counts_more_than_its_edge():
    def by_turn(windows):  # windows lie side by side: the first says 0, the last 1
        return {"mask": np.arange(len(windows))[:, None, None, None] * np.ones((W, W, 1))}

    row = slide(by_turn, np.zeros((1, W, 24, 1), np.float32), window=W)["mask"][0, 0, :, 0]
    assert (np.diff(row) >= 0).all()
    assert row[:8].max() == 0
    assert row[16:].min() == 1
    assert row[9] < 0.1 < 0.9 < row[14]


def test_without_a_window_the_network_answers_at_once():
    images = np.ones((3, 5, 6, 1), np.float32)
    assert slide(identity, images, window=0)["mask"] is images


@pytest.mark.parametrize("head", ["fracture", "mask"])
def test_a_network_may_have_one_head(head):
    answer = slide(lambda x: {head: identity(x)[head]}, np.ones((1, 40, 40, 1)), window=W)
    assert list(answer) == [head]
