"""Copies are found in any orientation, and nothing else."""

import io
import tracemalloc

import numpy as np
import pytest
from made_up import picture
from PIL import Image
from scipy.fft import idctn

from bonefrac.data.audit import near_duplicates, thumbnail
from bonefrac.data.audit.duplicates import (
    copies_of_cut,
    exact_copies,
    joined_groups,
    packed,
)
from bonefrac.data.catalogue import Entry
from bonefrac.data.phantom import draw

COUNT = 40


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
    noise = np.random.default_rng(0).normal(size=(1100, thumbnails.shape[1])).astype(np.float32)
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    assert near_duplicates(np.concatenate([noise, noise[[5, 1070]]])) == [(5, 1100), (1070, 1101)]


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


def correlated(thumbnails, threshold):
    """All pairs by the correlation of all with all, in all orientations."""
    square = thumbnails.reshape(-1, 64, 64)
    best = np.full((len(square), len(square)), -1.0)
    for mirrored in (square, square[:, :, ::-1]):
        for quarter in range(4):
            turned = np.rot90(mirrored, quarter, axes=(1, 2)).reshape(thumbnails.shape)
            best = np.maximum(best, turned @ thumbnails.T)
    return [(i, j) for i, j in np.argwhere(best > threshold).tolist() if i < j]


@pytest.mark.parametrize("threshold", [0.5, 0.8, 0.9, 0.95])
def test_the_hash_loses_no_pair_that_correlates(thumbnails, threshold):
    expected = correlated(thumbnails, threshold)
    assert len(expected) > 0 or threshold > 0.9
    assert near_duplicates(thumbnails, threshold=threshold) == expected


def test_packed_thumbnails_give_the_same_pairs(pictures, thumbnails):
    small = [packed(one) for one in thumbnails]
    assert (small[0].dtype, small[0].nbytes) == (np.uint8, 64 * 64)
    for one, other in zip(small, thumbnails, strict=True):
        assert np.corrcoef(one, other)[0, 1] > 0.9998
    turned = [packed(thumbnail(np.rot90(picture))) for picture in pictures[:9]]
    assert near_duplicates([*small, *turned]) == [(k, COUNT + k) for k in range(9)]
    blank = packed(np.zeros(64 * 64, np.float32))
    assert not blank.any()
    assert near_duplicates([blank, blank, small[0]]) == []


def test_progress_reaches_its_end(thumbnails):
    steps = []
    near_duplicates(thumbnails, progress=lambda *step: steps.append(step))
    assert steps == [("Comparing", 1, 1)]


def smooth_thumbnails(count):
    """uint8 [count, 4096] with the spectrum of a radiograph; the last ten are the first, turned."""
    rng = np.random.default_rng(0)
    v, u = np.indices((64, 64))
    rows = np.empty((count, 64, 64), np.uint8)
    for start in range(0, count, 500):
        noise = rng.normal(size=(len(rows[start : start + 500]), 64, 64)) / (1 + u + v) ** 1.5
        fields = idctn(noise, axes=(1, 2), norm="ortho")
        fields -= fields.min(axis=(1, 2), keepdims=True)
        rows[start : start + 500] = 255 * fields / fields.max(axis=(1, 2), keepdims=True)
    rows[-10:] = np.rot90(rows[:10], axes=(1, 2))
    return rows.reshape(count, -1)


def peak_memory(count):
    """Bytes beside the thumbnails themselves."""
    thumbnails = smooth_thumbnails(count)
    tracemalloc.start()
    pairs = near_duplicates(thumbnails)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert pairs == [(k, count - 10 + k) for k in range(10)]
    return peak


@pytest.mark.slow
def test_memory_is_linear():
    small, large = peak_memory(2000), peak_memory(20000)
    # The matrix of all correlations would take 1.6 GB at 20,000.
    assert large - small < 18000 * 2500
    assert large < 200e6


def test_the_whole_copy_of_a_cut_picture_is_found():
    whole = [picture(seed, 128, 128) for seed in range(12)]
    cut = whole[3].copy()
    cut[80:] = 128
    rows = [packed(thumbnail(p)) for p in [*whole, cut]]
    assert near_duplicates(rows) == []
    assert copies_of_cut(rows, {12: 1 - 80 / 128}) == [(3, 12)]
    assert copies_of_cut(rows, {12: 1.0}) == []
    assert copies_of_cut(rows, {}) == []


def test_exact_copies_are_sets_of_equal_digests():
    assert exact_copies(["a", "b", "", "a", "", "c", "b", "a"]) == [(0, 3, 7), (1, 6)]


def test_groups_are_joined_by_copies(tmp_path):
    entries = [Entry(str(k), tmp_path, group) for k, group in enumerate(["p", "q", "p", "", ""])]
    assert joined_groups(entries, [(2, 3)]) == ["p", "q", "p", "p", "4"]
