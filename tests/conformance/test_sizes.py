"""Promise: a size that does not fit is refused with the nearest that do; others work."""

import re

import numpy as np
import pytest

from bonefrac.errors import BonefracError

from .conftest import answer


def test_a_size_that_does_not_divide_names_the_nearest_that_do(preset, build):
    with pytest.raises(BonefracError) as caught:
        build(preset, image_size=250)
    stride = int(re.search(r"multiples of (\d+)", str(caught.value))[1])
    near = [int(n) for n in re.search(r"Use (\d+) or (\d+)", str(caught.value)).groups()]
    assert near == [250 // stride * stride, 250 // stride * stride + stride]
    assert build(preset, image_size=near[0] // stride * stride).input.shape[1] == near[0]


def test_the_same_weights_work_at_other_sizes(preset, build):
    small = build(preset, image_size=64)
    large = build(preset, image_size=96)
    large.set_weights(small.get_weights())
    image = np.full((1, 96, 96, 1), 100, np.float32)
    assert answer(large, image)["mask"].shape == (1, 96, 96, 1)


def test_equal_seeds_give_equal_networks_and_other_seeds_others(preset, build, images):
    one, same, other = (answer(build(preset, seed=s), images)["mask"] for s in (4, 4, 5))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()
