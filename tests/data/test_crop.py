"""A crop lies where it should, its mask fits its picture, and its label says what it holds."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from bonefrac.data.augment import NONE
from bonefrac.data.crop import crop, random_crop, tiles
from bonefrac.data.features import example
from bonefrac.data.pipeline import Share, eval_batches, foreground_shares, mixed_batches

SIDE, SIZE = 48, 16


def picture(*, at=None, outlined=True, fracture=None, inside=(0, 0, SIDE, SIDE)):
    """A square in which each pixel tells its place, with a fracture of 3x3 pixels at a place."""
    rows, columns = np.indices((SIDE, SIDE), np.float32)
    mask = np.zeros((SIDE, SIDE, 1), np.uint8)
    if at is not None:
        mask[at[0] - 1 : at[0] + 2, at[1] - 1 : at[1] + 2] = 1
    label = int(at is not None) if fracture is None else fracture
    return {
        "image": tf.constant((rows * SIDE + columns)[..., None]),
        "mask": tf.constant(mask if outlined else np.zeros_like(mask)),
        "has_mask": tf.constant(outlined),
        "fracture": tf.constant(label),
        "inside": tf.constant(inside),
    }


def corner_of(cut):
    return divmod(int(cut["image"][0, 0, 0]), SIDE)


def drawn(whole, seed, foreground=False):
    return random_crop(whole, size=SIZE, seed=tf.constant([seed, 7]), foreground=foreground)


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.tuples(st.integers(1, SIDE - 2), st.integers(1, SIDE - 2)))
def test_a_crop_on_a_fracture_has_it_near_its_middle(seed, at):
    cut = drawn(picture(at=at), seed, foreground=True)
    assert cut["image"].shape == cut["mask"].shape == (SIZE, SIZE, 1)
    assert cut["fracture"] == 1
    corner = corner_of(cut)
    for start, place in zip(corner, at, strict=True):
        away = abs(start + SIZE // 2 - place)
        assert away <= SIZE // 4 + 2 or start in (0, SIDE - SIZE)
    expected = picture(at=at)["mask"][corner[0] :, corner[1] :][:SIZE, :SIZE]
    np.testing.assert_array_equal(cut["mask"], expected)


@settings(max_examples=25)
@given(st.integers(0, 10_000))
def test_any_other_crop_keeps_to_the_radiograph(seed):
    row, column = corner_of(drawn(picture(inside=(0, 10, SIDE, 28)), seed))
    assert 0 <= row <= SIDE - SIZE
    assert 10 <= column <= 10 + 28 - SIZE


@settings(max_examples=25)
@given(st.integers(0, 10_000))
def test_a_radiograph_narrower_than_a_crop_lies_amid_it(seed):
    row, column = corner_of(drawn(picture(inside=(0, 20, SIDE, 8)), seed))
    assert (0 <= row <= SIDE - SIZE, column) == (True, 16)


def test_crops_reach_every_place_and_half_are_on_the_fracture():
    cuts = [drawn(picture(at=(40, 40)), seed) for seed in range(120)]
    held = np.array([int(cut["fracture"]) for cut in cuts])
    assert 0.4 < np.mean(held == 1) < 0.75
    corners = np.array([corner_of(cut) for cut in cuts])
    assert (corners.min(axis=0) == 0).all()
    assert (corners.max(axis=0) == SIDE - SIZE).all()


def test_the_same_seed_draws_the_same_crop():
    again = [corner_of(drawn(picture(at=(24, 24)), 5)) for _ in range(2)]
    assert again[0] == again[1]
    assert len({corner_of(drawn(picture(), seed)) for seed in range(20)}) > 10


def test_the_label_is_of_the_part():
    def label(whole, corner):
        return int(crop(whole, corner=tf.constant(corner), size=SIZE)["fracture"])

    broken = picture(at=(20, 20))
    assert label(broken, (10, 10)) == 1
    assert label(broken, (32, 32)) == 0
    assert label(broken, (21, 21)) == 1  # one of nine pixels
    wide = {**broken, "mask": tf.ones((SIDE, SIDE, 1), tf.uint8)}
    assert label(wide, (0, 0)) == 1  # a ninth
    sliver = np.ones((SIDE, SIDE, 1), np.uint8)
    sliver[:15, :16] = 0
    assert label({**broken, "mask": tf.constant(sliver)}, (0, 0)) == -1
    assert label(picture(), (5, 5)) == 0
    for told, expected in ((1, -1), (0, 0), (-1, -1)):
        assert label(picture(outlined=False, fracture=told), (5, 5)) == expected
    # Told, and outlined with pixels that the square has lost.
    assert label(picture(fracture=1), (5, 5)) == -1


def test_tiles_cover_a_picture():
    seen = np.zeros((SIDE, SIDE), int)
    for tile in tiles(picture(at=(20, 20)), size=20):
        row, column = corner_of(tile)
        seen[row : row + 20, column : column + 20] += 1
    assert seen.min() == 1
    assert len(list(tiles(picture(), size=20))) == 9


@pytest.fixture(scope="module")
def spots(build_examples, tmp_path_factory):
    """A bright spot on a third of 24 tall radiographs, and its mask."""

    def one(index):
        image, mask = np.full((96, 60), 80, np.uint8), np.zeros((96, 60), np.uint8)
        if index % 3 == 0:
            mask[10 + 2 * index : 18 + 2 * index, 20:28] = 1
        image[mask > 0] = 250
        label = int(mask.any())
        return example(id=f"{index}", group=f"{index}", image=image, mask=mask, fracture=label)

    return build_examples([one(k) for k in range(24)], tmp_path_factory.mktemp("spots") / "data")


def crops(data, *, first_epoch=0, epochs=2, strength=NONE, foreground=0.5):
    split = "+".join(data.counts)
    shares = [Share(data, split, data.size(split))]
    if foreground:
        shares = foreground_shares(shares, foreground=foreground, batch_size=6)
    sizes = {"image_size": SIDE, "batch_size": 6, "crop": SIZE}
    return mixed_batches(
        shares, **sizes, seed=4, first_epoch=first_epoch, epochs=epochs, strength=strength
    )


def bytes_of(ds):
    return [b"".join(np.asarray(x).tobytes() for x in tf.nest.flatten(batch)) for batch in ds]


def test_picture_and_mask_are_cut_alike_and_the_label_follows(spots):
    for image, targets, weights in crops(spots):
        assert image.shape == targets["mask"].shape == (6, SIZE, SIZE, 1)
        bright = image.numpy() > 165
        np.testing.assert_array_equal(bright, targets["mask"].numpy() > 0)
        held = bright.any(axis=(1, 2, 3))
        assert held.sum() >= 3
        known = weights["fracture"].numpy() > 0
        np.testing.assert_array_equal(targets["fracture"].numpy()[known, 0], held[known])


@pytest.mark.slow
@pytest.mark.parametrize("foreground", [0.0, 0.5])
def test_crops_resume_bit_for_bit(spots, foreground):
    whole = bytes_of(crops(spots, epochs=3, strength=None, foreground=foreground))
    tf.random.set_seed(3)
    again = bytes_of(crops(spots, first_epoch=1, epochs=3, strength=None, foreground=foreground))
    assert again == whole[4:]
    assert len(set(whole)) == 12


def test_windows_stand_in_for_validation_radiographs(spots):
    split = "+".join(spots.counts)
    batches = list(eval_batches(spots, split, image_size=SIDE, batch_size=9, window=SIZE))
    assert len(batches) == 24
    assert len(eval_batches(spots, split, image_size=SIDE, batch_size=9, window=SIZE)) == 24
    for _, targets, weights in batches:
        held = targets["mask"].numpy().any(axis=(1, 2, 3))
        known = weights["fracture"].numpy() > 0
        np.testing.assert_array_equal(targets["fracture"].numpy()[known, 0], held[known])
