"""Windows are those of the standard, and an image is turned round once."""

import numpy as np
import pydicom
import pytest
from dicom_files import dataset, encoded, ramp
from hypothesis import given
from hypothesis import strategies as st
from pydicom import DataElement, Dataset
from pydicom.sequence import Sequence

from bonefrac.errors import BonefracError
from bonefrac.radiograph.grayscale import (
    LINEAR,
    LINEAR_EXACT,
    SIGMOID,
    inverted,
    robust_window,
    shown,
    window,
)
from bonefrac.radiograph.reader import read

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


@given(
    slope=st.floats(0.1, 10),
    intercept=st.floats(-2000, 2000),
    center=st.floats(0, 4095),
    width=st.floats(50, 5000),
    function=st.sampled_from([LINEAR_EXACT, SIGMOID]),
)
def test_a_window_moves_with_the_unit_of_the_values(slope, intercept, center, width, function):
    # The rescaling of stored values undoes itself where the window is rescaled alike.
    stored = VALUES.reshape(64, 64).astype(np.uint16)
    plain = {"WindowCenter": f"{center:.6f}", "WindowWidth": f"{width:.8g}"}
    turned = {
        "RescaleSlope": f"{slope:.6f}",
        "RescaleIntercept": f"{intercept:.6f}",
        "WindowCenter": f"{slope * center + intercept:.6f}",
        "WindowWidth": f"{slope * width:.6f}",
    }
    one, other = (
        shown(stored, dataset(stored, VOILUTFunction=function, **tags))[0]
        for tags in (plain, turned)
    )
    assert np.abs(one - other).max() < 0.05


def with_table(entries, *, bits, first=0):
    made = dataset(ramp(), VOILUTSequence=table(entries, first, bits))
    for name in ("LUTDescriptor", "LUTData"):
        made["VOILUTSequence"][0][name].VR = "US"
    return made


@given(bits=st.integers(8, 16), first=st.integers(0, 3000), data=st.data())
def test_a_voi_table_shows_its_own_entries_from_its_first_value_on(bits, first, data):
    entries = data.draw(st.lists(st.integers(0, 2**bits - 1), min_size=2, max_size=64))
    pixels = shown(ramp(), with_table(entries, first=first, bits=bits))[0]
    wanted = np.array(entries)[np.clip(ramp().astype(int) - first, 0, len(entries) - 1)]
    assert np.allclose(pixels, 255 * wanted / (2**bits - 1), atol=1e-3)


def test_a_table_from_12_to_8_bits_is_read_to_its_end():
    entries = np.arange(4096) // 16
    for form in ("US", "OW"):
        made = with_table(entries, bits=8)
        if form == "OW":
            item = made["VOILUTSequence"][0]
            item["LUTData"] = DataElement("LUTData", "OW", entries.astype("<u2").tobytes())
        assert (shown(ramp(), made)[0] == ramp() // 16).all()


def test_a_voi_table_with_more_than_its_bits_stays_white():
    assert shown(ramp(), with_table([0, 60_000], bits=12))[0].max() == 255


@pytest.mark.parametrize("name", ["WindowCenter", "WindowWidth", "RescaleSlope"])
@pytest.mark.parametrize("value", ["nan", "inf"])
def test_numbers_that_are_not_finite_are_refused(name, value):
    tags = {"WindowCenter": 9, "WindowWidth": 9, "RescaleSlope": 1, "RescaleIntercept": 0}
    made = dataset(ramp(), **tags)
    made[name] = DataElement(name, "DS", value, validation_mode=pydicom.config.IGNORE)
    data = encoded(made)
    try:
        assert np.isfinite(read(data).pixels).all()
    except BonefracError as error:
        assert "not finite" in str(error) or "invalid value" in str(error)
