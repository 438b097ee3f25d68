"""Pixel data keeps its picture and loses what lies beside it."""

import io

import pydicom
import pytest
from dicom_files import dataset, encoded, ramp, transcoded
from pydicom.encaps import encapsulate, generate_frames

from bonefrac.errors import BonefracError
from bonefrac.radiograph.deidentify.dataset import deidentify
from bonefrac.radiograph.deidentify.key import Key
from bonefrac.radiograph.deidentify.pixels import without_comments
from bonefrac.radiograph.reader import read

KEY = Key(b"k" * 32)
WINDOW = {"WindowCenter": 2048, "WindowWidth": 4096}
SECRET = b"Doe^Jane"
JPEG_COMMENT = b"\xff\xfe\x00\x0a" + SECRET
EXIF = b"\xff\xe1\x00\x10Exif\0\0" + SECRET
JPEG_2000_COMMENT = b"\xff\x64\x00\x0c\x00\x01" + SECRET


def with_comment(data, comment, *, after):
    """The same file with a comment in its codestream, and a word behind the picture."""
    made = pydicom.dcmread(io.BytesIO(data))
    (frame,) = generate_frames(made.PixelData, number_of_frames=1)
    made.PixelData = encapsulate([frame[:after] + comment + frame[after:] + SECRET])
    made["PixelData"].is_undefined_length = True
    return encoded(made)


def siz_ends(data):
    """Where the first header of a JPEG 2000 codestream ends: comments may follow."""
    made = pydicom.dcmread(io.BytesIO(data))
    (frame,) = generate_frames(made.PixelData, number_of_frames=1)
    return 4 + int.from_bytes(frame[4:6], "big")


@pytest.mark.parametrize(
    ("syntax", "comment"),
    [
        ("JPEGLosslessProcess14_1", JPEG_COMMENT + EXIF),
        ("JPEGLSLossless", b"\xff" + JPEG_COMMENT),  # after a fill byte
        ("JPEG2000Lossless", JPEG_2000_COMMENT),
    ],
)
def test_comments_in_a_codestream_go_and_the_picture_stays(syntax, comment, tmp_path):
    plain = transcoded(encoded(dataset(ramp(), **WINDOW, PatientName="x")), syntax, tmp_path)
    after = siz_ends(plain) if "2000" in syntax else 2
    data = with_comment(plain, comment, after=after)
    assert SECRET in data
    found = deidentify(data, "a.dcm", key=KEY).data
    assert SECRET not in found
    assert (read(found).pixels == read(plain).pixels).all()


def test_what_tells_the_colours_of_a_jpeg_stays():
    adobe = b"\xff\xee\x00\x0eAdobe" + bytes(7)
    stream = b"\xff\xd8" + adobe + b"\xff\xe0\x00\x40" + bytes(62) + b"\xff\xda\x01\xff\xd9"
    assert without_comments(stream) == b"\xff\xd8" + adobe + b"\xff\xda\x01\xff\xd9"


def test_run_lengths_stay_as_they_are(tmp_path):
    plain = transcoded(encoded(dataset(ramp(), **WINDOW)), "RLELossless", tmp_path)
    found = deidentify(plain, "a.dcm", key=KEY).data
    assert (read(found).pixels == read(plain).pixels).all()


def test_bytes_behind_the_pixels_go():
    made = dataset(ramp(5, 5))
    made.PixelData = made.PixelData + SECRET
    assert SECRET not in deidentify(encoded(made), "a.dcm", key=KEY).data


def test_too_few_pixels_are_refused():
    made = dataset(ramp(8, 8))
    made.PixelData = made.PixelData[:-2]
    with pytest.raises(BonefracError, match="126 bytes of pixels"):
        deidentify(encoded(made), "a.dcm", key=KEY)
