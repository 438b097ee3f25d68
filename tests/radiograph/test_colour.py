"""Colour tells a photograph from a gray picture, also from one that was tinted."""

import io

import numpy as np
import pytest
import skimage.data
from dicom_files import dataset, encoded
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bonefrac.radiograph.colour import colour
from bonefrac.radiograph.reader import read

SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
GRAY = np.random.default_rng(0).integers(0, 256, (90, 70)).astype(np.uint8)


@given(st.tuples(*[st.floats(0.2, 1)] * 3))
def test_a_tint_is_no_colour(tint):
    assert colour(GRAY[..., None] * np.array(tint)) < 1e-6


def test_a_photograph_is_colourful_at_any_size():
    cat = skimage.data.chelsea()
    assert colour(cat) > 15
    assert colour(cat[::4, ::4]) == pytest.approx(colour(cat), rel=0.1)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "array", "DICOM"])
def test_every_reader_tells_it(form):
    cat, gray = skimage.data.chelsea(), np.repeat(GRAY[..., None], 3, axis=2)
    for picture, is_colourful in ((cat, True), (gray, False)):
        source = picture
        if form == "DICOM":
            source = encoded(dataset(picture, kind=SECONDARY_CAPTURE, Modality="OT"))
        elif form != "array":
            file = io.BytesIO()
            Image.fromarray(picture).save(file, form)
            source = file.getvalue()
        assert (read(source).colour > 12) == is_colourful


def test_odd_arrays_have_a_colour():
    assert read(np.zeros((5, 4, 3))).colour == 0
    assert read(np.full((5, 4, 3), -7.0)).colour == pytest.approx(0, abs=1e-6)
    assert read(np.random.default_rng(0).normal(size=(50, 40, 3)) * 1e6).colour > 12
