"""Windows are those of the standard, and an image is turned round once."""

import numpy as np
import pytest
from dicom_files import dataset, ramp
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.sequence import Sequence

from bonefrac.radiograph.grayscale import (
    LINEAR,
    LINEAR_EXACT,
    SIGMOID,
    inverted,
    robust_window,
    shown,
    window,
)

VALUES = np.arange(4096)


def test_the_three_functions_at_the_points_that_the_standard_names():
    # PS3.3 C.11.2.1.2.1, note 3: center 2048, width 4096 shows 0 to 4095 as they are.
    assert np.allclose(window(VALUES, 2048, 4096) * 4095, VALUES)
    assert window(np.array([99, 100, 101]), 100, 1).tolist() == [0, 1, 1]
    assert window(np.array([0.0, 50, 100]), 50, 100, LINEAR_EXACT).tolist() == [0, 0.5, 1]
    assert window(np.array([100.0]), 100, 40, SIGMOID).tolist() == [0.5]
    assert np.isclose(window(np.array([110.0]), 100, 40, SIGMOID)[0], 1 / (1 + np.exp(-1)))


@given(
    center=st.floats(-1000, 5000),
    width=st.floats(1, 5000),
    function=st.sampled_from([LINEAR, LINEAR_EXACT, SIGMOID]),
)
def test_a_window_is_monotonous_and_stays_in_range(center, width, function):
    grays = window(VALUES, center, width, function)
    assert grays.min() >= 0
    assert grays.max() <= 1
    assert (np.diff(grays) >= 0).all()


@pytest.mark.parametrize(
    ("photometric", "shape", "turned"),
    [
        ("MONOCHROME2", None, False),
        ("MONOCHROME2", "IDENTITY", False),
        ("MONOCHROME1", None, True),
        ("MONOCHROME1", "INVERSE", True),  # both say it: once
        ("MONOCHROME2", "INVERSE", True),
    ],
)
def test_small_values_are_bright_where_the_file_says_so(photometric, shape, turned):
    tags = {"PhotometricInterpretation": photometric, "WindowCenter": 2048, "WindowWidth": 4096}
    made = dataset(ramp(), **tags, **({"PresentationLUTShape": shape} if shape else {}))
    pixels, notes = shown(ramp(), made)
    assert inverted(made) == turned
    assert pixels[0, 0] == (255 if turned else 0)
    assert pixels[-1, -1] == (0 if turned else 255)
    assert notes == []


def test_no_step_of_the_window_is_lost():
    made = dataset(ramp(), WindowCenter=2048, WindowWidth=4096)
    assert len(np.unique(shown(ramp(), made)[0])) == len(np.unique(ramp()))


def test_rescaled_values_meet_a_window_in_their_own_unit():
    made = dataset(
        ramp(), RescaleSlope=2, RescaleIntercept=-1000, WindowCenter=3096, WindowWidth=8192
    )
    plain = dataset(ramp(), WindowCenter=2048, WindowWidth=4096)
    assert np.allclose(shown(ramp(), made)[0], shown(ramp(), plain)[0], atol=0.05)


def test_signed_values_are_read():
    stored = (ramp().astype(np.int32) - 2048).astype(np.int16)
    made = dataset(stored, WindowCenter=0, WindowWidth=4096)
    pixels, _ = shown(stored, made)
    assert (pixels.min(), pixels.max()) == (0, 255)


def table(values, first=0, bits=12):
    item = Dataset()
    item.LUTDescriptor = [len(values), first, bits]
    item.LUTData = [int(value) for value in values]
    return Sequence([item])


def test_a_table_goes_before_a_window_and_ends_at_its_own_bits():
    values = np.minimum(np.arange(4096) * 2, 4095)
    made = dataset(ramp(), VOILUTSequence=table(values), WindowCenter=10, WindowWidth=20)
    made["VOILUTSequence"][0]["LUTDescriptor"].VR = made["VOILUTSequence"][0]["LUTData"].VR = "US"
    pixels, _ = shown(ramp(), made)
    assert np.allclose(pixels, values[ramp()] / 4095 * 255, atol=1e-3)


def test_padding_is_black_even_in_a_picture_that_is_turned_round():
    stored = ramp(low=100)
    stored[:, :5] = 0
    made = dataset(
        stored,
        PhotometricInterpretation="MONOCHROME1",
        PixelPaddingValue=0,
        WindowCenter=2048,
        WindowWidth=4096,
    )
    made["PixelPaddingValue"].VR = "US"
    pixels, _ = shown(stored, made)
    assert (pixels[:, :5] == 0).all()
    assert pixels[0, 5] > 240


def test_what_is_left_open_is_noted():
    assert "no window" in shown(ramp(), dataset(ramp()))[1][0]
    made = dataset(ramp(), WindowCenter=[2048, 10], WindowWidth=[4096, 20])
    pixels, notes = shown(ramp(), made)
    assert notes == ["The first of 2 windows was used"]
    assert pixels.max() == 255


def test_a_robust_window_of_one_value_is_no_error():
    assert robust_window(np.full((4, 4), 7)).tolist() == [[0] * 4] * 4
