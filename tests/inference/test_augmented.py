"""Views of a square: each is undone by its inverse, and a mean is that of what was seen."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bonefrac.inference.augmented import PLAIN, VIEWS, View, ask

EXACT = [
    View(mirrored=True),
    View(shift=(0.25, -0.125)),
    View(mirrored=True, shift=(-0.25, 0.125)),
    View(turn=90.0),
]
views = st.builds(
    View,
    mirrored=st.booleans(),
    scale=st.floats(0.8, 1.25),
    turn=st.floats(-20, 20),
    shift=st.tuples(st.floats(-0.1, 0.1), st.floats(-0.1, 0.1)),
)


def noise(side):
    return np.random.default_rng(side).uniform(0, 255, (side, side)).astype(np.float32)


def spot(side, row, column, width=4.0):
    rows, columns = np.mgrid[:side, :side]
    distance = (rows - row) ** 2 + (columns - column) ** 2
    return np.exp(-distance / (2 * width**2)).astype(np.float32)


def centre(picture):
    rows, columns = np.mgrid[: len(picture), : len(picture)]
    return np.array([(rows * picture).sum(), (columns * picture).sum()]) / picture.sum()


@pytest.mark.parametrize("view", EXACT, ids=str)
@pytest.mark.parametrize("side", [32, 64])
def test_mirroring_and_whole_pixels_are_undone_to_the_bit(view, side):
    square = noise(side)
    back, seen = view.invert(view.apply(square)), view.invert(np.ones_like(square))
    whole = seen > 0.999
    assert whole.mean() >= 0.6
    np.testing.assert_allclose(back[whole], square[whole], rtol=1e-5)


def test_a_view_moves_what_it_says():
    turned = centre(View(turn=90.0).apply(spot(64, 20, 31.5)))  # above the centre
    assert turned == pytest.approx([31.5, 43.0], abs=0.1)  # right of it: clockwise
    assert centre(View(mirrored=True).apply(spot(64, 20, 10))) == pytest.approx([20, 53], abs=0.1)
    assert centre(View(scale=0.5).apply(spot(64, 20, 31.5)))[0] == pytest.approx(25.75, abs=0.1)
    assert centre(View(shift=(0.25, 0)).apply(spot(64, 20, 31.5)))[0] == pytest.approx(36, abs=0.1)


@given(view=views, row=st.floats(24, 40), column=st.floats(24, 40))
def test_any_view_is_undone_where_it_reached(view, row, column):
    square = spot(64, row, column)
    back = view.invert(view.apply(square))
    assert np.abs(back - square).max() < 0.06
    assert centre(back) == pytest.approx([row, column], abs=0.05)


@given(view=views)
def test_what_a_view_shows_of_a_mask_lies_within_0_and_1(view):
    mask = (noise(32) > 128).astype(np.float32)
    back = view.invert(view.apply(mask))
    assert back.min() >= 0 and back.max() <= 1 + 1e-6


def test_a_network_that_follows_its_picture_answers_the_same_in_every_view():
    square = spot(64, 30, 20) * 255
    votes_asked = []

    def runtime(shown):
        votes_asked.append(shown)
        return shown / 255, float(shown.max() / 255)

    mask, votes = ask(runtime, square)
    assert len(votes) == len(votes_asked) == len(VIEWS) == 8
    assert np.abs(mask - square / 255).max() < 0.05
    assert votes == pytest.approx([1] * 8, abs=0.05)


def test_the_edge_is_a_mean_of_the_views_that_show_it():
    def bright(shown):
        return np.ones_like(shown), 0.5

    mask, _ = ask(bright, np.zeros((48, 48), np.float32))
    np.testing.assert_allclose(mask, 1, rtol=1e-6)


def test_the_plain_view_alone_changes_nothing():
    square = noise(16)
    mask, votes = ask(lambda shown: (shown / 255, 0.25), square, views=(PLAIN,))
    np.testing.assert_array_equal(mask, square / 255)
    assert votes == [0.25]


def test_an_odd_eye_for_sides_shows_in_the_votes():
    def left_only(shown):
        return shown * 0, float(shown[:, :32].max() / 255)

    _, votes = ask(left_only, spot(64, 30, 12) * 255)
    assert np.std(votes) > 0.4
