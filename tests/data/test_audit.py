"""The audit finds copies in any orientation and pictures that were cut short, and no others."""

import io

import numpy as np
import pytest
from PIL import Image, ImageFile

from bonefrac.data.audit import filler_share, near_duplicates, thumbnail
from bonefrac.data.phantom import draw

COUNT = 60


@pytest.fixture(scope="module")
def pictures():
    return [draw(seed=4, index=index).image for index in range(COUNT)]


@pytest.fixture(scope="module")
def thumbnails(pictures):
    return np.array([thumbnail(picture) for picture in pictures])


def jpeg(picture, quality=90):
    out = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(out, "JPEG", quality=quality)
    return out.getvalue()


def decoded(data):
    return np.asarray(Image.open(io.BytesIO(data)))


def scaled(picture, factor):
    height, width = picture.shape
    return np.asarray(Image.fromarray(picture).resize((int(width * factor), int(height * factor))))


COPIES = {
    "encoded again": lambda p: decoded(jpeg(p, 50)),
    "half the size": lambda p: scaled(p, 0.5),
    "enlarged": lambda p: scaled(p, 1.7),
    "turned by 90": lambda p: np.rot90(p),
    "turned by 180": lambda p: np.rot90(p, 2),
    "turned by 270": lambda p: np.rot90(p, 3),
    "mirrored": lambda p: p[:, ::-1],
    "mirrored and turned": lambda p: np.rot90(p[:, ::-1]),
    "brightened": lambda p: np.rint(255 * (p / 255) ** 0.8).astype(np.uint8),
    "all of it": lambda p: decoded(jpeg(np.rot90(scaled(p, 0.6)[:, ::-1]), 60)),
}


@pytest.mark.parametrize("change", COPIES)
def test_every_copy_is_found_and_nothing_else(pictures, thumbnails, change):
    copies = np.array([thumbnail(COPIES[change](picture)) for picture in pictures])
    pairs = near_duplicates(np.concatenate([thumbnails, copies]))
    assert pairs == [(index, index + COUNT) for index in range(COUNT)]


def test_different_pictures_are_no_copies(thumbnails):
    assert near_duplicates(thumbnails) == []
    # Room to the threshold: the likest two of 60 correlate at 0.954.
    assert near_duplicates(thumbnails, threshold=0.96) == []


def test_a_picture_that_is_there_three_times_gives_all_pairs(thumbnails):
    assert near_duplicates(thumbnails[[0, 1, 0, 2, 0]]) == [(0, 2), (0, 4), (2, 4)]


def test_copies_are_found_beyond_the_first_chunk(thumbnails):
    noise = np.random.default_rng(0).normal(size=(2200, thumbnails.shape[1])).astype(np.float32)
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    assert near_duplicates(np.concatenate([noise, noise[[5, 2150]]])) == [(5, 2200), (2150, 2201)]


def test_nothing_to_compare_gives_no_pairs(thumbnails):
    assert near_duplicates(thumbnails[:0]) == []
    assert near_duplicates(np.array([])) == []
    assert near_duplicates(thumbnails[:1]) == []


def test_a_thumbnail_ignores_brightness_and_contrast(pictures):
    one = thumbnail(pictures[0].astype(np.float32))
    assert np.allclose(one, thumbnail(pictures[0] * 0.5 + 60), atol=1e-5)
    assert np.linalg.norm(one) == pytest.approx(1, abs=1e-5)
    assert one.mean() == pytest.approx(0, abs=1e-6)


def test_blank_pictures_are_no_copies_of_each_other():
    blank = np.array([thumbnail(np.full((50, 40), level)) for level in (0, 90, 255)])
    assert not blank.any()
    assert near_duplicates(blank) == []


@pytest.mark.parametrize("quality", [50, 75, 95])
@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9])
def test_what_libjpeg_left_of_a_cut_file_is_found(pictures, monkeypatch, quality, kept):
    data = jpeg(pictures[0], quality)
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    tolerated = decoded(data[: int(len(data) * kept)])
    lost = np.flatnonzero((tolerated[:, :-16] != 128).any(axis=1)).max() + 1
    share = filler_share(decoded(jpeg(tolerated, 90)).astype(np.float32))
    assert share == pytest.approx(1 - lost / len(tolerated), abs=16 / len(tolerated))
    assert share > 0.04


def test_a_repeated_textured_block_is_found(pictures):
    filled = pictures[0][:320, :280].copy()
    block = np.random.default_rng(0).integers(20, 120, (8, 8), dtype=np.uint8)
    filled[240:] = np.tile(block, (10, 35))
    assert filler_share(decoded(jpeg(filled, 95)).astype(np.float32)) == 0.25


def test_whole_pictures_have_no_filler(pictures):
    assert [filler_share(decoded(jpeg(p)).astype(np.float32)) for p in pictures] == [0] * COUNT


@pytest.mark.parametrize("level", [0, 60, 231, 255])
def test_a_plain_border_is_no_filler(pictures, level):
    bordered = pictures[0].copy()
    bordered[-100:] = level
    assert filler_share(decoded(jpeg(bordered)).astype(np.float32)) == 0


@pytest.mark.parametrize("shape", [(1, 1), (5, 50), (50, 5), (8, 8), (15, 15), (16, 16), (17, 23)])
def test_pictures_of_a_few_blocks_are_measured_too(shape):
    ramp = np.arange(np.prod(shape), dtype=np.float32).reshape(shape) % 251
    assert filler_share(ramp) == 0
