"""A small file that would take much memory or time is refused before it is decoded."""

import contextlib
import io
import struct
import tracemalloc

import numpy as np
import pytest
import tifffile
from dicom_files import dataset, encoded, ramp, transcoded
from PIL import Image
from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000, ExplicitVRLittleEndian, RLELossless

from bonefrac.errors import BonefracError
from bonefrac.radiograph.codestream import claimed, claimed_size
from bonefrac.radiograph.reader import read

MIB = 2**20


def refused(data, *parts):
    """Refused, in one line, and with no more memory than a few copies of the file."""
    tracemalloc.start()
    try:
        with pytest.raises(BonefracError) as caught:
            read(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    for part in parts:
        assert part in str(caught.value)
    assert peak < 20 * MIB + 4 * len(data)


def test_a_tile_that_is_larger_than_its_picture_is_refused():
    out = io.BytesIO()
    tifffile.imwrite(out, np.zeros((64, 64), np.uint8), tile=(16, 16), compression="zlib")
    assert read(out.getvalue()).size == (64, 64)
    page = tifffile.TiffFile(io.BytesIO(out.getvalue())).pages[0]
    bomb = bytearray(out.getvalue())
    for name in ("TileWidth", "TileLength"):
        tag = page.tags[name]
        struct.pack_into("<I" if tag.dtype == 4 else "<H", bomb, tag.valueoffset, 60_000)
    refused(bytes(bomb), "claims 60000x60000 pixels")


@pytest.mark.parametrize("compression", ["tiff_adobe_deflate", "tiff_lzw"])
def test_a_tiff_strip_that_inflates_to_more_than_its_picture_takes_no_more_memory(compression):
    out = io.BytesIO()
    Image.new("L", (4000, 4000)).save(out, "TIFF", compression=compression)
    data = bytearray(out.getvalue())
    page = tifffile.TiffFile(io.BytesIO(bytes(data))).pages[0]
    for name, size in (("ImageWidth", 8), ("ImageLength", 8)):
        tag = page.tags[name]
        struct.pack_into("<I" if tag.dtype == 4 else "<H", data, tag.valueoffset, size)
    with contextlib.suppress(BonefracError):
        assert read(bytes(data)).size == (8, 8)


def test_only_the_first_of_many_pages_is_read():
    out = io.BytesIO()
    with tifffile.TiffWriter(out) as writer:
        for level in range(50):
            writer.write(np.full((8, 8), level, np.uint8))
    assert not read(out.getvalue()).pixels.any()


def wrapped(frame, syntax, **tags):
    made = dataset(ramp(), **tags)
    made.file_meta.TransferSyntaxUID = syntax
    made.PixelData = encapsulate([frame])
    made["PixelData"].is_undefined_length = True
    return encoded(made)


def jp2(codestream, *boxes):
    """A JP2 file that holds a codestream behind other boxes."""
    parts = [
        (b"jP  ", b"\r\n\x87\n"),
        (b"ftyp", b"jp2 \0\0\0\0jp2 "),
        *boxes,
        (b"jp2c", codestream),
    ]
    return b"".join(struct.pack(">I", 8 + len(body)) + kind + body for kind, body in parts)


def siz(height, width, components=1):
    start = struct.pack(">HHHH8I", 0xFF4F, 0xFF51, 41, 0, width, height, 0, 0, width, height, 0, 0)
    return start + struct.pack(">H", components) + b"\x07\x01\x01" * components


def test_a_decoy_before_the_codestream_is_not_believed():
    bomb = jp2(siz(50_000, 50_000), (b"uuid", siz(*ramp().shape)))
    assert claimed_size(bomb) == (50_000, 50_000)
    refused(wrapped(bomb, JPEG2000), "its compressed picture 50000x50000 in 1")


def test_a_box_that_never_ends_claims_nothing():
    for length in (0, 1, 7):
        box = struct.pack(">I", length) + b"uuid" + b"\0" * 40
        assert claimed(jp2(b"", (b"free", b""))[:-8] + box) is None


def test_more_components_than_the_tags_say_are_refused():
    refused(wrapped(siz(*ramp().shape, components=16_000), JPEG2000), "in 16000")


def test_a_picture_that_claims_no_size_is_refused():
    refused(wrapped(b"\0" * 100, JPEG2000), "nothing that a decoder knows")


def test_run_lengths_beyond_what_the_picture_needs_are_refused():
    runs = b"\x81\0" * 2_000_000  # each pair gives 128 bytes
    header = struct.pack("<16I", 2, 64, 64 + len(runs) // 2, *[0] * 13)
    refused(wrapped(header + runs, RLELossless), "bytes of RLE")


@pytest.mark.parametrize(("tag", "value"), [("SamplesPerPixel", 60_000), ("BitsAllocated", 64)])
def test_samples_that_no_radiograph_has_are_refused(tag, value):
    refused(encoded(dataset(ramp(), **{tag: value})), f"{value}")


def test_real_codestreams_claim_their_components(tmp_path):
    data = transcoded(encoded(dataset(ramp())), "JPEG2000Lossless", tmp_path)
    assert claimed(data[data.find(b"\xff\x4f\xff\x51") :]) == (*ramp().shape, 1)
    out = io.BytesIO()
    Image.new("RGB", (7, 5)).save(out, "JPEG")
    assert claimed(out.getvalue()) == (5, 7, 3)


def test_sequences_in_sequences_are_no_error_of_python():
    made = dataset(ramp())
    data = encoded(made)
    nested = b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff" * 5000
    place = data.index(b"\x08\x00\x60\x00CS")
    assert made.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    with contextlib.suppress(BonefracError):
        read(data[:place] + nested + data[place:])
