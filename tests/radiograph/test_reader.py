"""A picture is read as it is meant to be seen, or refused with one line that names it."""

import io
import struct
import warnings
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from bonefrac.errors import BonefracError
from bonefrac.radiograph.reader import read

ORIENTATION = 0x0112
LUMA = (0.299, 0.587, 0.114)


def blobs(height=48, width=64):
    """Gray levels without any symmetry, smooth enough for JPEG."""
    y, x = np.mgrid[:height, :width]
    return np.rint(40 + 1.5 * x + y + 40 * np.exp(-((x - 15) ** 2 + (y - 10) ** 2) / 60)).astype(
        np.uint8
    )


def encode(image, form, **options):
    image = image if isinstance(image, Image.Image) else Image.fromarray(image)
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def refused(source, *, mentions=""):
    with pytest.raises(BonefracError) as caught:
        read(source)
    message = str(caught.value)
    assert mentions in message
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("form", "options", "tolerance"),
    [
        ("PNG", {}, 0),
        ("TIFF", {}, 0),
        ("TIFF", {"compression": "tiff_lzw"}, 0),
        ("TIFF", {"compression": "tiff_adobe_deflate"}, 0),
        ("JPEG", {"quality": 95}, 3),
        ("JPEG", {"quality": 95, "progressive": True}, 3),
    ],
)
def test_gray_8_bit_pictures_are_read_as_they_are(tmp_path, form, options, tolerance):
    path = tmp_path / "picture"
    path.write_bytes(encode(blobs(), form, **options))
    radiograph = read(path)
    assert radiograph.pixels.dtype == np.float32
    assert radiograph.size == (48, 64)
    assert np.abs(radiograph.pixels - blobs()).max() <= tolerance


def test_path_text_and_bytes_give_the_same_and_name_their_source(tmp_path):
    path = tmp_path / "wrist.png"
    path.write_bytes(encode(blobs(), "PNG"))
    sources = {str(path): path, str(path) + "": str(path), "<bytes>": path.read_bytes()}
    for name, source in sources.items():
        radiograph = read(source)
        assert radiograph.source == name
        assert (radiograph.pixels == blobs()).all()


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "P"])
def test_gray_in_a_colour_picture_stays_as_it_is(mode):
    image = Image.fromarray(blobs()).convert(mode)
    assert np.abs(read(encode(image, "PNG")).pixels - blobs()).max() <= 1


def test_colour_is_weighed_by_luma():
    colours = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    pixels = read(encode(colours, "PNG")).pixels
    assert np.abs(pixels - colours @ np.array(LUMA)).max() <= 1


def test_a_palette_is_looked_up():
    image = Image.new("P", (2, 1))
    image.putpalette([10, 10, 10, 200, 200, 200])
    image.putpixel((1, 0), 1)
    assert read(encode(image, "PNG")).pixels.tolist() == [[10, 200]]


def test_one_bit_becomes_black_and_white():
    bits = np.eye(8, dtype=bool)
    assert (read(encode(Image.fromarray(bits), "PNG")).pixels == bits * 255).all()


@pytest.mark.parametrize("form", ["JPEG", "TIFF"])
def test_cmyk_keeps_gray(form):
    image = Image.fromarray(blobs()).convert("RGB").convert("CMYK")
    options = {"quality": 95} if form == "JPEG" else {}
    assert np.abs(read(encode(image, form, **options)).pixels - blobs()).max() <= 4


def sixteen_bit(form):
    values = np.random.default_rng(1).integers(900, 5000, (40, 50)).astype(np.uint16)
    if form == "PNG":
        return values, encode(values, "PNG")
    out = io.BytesIO()
    if form.startswith("TIFF"):
        tifffile.imwrite(out, values, byteorder=form[4])
    return values, out.getvalue()


@pytest.mark.parametrize("form", ["PNG", "TIFF<", "TIFF>"])
def test_16_bit_is_windowed_in_order_over_the_whole_range(form):
    values, data = sixteen_bit(form)
    pixels = read(data).pixels
    assert pixels.min() == 0
    assert pixels.max() == 255
    shown = pixels.ravel()[np.argsort(values, axis=None)]
    assert (np.diff(shown) >= 0).all()
    inside = (values > 1000) & (values < 4900)
    assert len(np.unique(pixels[inside])) == len(np.unique(values[inside]))


def test_a_few_hot_pixels_do_not_darken_a_16_bit_picture():
    values, _ = sixteen_bit("PNG")
    values[0, 0] = 65535
    assert np.median(read(encode(values, "PNG")).pixels) > 100


def test_a_constant_16_bit_picture_is_black():
    assert not read(encode(np.full((9, 9), 700, np.uint16), "PNG")).pixels.any()


@pytest.mark.parametrize("levels", [np.uint8, np.uint16])
def test_a_tiff_where_white_is_zero_is_turned_round(levels):
    values = np.arange(200, dtype=levels).reshape(10, 20)
    shown = {}
    for name in ("minisblack", "miniswhite"):
        out = io.BytesIO()
        tifffile.imwrite(out, values, photometric=name)
        shown[name] = read(out.getvalue()).pixels
    assert np.allclose(shown["miniswhite"], 255 - shown["minisblack"], atol=1e-3)
    assert shown["minisblack"][0, 0] == 0


def test_16_bit_colour_is_read():
    colours = np.random.default_rng(0).integers(0, 65536, (20, 30, 3)).astype(np.uint16)
    data = cv2.imencode(".png", colours[..., ::-1])[1].tobytes()
    assert np.abs(read(data).pixels - colours / 257 @ np.array(LUMA)).max() <= 1.5


# How each orientation stores an upright picture: the inverse of what a viewer must do.
STORED = {
    1: lambda up: up,
    2: lambda up: up[:, ::-1],
    3: lambda up: up[::-1, ::-1],
    4: lambda up: up[::-1],
    5: lambda up: up.T,
    6: lambda up: np.rot90(up, 1),
    7: lambda up: np.rot90(up, 2).T,
    8: lambda up: np.rot90(up, -1),
}


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF"])
def test_every_exif_orientation_gives_the_upright_picture(form, orientation):
    stored = np.ascontiguousarray(STORED[orientation](blobs()))
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    options = {"quality": 95} if form == "JPEG" else {}
    pixels = read(encode(stored, form, exif=exif, **options)).pixels
    assert pixels.shape == blobs().shape
    assert np.abs(pixels - blobs()).max() <= 4


def test_exif_orientation_applies_to_16_bit_too():
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    values = blobs().astype(np.uint16) * 200
    upright = read(encode(values, "PNG")).pixels
    turned = read(encode(np.ascontiguousarray(np.rot90(values)), "PNG", exif=exif)).pixels
    assert (turned == upright).all()


@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_cut_anywhere_is_refused(progressive):
    data = encode(blobs(), "JPEG", quality=95, progressive=progressive)
    for end in range(0, len(data) - 2, 17):
        refused(data[:end])


def test_a_png_cut_inside_its_pixels_is_refused():
    data = encode(np.random.default_rng(0).integers(0, 256, (48, 64), dtype=np.uint8), "PNG")
    for end in range(0, data.rindex(b"IEND") - 16, 41):
        refused(data[:end])


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate"])
@pytest.mark.filterwarnings("ignore:Truncated File Read:UserWarning")
def test_a_tiff_cut_inside_its_pixels_is_refused(compression):
    noise = np.random.default_rng(0).integers(0, 256, (48, 64), dtype=np.uint8)
    data = encode(noise, "TIFF", compression=compression)
    for end in range(0, len(data) // 2, 41):
        refused(data[:end])


def test_a_missing_file_is_refused_by_name(tmp_path):
    refused(tmp_path / "wrist.png", mentions="wrist.png does not exist")


def test_a_folder_is_refused_by_name(tmp_path):
    refused(tmp_path, mentions=f"{tmp_path} is a folder")


def test_an_empty_file_is_refused_by_name(tmp_path):
    (tmp_path / "wrist.png").touch()
    refused(tmp_path / "wrist.png", mentions="wrist.png is an empty file")


def test_text_with_a_picture_name_is_refused_with_its_beginning(tmp_path):
    (tmp_path / "wrist.jpg").write_text("not a picture\n")
    refused(tmp_path / "wrist.jpg", mentions="wrist.jpg is 14 bytes, starting b'not a pi'")


def test_a_picture_of_another_format_is_refused():
    refused(encode(blobs(), "BMP"), mentions="PNG, JPEG, TIFF")


@pytest.mark.skipif(not Path("/proc/self/mem").is_file(), reason="needs Linux' /proc")
def test_a_file_that_cannot_be_read_is_refused_by_name():
    refused("/proc/self/mem", mentions="/proc/self/mem cannot be read")


def png_header(width, height):
    def chunk(kind, body):
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def test_a_small_file_that_claims_a_huge_picture_is_refused():
    message = refused(png_header(60_000, 60_000), mentions="claims too much")
    assert "Check that it is an X-ray" in message


def test_a_decompression_bomb_in_the_metadata_is_refused():
    text = PngImagePlugin.PngInfo()
    text.add_text("note", "x" * 2_000_000, zip=True)
    refused(encode(Image.new("L", (8, 8)), "PNG", pnginfo=text), mentions="cannot be decoded")


@pytest.mark.parametrize("shape", [(20, 30), (20, 30, 1), (1, 1), (5, 5, 3)])
def test_arrays_from_0_to_255_are_taken_as_they_are(shape):
    array = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    radiograph = read(array)
    gray = array @ np.array(LUMA) if shape[2:] == (3,) else array.reshape(shape[:2])
    assert radiograph.source == "<array>"
    assert radiograph.pixels.dtype == np.float32
    assert np.allclose(radiograph.pixels, gray, atol=1e-3)


@pytest.mark.parametrize("low", [-1000, 300])
def test_arrays_beyond_0_to_255_are_windowed(low):
    array = low + np.arange(10_000).reshape(100, 100)
    pixels = read(array).pixels
    assert (np.diff(pixels.ravel()) >= 0).all()
    assert (pixels.min(), pixels.max()) == (0, 255)


@pytest.mark.parametrize("shape", [(), (9,), (0, 3), (3, 0), (0, 3, 3), (4, 4, 2), (4, 4, 4)])
def test_arrays_of_another_shape_are_refused(shape):
    refused(np.zeros(shape), mentions=f"shape {shape}")


def test_a_batch_is_refused():
    refused(np.zeros((1, 8, 8, 1)), mentions="[H, W]")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300])
def test_pixels_that_are_not_finite_are_refused(value):
    array = np.ones((4, 4))
    array[1, 2] = value
    refused(array, mentions="finite")
    refused(np.repeat(array[..., None], 3, axis=2), mentions="finite")


def test_a_float_tiff_with_nan_is_refused():
    array = np.ones((4, 4), np.float32)
    array[1, 2] = np.nan
    refused(encode(array, "TIFF"), mentions="finite")


@pytest.mark.parametrize("array", [np.array([["a"]]), np.array([[1j]]), np.array([[None]])])
def test_arrays_of_something_else_than_numbers_are_refused(array):
    refused(array, mentions="expected numbers")


def pictures():
    colour = Image.fromarray(blobs()).convert("RGB")
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    floats = blobs().astype(np.float32)
    return [
        encode(blobs(), "PNG"),
        encode(blobs().astype(np.uint16) * 257, "PNG"),
        encode(colour.quantize(16), "PNG"),
        encode(blobs(), "JPEG", exif=exif),
        encode(colour, "JPEG", progressive=True),
        encode(blobs(), "TIFF"),
        encode(floats, "TIFF", compression="tiff_lzw"),
    ]


def read_or_refused(data):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of odd metadata before it gives up
        try:
            pixels = read(data).pixels
        except BonefracError:
            return
    assert pixels.min() >= 0
    assert pixels.max() <= 255


@given(st.binary(max_size=300), st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8", b"II*\0"]))
@settings(max_examples=300)
def test_random_bytes_never_raise_anything_else(data, magic):
    read_or_refused(magic + data)


@given(
    st.sampled_from(pictures()),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=8),
    st.integers(0, 3000),
)
@settings(max_examples=500)
def test_damaged_pictures_never_raise_anything_else(data, changes, end):
    damaged = bytearray(data)
    for position, value in changes:
        damaged[position % len(damaged)] = value
    read_or_refused(bytes(damaged[: max(end, 1)]))
