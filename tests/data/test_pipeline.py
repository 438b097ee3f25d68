"""Batches hold what the folder holds, in an order that (seed, epoch) alone decides."""

import numpy as np
import pytest
import tensorflow as tf

from bonefrac import schema
from bonefrac.data import pipeline
from bonefrac.data.augment import NONE
from bonefrac.data.features import example
from bonefrac.data.geometry import letterbox, letterbox_mask
from bonefrac.data.phantom import draw
from bonefrac.data.pipeline import eval_batches, groups, steps_per_epoch, train_batches
from bonefrac.errors import BonefracError

SIDE = 48
BATCH = 4
SPLIT = "fold0+fold1+fold2"
STEPS = 30 // BATCH


def train(data, *, split=SPLIT, seed=1, epochs=2, **options):
    return train_batches(
        data, split, image_size=SIDE, batch_size=BATCH, seed=seed, epochs=epochs, **options
    )


def bytes_of(batches):
    """Each batch as bytes: equal only when every array is equal bit for bit."""
    return [b"".join(np.asarray(x).tobytes() for x in tf.nest.flatten(batch)) for batch in batches]


def evaluate(data, batch_size=BATCH):
    return eval_batches(data, SPLIT, image_size=SIDE, batch_size=batch_size)


def pictures(batches):
    return [image.tobytes() for images, _, _ in batches for image in images.numpy()]


@pytest.fixture(scope="module")
def three_epochs(phantom_data):
    return bytes_of(train(phantom_data, epochs=3))


@pytest.fixture(scope="module")
def two_plain_epochs(phantom_data):
    """The pictures of two epochs in their order, not augmented."""
    batches = [np.rint(x).astype(np.float32) for x, _, _ in train(phantom_data, strength=NONE)]
    seen = [image.tobytes() for batch in batches for image in batch]
    return seen[: STEPS * BATCH], seen[STEPS * BATCH :]


@pytest.fixture
def no_room(monkeypatch):
    monkeypatch.setattr(pipeline, "_fits", lambda count, image_size: False)


@pytest.fixture(scope="module")
def mixed(build_examples, tmp_path_factory):
    """Radiographs with and without label and mask; their brightness tells which is which."""

    def one(index, **known):
        image = np.full((40, 30), 20 + 5 * index, np.uint8)
        return example(id=f"{index}", group=f"{index}", image=image, **known)

    outlined = np.ones((40, 30), np.uint8)
    kinds = [{}, {"fracture": 1}, {"fracture": 1, "mask": outlined}, {"fracture": 0}]
    made = [one(index, **kinds[index % 4]) for index in range(24)]
    return build_examples(made, tmp_path_factory.mktemp("mixed") / "data")


def test_shapes_and_types_are_as_promised(phantom_data):
    for ds in (train(phantom_data), evaluate(phantom_data)):
        image, targets, weights = next(iter(ds))
        assert image.shape == targets[schema.MASK].shape == (BATCH, SIDE, SIDE, 1)
        assert targets[schema.FRACTURE].shape == (BATCH, 1)
        assert list(targets) == list(weights) == [schema.MASK, schema.FRACTURE]
        assert all(weight.shape == (BATCH,) for weight in weights.values())
        assert all(x.dtype == tf.float32 for x in tf.nest.flatten((image, targets, weights)))


def test_static_shapes_are_known_before_anything_is_read(phantom_data):
    image, targets, _ = train(phantom_data).element_spec
    assert image.shape == targets[schema.MASK].shape == (BATCH, SIDE, SIDE, 1)


def test_values_are_in_range_after_augmentation(phantom_data):
    for image, targets, _ in train(phantom_data):
        assert 0 <= np.min(image) <= np.max(image) <= 255
        assert np.max(image) > 1
        assert set(np.unique(targets[schema.MASK])) <= {0, 1}
        assert set(np.unique(targets[schema.FRACTURE])) <= {0, 1}


@pytest.mark.parametrize("batches", [train, evaluate], ids=["train", "eval"])
def test_what_is_unknown_has_weight_and_target_0(mixed, batches):
    options = {"strength": NONE} if batches is train else {}
    seen = set()
    for images, targets, weights in batches(mixed, **options):
        for k, image in enumerate(images.numpy()):
            kind = round((image[SIDE // 2, SIDE // 2, 0] - 20) / 5) % 4
            seen.add(kind)
            assert weights[schema.FRACTURE][k] == (kind != 0)
            assert targets[schema.FRACTURE][k, 0] == (kind in (1, 2))
            assert weights[schema.MASK][k] == (kind == 2)
            assert np.any(targets[schema.MASK][k]) == (kind == 2)
    assert seen == {0, 1, 2, 3}


def test_an_epoch_holds_each_radiograph_at_most_once(phantom_data, two_plain_epochs):
    known = set(pictures(evaluate(phantom_data)))
    for seen in two_plain_epochs:
        assert len(seen) == len(set(seen)) == STEPS * BATCH
        assert set(seen) <= known


def test_epochs_follow_one_another_in_full_batches(phantom_data, three_epochs):
    assert steps_per_epoch(phantom_data, SPLIT, BATCH) == STEPS
    assert len(three_epochs) == 3 * STEPS


def test_epochs_differ_in_their_order(two_plain_epochs):
    assert two_plain_epochs[0] != two_plain_epochs[1]


def test_no_batch_is_ever_repeated(three_epochs):
    assert len(set(three_epochs)) == len(three_epochs)


def test_seeds_differ(phantom_data, three_epochs):
    assert bytes_of(train(phantom_data, seed=2, epochs=1)) != three_epochs[:STEPS]


@pytest.mark.parametrize("seed", [-1, 2**40])
def test_any_integer_is_a_seed(phantom_data, seed):
    assert len(bytes_of(train(phantom_data, seed=seed, epochs=1).take(1))) == 1


def test_the_process_wide_seed_changes_nothing(phantom_data, three_epochs):
    tf.random.set_seed(1234)
    tf.random.uniform([3])
    assert bytes_of(train(phantom_data, epochs=1)) == three_epochs[:STEPS]


def test_reading_twice_gives_the_same(phantom_data):
    ds = train(phantom_data, epochs=1)
    assert bytes_of(ds) == bytes_of(ds)


def test_resuming_gives_the_epochs_of_the_full_run_bit_for_bit(phantom_data, three_epochs):
    tf.random.set_seed(1)
    assert bytes_of(train(phantom_data, first_epoch=1, epochs=3)) == three_epochs[STEPS:]


def test_a_set_that_does_not_fit_in_memory_gives_the_same_batches(
    phantom_data, three_epochs, no_room
):
    assert bytes_of(train(phantom_data, epochs=3)) == three_epochs
    tf.random.set_seed(5)
    assert bytes_of(train(phantom_data, first_epoch=2, epochs=3)) == three_epochs[2 * STEPS :]


def test_a_set_larger_than_the_shuffle_window_resumes_bit_for_bit(
    phantom_data, no_room, monkeypatch
):
    monkeypatch.setattr(pipeline, "_SHUFFLE_ENCODED", 6)
    full = bytes_of(train(phantom_data))
    tf.random.set_seed(5)
    assert bytes_of(train(phantom_data, first_epoch=1)) == full[STEPS:]
    assert full[:STEPS] != full[STEPS:]


def test_evaluation_holds_everything_once_as_it_is(phantom_data):
    batches = list(evaluate(phantom_data))
    assert [len(x) for x, _, _ in batches] == [BATCH] * STEPS + [30 % BATCH]
    order = [int(name[-6:]) for name in groups(phantom_data, SPLIT)]
    assert sorted(order) == list(range(30))
    masks = np.concatenate([t[schema.MASK] for _, t, _ in batches])
    images = np.concatenate([x for x, _, _ in batches])
    labels = np.concatenate([t[schema.FRACTURE] for _, t, _ in batches])[:, 0]
    for k, index in enumerate(order):
        phantom = draw(seed=7, index=index)
        assert (masks[k] == letterbox_mask(phantom.mask[..., None], SIDE).numpy()).all()
        assert np.abs(images[k] - letterbox(phantom.image[..., None], SIDE)).mean() < 1.5
        assert labels[k] == (phantom.fracture != "none")


def test_the_evaluation_order_is_always_the_same(phantom_data, no_room):
    first = pictures(evaluate(phantom_data))
    tf.random.set_seed(77)
    assert pictures(evaluate(phantom_data, batch_size=7)) == first


def test_the_evaluation_order_does_not_depend_on_memory(phantom_data, monkeypatch):
    kept = pictures(evaluate(phantom_data))
    monkeypatch.setattr(pipeline, "_fits", lambda count, image_size: False)
    assert pictures(evaluate(phantom_data)) == kept


def test_too_few_radiographs_for_a_batch_are_told_with_numbers(phantom_data):
    with pytest.raises(BonefracError) as caught:
        steps_per_epoch(phantom_data, SPLIT, 31)
    assert f"30 examples in {SPLIT} of {phantom_data.path}" in caught.value.received
    assert "at least one batch of 31" in str(caught.value)


def test_a_data_set_of_terabytes_does_not_fit():
    assert pipeline._fits(1, 64)
    assert not pipeline._fits(10**9, 1024)


def test_the_cache_is_bounded_whatever_is_free(monkeypatch):
    monkeypatch.setattr(pipeline.os, "sysconf", lambda name: 2**25)  # a petabyte free
    largest = pipeline._CACHE_BYTES // (256 * 256 * 2)
    assert pipeline._fits(largest - 1, 256)
    assert not pipeline._fits(largest, 256)
