"""Real and drawn pictures are paired by body part, and their statistics are as named."""

import cv2
import numpy as np
import pytest

from bonefrac.data.compare import Pair, differences, histogram, pairs, spectrum
from bonefrac.data.phantom import draw
from bonefrac.errors import BonefracError


@pytest.fixture
def pictures(tmp_path):
    """A folder of four pictures that say nothing about what they show; one is cut short."""
    for index in range(4):
        cv2.imwrite(str(tmp_path / f"{index}.png"), draw(seed=1, index=index).image)
    broken = tmp_path / "0.png"
    broken.write_bytes(broken.read_bytes()[:2000])
    return tmp_path


def compared(source, **changes):
    asked = {"body_part": None, "count": 2, "seed": 0, "difficulty": "medium"}
    return pairs(source, **asked | changes)


def test_pictures_that_say_nothing_stand_beside_any_phantom(pictures):
    (pair,) = compared(pictures, count=4)
    assert pair.body_part == ""
    assert sorted(name for name, _ in pair.real) == ["1", "2", "3"]  # all that can be read
    assert len(pair.phantoms) == 3
    assert all(image.dtype == np.uint8 for _, image in pair.real + pair.phantoms)


def test_a_body_part_says_what_pictures_show(pictures):
    (pair,) = compared(pictures, body_part="shoulder")
    assert pair.body_part == "shoulder"
    assert all(name.split(",")[0] in ("shoulder", "upper arm") for name, _ in pair.phantoms)


def test_a_data_folder_is_paired_by_its_own_body_parts(phantom_data):
    found = compared(phantom_data.path, count=1)
    assert {pair.body_part for pair in found} > {"hand", "leg"}
    (hand,) = compared(phantom_data.path, body_part="hand")
    assert hand.body_part == "hand"


def test_the_same_seed_gives_the_same_pairs(pictures):
    first, again, other = (compared(pictures, seed=s)[0] for s in (3, 3, 4))
    assert [name for name, _ in first.real] == [name for name, _ in again.real]
    np.testing.assert_array_equal(first.phantoms[0][1], again.phantoms[0][1])
    assert first.phantoms[0][1].tobytes() != other.phantoms[0][1].tobytes()


def test_fracatlas_is_paired_by_its_table(shared_data):
    found = compared(shared_data / "fracatlas", count=1)
    assert [pair.body_part for pair in found] == ["hand", "leg", "shoulder"]


def test_no_pictures_and_no_such_phantom_are_told(tmp_path, pictures):
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(BonefracError, match="holds no data set"):
        compared(empty)
    with pytest.raises(BonefracError, match="pictures of skull; expected body parts that"):
        compared(pictures, body_part="skull")


def test_the_histogram_is_shares_of_pixels():
    shares = histogram([np.zeros((10, 20), np.uint8), np.full((50, 5), 255, np.uint8)])
    assert shares.sum() == pytest.approx(1)
    assert shares[0] == shares[-1] == pytest.approx(0.5)


def test_the_spectrum_finds_a_wave_and_the_exponent_of_noise():
    _, x = np.mgrid[:256, :256]
    wave = (127 + 100 * np.sin(2 * np.pi * 0.2 * x)).astype(np.uint8)
    f, power = spectrum([wave])
    assert f[power.argmax()] == pytest.approx(0.2, abs=0.01)
    white = np.random.default_rng(0).integers(0, 255, (256, 256)).astype(np.uint8)
    same = differences(Pair("", [("a", white)], [("b", white)]))
    assert same["grey_overlap"] == pytest.approx(1)
    assert same["exponent_real"] == pytest.approx(0, abs=0.1)
    smooth = cv2.GaussianBlur(white, (0, 0), 2)
    assert differences(Pair("", [("a", white)], [("b", smooth)]))["exponent_phantom"] < -1
