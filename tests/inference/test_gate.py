"""The gate lets radiographs of limbs pass, and says why others are not assessable."""

import json

import cv2
import numpy as np
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from bonefrac.data.phantom import draw
from bonefrac.inference.gate import Gate, default_gate
from bonefrac.inference.gate_features import features
from bonefrac.radiograph.radiograph import Radiograph
from bonefrac.radiograph.reader import read

UNLIKE = "The picture does not look like a radiograph of a limb."


def reason(pixels, **tags) -> str:
    return default_gate().reason(Radiograph(np.asarray(pixels, np.float32), "a.png", **tags))


def page() -> np.ndarray:
    image = Image.new("L", (500, 700), 250)
    pencil = ImageDraw.Draw(image)
    for top in range(40, 640, 18):
        pencil.text((40, top), "No acute fracture is seen on the present study of the hand.", 20)
    return np.asarray(image)


@pytest.mark.parametrize("difficulty", ["easy", "medium", "hard"])
def test_phantoms_pass(difficulty):
    refused = [
        index
        for index in range(12)
        if reason(draw(seed=9, index=index, difficulty=difficulty).image)
    ]
    assert refused == []


@pytest.mark.parametrize(
    "picture",
    [
        page(),
        255 - page(),
        np.random.default_rng(0).integers(0, 256, (300, 250)),
        np.kron(np.indices((8, 8)).sum(axis=0) % 2, np.full((40, 40), 255)),
        skimage.data.camera(),
        np.tile(np.linspace(0, 255, 300), (200, 1)),
    ],
    ids=["page", "negative of a page", "noise", "board", "photograph", "ramp"],
)
def test_other_pictures_do_not(picture):
    assert reason(picture) == UNLIKE


@pytest.mark.parametrize("shade", [0, 130, 255])
def test_a_blank_picture_is_called_so(shade):
    noise = np.random.default_rng(0).normal(0, 2, (200, 100))
    assert reason(np.clip(shade + noise, 0, 255)) == "The picture is blank."


def test_colour_comes_before_the_look():
    image = draw(seed=9, index=0).image
    assert reason(image, colour=11.9) == ""
    assert reason(image, colour=12.1) == "The picture is in colour."
    assert default_gate().reason(read(skimage.data.chelsea())) == "The picture is in colour."


@pytest.mark.parametrize(
    ("part", "told"),
    [("chest", "chest"), ("c spine", "spine"), ("skull", "skull"), ("abdomen", "abdomen")],
)
def test_the_file_is_believed(part, told):
    image = draw(seed=9, index=0).image
    assert reason(image, body_part=part) == f"The file says that it shows the {told}, not a limb."


@pytest.mark.parametrize(
    "part", ["", "hand", "extremity", "hip", "pelvis", "clavicle", "lower leg"]
)
def test_limbs_and_their_neighbours_are_not_refused_by_name(part):
    assert reason(draw(seed=9, index=0).image, body_part=part) == ""


@pytest.mark.parametrize("factor", [2, 5])
def test_the_resolution_does_not_matter(factor):
    gate = default_gate()
    for index in range(4):
        image = draw(seed=9, index=index).image.astype(np.float32)
        large = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
        assert gate.score(np.clip(large, 0, 255)) == pytest.approx(gate.score(image), abs=1.5)


@settings(deadline=None, max_examples=40)
@given(height=st.integers(1, 400), width=st.integers(1, 400), seed=st.integers(0, 99))
def test_any_picture_has_features(height, width, seed):
    rng = np.random.default_rng(seed)
    told = features(rng.uniform(0, 255, (height, width)) * rng.integers(0, 2))
    assert tuple(told) == default_gate().names
    assert np.isfinite(list(told.values())).all()


def test_a_gate_is_read_back_as_it_was_written():
    gate = default_gate()
    assert Gate.from_json(gate.to_json()) == gate
    assert len(gate.to_json()) < 10_000
    assert "FracAtlas" in json.loads(gate.to_json())["about"]


def test_real_dicom_radiographs(shared_data):
    folder = shared_data / "dicom"
    gate = default_gate()
    assert gate.reason(read(folder / "RG1_J2KI.dcm")).startswith("The file says")
    for name in ("RG2_J2KI", "RG2_RLE", "RG3_J2KR", "RG3_JPLL", "RG3_UNC"):
        assert gate.reason(read(folder / f"{name}.dcm")) == ""
