"""The scan tells what each file is, in order, and never stops at a bad one."""

import threading
from pathlib import Path

import numpy as np
import pytest
from made_up import encoded, picture
from PIL import Image

from bonefrac.data.audit import scan as module
from bonefrac.data.audit.scan import facts_of, scan
from bonefrac.data.catalogue import Entry
from bonefrac.data.outlines import Outlines


def facts(tmp_path, data, name="a.jpg"):
    path = tmp_path / name
    path.write_bytes(data)
    return facts_of(Entry("a", path))


@pytest.mark.parametrize("quality", [25, 50, 75, 90, 95, 100])
def test_jpeg_quality_is_told(tmp_path, quality):
    found = facts(tmp_path, encoded(picture(0), quality=quality))
    assert found.quality == pytest.approx(quality, abs=1)
    assert found.encoding == f"JPEG L, quality {found.quality}"


def test_what_a_plain_picture_is(tmp_path):
    pixels = picture(1, 90, 70)
    data = encoded(pixels, "PNG")
    found = facts(tmp_path, data, "a.png")
    assert (found.readable, found.problem, found.why_left_out, found.filler) == (True, "", "", 0)
    assert (found.format, found.mode, found.quality, found.orientation) == ("PNG", "L", 0, 1)
    assert (found.size, found.file_bytes, found.encoding) == ((90, 70), len(data), "PNG L")
    assert found.mean == pytest.approx(pixels.mean())
    levels = np.percentile(pixels, [1, 50, 99])
    assert (found.low, found.median, found.high) == pytest.approx(tuple(levels), abs=1)
    assert found.thumbnail.shape == (64 * 64,)
    assert found.thumbnail.dtype == np.uint8
    assert found.mask is None


def test_the_border_is_measured(tmp_path):
    pixels = np.full((64, 64), 30, np.uint8)
    pixels[:2], pixels[-2:], pixels[:, :2], pixels[:, -2:] = 200, 200, 200, 200
    assert facts(tmp_path, encoded(pixels, "PNG")).border == 200


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_picture_is_upright_and_its_filler_is_where_it_was_stored(tmp_path, orientation):
    stored = picture(2, 128, 96)
    stored[96:] = np.tile(np.arange(64, dtype=np.uint8).reshape(8, 8), (4, 12))
    exif = Image.Exif()
    exif[0x0112] = orientation
    found = facts(tmp_path, encoded(stored, "PNG", exif=exif))
    assert found.orientation == orientation
    assert found.size == ((128, 96) if orientation < 5 else (96, 128))
    assert found.filler == 0.25
    assert "lowest 25% is filler" in found.why_left_out


def test_sixteen_bits_and_colour(tmp_path):
    deep = picture(3).astype(np.uint16) * 257
    assert facts(tmp_path, encoded(deep, "PNG")).mode == "I;16"
    colour = np.stack([picture(3)] * 3, axis=-1)
    assert facts(tmp_path, encoded(colour)).mode == "RGB"


def test_digests_tell_the_same_file_and_the_same_pixels(tmp_path):
    one = facts(tmp_path, encoded(picture(4), "PNG"))
    other = facts(tmp_path, encoded(picture(4), "TIFF"))
    assert one.pixel_digest == other.pixel_digest
    assert one.file_digest != other.file_digest
    turned = facts(tmp_path, encoded(picture(4).T, "PNG"))
    assert turned.pixel_digest != one.pixel_digest


def test_unreadable_files_say_why(tmp_path):
    whole = encoded(picture(5))
    cut = facts(tmp_path, whole[: len(whole) // 2])
    assert cut.problem.startswith("a.jpg cannot be decoded (image file is truncated")
    assert (cut.format, cut.readable, cut.thumbnail.size) == ("JPEG", False, 0)
    assert facts(tmp_path, b"").problem == "a.jpg is an empty file"
    assert "starting b'not a pi'" in facts(tmp_path, b"not a picture").problem
    assert facts_of(Entry("a", tmp_path / "no.jpg")).problem == "no.jpg does not exist"
    assert facts_of(Entry("a", tmp_path)).problem == f"{tmp_path.name} Is a directory"


def test_an_exif_that_lies_is_ignored(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 77
    assert facts(tmp_path, encoded(picture(6), exif=exif)).orientation == 1


def masked(tmp_path, mask):
    path = tmp_path / "mask.png"
    path.write_bytes(mask if isinstance(mask, bytes) else encoded(mask, "PNG"))
    (tmp_path / "a.png").write_bytes(encoded(picture(7), "PNG"))
    return facts_of(Entry("a", tmp_path / "a.png", outlines=Outlines(mask_path=path))).mask


def test_what_a_mask_picture_holds(tmp_path):
    mask = np.zeros((120, 100), np.uint8)
    mask[10:20, 30:35] = 255
    mask[60:63, 60:80] = 1
    found = masked(tmp_path, mask)
    assert (found.size, found.values) == ((120, 100), (0, 1, 255))
    assert found.targets == ((50, 10, 5), (60, 3, 20))
    assert masked(tmp_path, np.zeros((5, 5), np.uint8)).targets == ()


@pytest.mark.parametrize("data", [b"", b"no mask", encoded(picture(0), "PNG")[:500]])
def test_a_broken_mask_is_told(tmp_path, data):
    assert masked(tmp_path, data).problem.startswith("mask.png cannot be read")


@pytest.mark.parametrize("jobs", [1, 3])
def test_facts_come_in_order_and_few_files_wait(tmp_path, monkeypatch, jobs):
    taken, ahead, lock = [], [], threading.Lock()

    def facts_of(entry):
        with lock:
            taken.append(entry.id)
        return entry.id

    def progress(what, done, total):
        assert (what, total) == ("Scanning", 200)
        ahead.append(len(taken) - done)

    monkeypatch.setattr(module, "facts_of", facts_of)
    entries = [Entry(str(k), Path("x")) for k in range(200)]
    assert scan(entries, jobs=jobs, progress=progress) == [str(k) for k in range(200)]
    assert max(ahead) <= jobs * 4
    assert len(ahead) == 200


def test_an_empty_scan():
    assert scan([], progress=lambda *_: None) == []
