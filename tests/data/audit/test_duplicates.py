"""Copies are found in any orientation, and nothing else."""

import io

import numpy as np
import pytest
from PIL import Image

from bonefrac.data.audit import near_duplicates, thumbnail
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
    # Room to the threshold: the likest two of 60 correlate at 0.935.
    assert near_duplicates(thumbnails, threshold=0.94) == []


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
