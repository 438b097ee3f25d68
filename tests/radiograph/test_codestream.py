"""The claimed size is the size, whatever stands before it."""

import io

import numpy as np
import pytest
from dicom_files import dataset, encoded, ramp, transcoded
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bonefrac.radiograph.codestream import claimed_size


@given(height=st.integers(1, 300), width=st.integers(1, 300), kind=st.sampled_from(["JPEG", "JP2"]))
def test_pillows_pictures_tell_their_size(height, width, kind):
    out = io.BytesIO()
    save = {"format": "JPEG2000"} if kind == "JP2" else {"format": "JPEG", "comment": b"\xff" * 9}
    Image.fromarray(np.zeros((height, width), np.uint8)).save(out, **save)
    assert claimed_size(out.getvalue()) == (height, width)


@pytest.mark.parametrize(
    "syntax", ["JPEGLosslessProcess14_1", "JPEGLSLossless", "JPEG2000Lossless"]
)
def test_the_codestreams_of_dicom_tell_their_size(syntax, tmp_path):
    data = transcoded(encoded(dataset(ramp(), bits=12)), syntax, tmp_path)
    start = min(k for k in (data.find(b"\xff\xd8\xff"), data.find(b"\xff\x4f\xff\x51")) if k > 0)
    assert claimed_size(data[start:]) == ramp().shape


@given(st.binary(max_size=64), st.sampled_from([b"", b"\xff\xd8", b"\xff\x4f\xff\x51"]))
def test_junk_is_no_error(junk, start):
    size = claimed_size(start + junk)
    assert size is None or len(size) == 2
