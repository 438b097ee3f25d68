"""Surface distances against their definition by distance transforms."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import binary_erosion, distance_transform_edt, generate_binary_structure

from bonefrac.evaluation.surface import border, surface_distances

masks = arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12)))


def by_definition(one, other):
    """Each border pixel's distance to the other border, from a transform of the whole picture."""
    cross = generate_binary_structure(2, 1)
    edges = [mask & ~binary_erosion(mask, cross) for mask in (one, other)]
    there, back = (distance_transform_edt(~b)[a] for a, b in (edges, edges[::-1]))
    return np.percentile(np.r_[there, back], 95), (there.mean() + back.mean()) / 2


@given(masks, st.integers(0, 99))
def test_distances_are_those_of_the_definition(one, seed):
    other = np.random.default_rng(seed).random(one.shape) < 0.4
    found = surface_distances(one, other)
    if one.any() and other.any():
        assert found == pytest.approx(by_definition(one, other))
        assert found == pytest.approx(surface_distances(other, one))
    else:
        assert np.isnan(found).all()


@given(masks.filter(np.any))
def test_a_mask_is_no_distance_from_itself(mask):
    assert surface_distances(mask, mask) == (0, 0)


def test_a_moved_square_is_as_far_as_it_moved(square):
    hd95, mean = surface_distances(square(20, 20), square(20, 25))
    assert hd95 == 5
    assert 0 < mean < 5


def test_the_rim_of_the_picture_is_a_border():
    assert len(border(np.ones((5, 5)))) == 16
