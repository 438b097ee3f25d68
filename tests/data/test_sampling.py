"""Every batch holds the asked share of fractures; order and draws stay functions of the epoch."""

from collections import Counter

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from bonefrac.data import pipeline
from bonefrac.data.augment import NONE
from bonefrac.data.features import example
from bonefrac.data.labels import fractured, known_count
from bonefrac.data.pipeline import Share, foreground_shares, mixed_batches, mixed_steps
from bonefrac.data.sampling import _deal, _spread
from bonefrac.data.targets import inputs_targets_weights
from bonefrac.errors import BonefracError

SIDE, BATCH = 16, 5
SPLIT = "fold0+fold1+fold2"


def flat(name, grays, **known):
    """Pictures of one gray each, so that a batch tells which they are."""
    return [
        example(id=f"{name}{k}", group=f"{name}{k}", image=np.full((20, 20), k, np.uint8), **known)
        for k in grays
    ]


@pytest.fixture(scope="module")
def two(build_examples, tmp_path_factory):
    """6 fractured of 26 (gray 10 to 35), and 3 of 12 (gray 200 to 211)."""
    root = tmp_path_factory.mktemp("two")
    first = flat("a", range(10, 16), fracture=1) + flat("b", range(16, 36), fracture=0)
    second = flat("c", range(200, 203), fracture=1) + flat("d", range(203, 212), fracture=0)
    return build_examples(first, root / "first"), build_examples(second, root / "second")


def shares(data, foreground=0.4):
    whole = [Share(d, SPLIT, d.size(SPLIT)) for d in data]
    return foreground_shares(whole, foreground=foreground, batch_size=BATCH)


def batches(data, *, foreground=0.4, first_epoch=0, epochs=3, strength=NONE, seed=1):
    sizes = {"image_size": SIDE, "batch_size": BATCH}
    return mixed_batches(
        shares(data, foreground),
        **sizes,
        seed=seed,
        first_epoch=first_epoch,
        epochs=epochs,
        strength=strength,
    )


def grays(ds):
    return [[round(float(image[8, 8, 0])) for image in images.numpy()] for images, _, _ in ds]


def bytes_of(ds):
    return [b"".join(np.asarray(x).tobytes() for x in tf.nest.flatten(batch)) for batch in ds]


@pytest.mark.parametrize("foreground", [0.2, 0.4, 0.8])
def test_every_batch_holds_exactly_the_share(two, foreground):
    found = [
        targets["fracture"].numpy().sum() for _, targets, _ in batches(two, foreground=foreground)
    ]
    assert found == [foreground * BATCH] * (38 // BATCH) * 3


def test_the_number_of_batches_stays(two):
    whole = [Share(d, SPLIT, d.size(SPLIT)) for d in two]
    assert mixed_steps(shares(two), BATCH) == mixed_steps(whole, BATCH) == 7


def test_all_are_drawn_equally_often_within_their_kind(two):
    seen = Counter(gray for batch in grays(batches(two, epochs=15)) for gray in batch)
    for kind in (range(10, 16), range(16, 36), range(200, 203), range(203, 212)):
        counts = [seen[gray] for gray in kind]
        assert max(counts) - min(counts) <= 1
        assert min(counts) > 0


def test_data_sets_keep_their_proportions(two):
    drawn = {(s.data.name, s.data.path.name, s.foreground): s.draws for s in shares(two)}
    counts = [
        drawn["handmade", name, kind] for kind in (True, False) for name in ("first", "second")
    ]
    assert counts == [9, 5, 14, 7]  # of 14 as 6 to 3, of 21 as 20 to 9


def test_a_batch_of_fractures_alone_can_be_asked_for(two):
    assert all(t["fracture"].numpy().all() for _, t, _ in batches(two, foreground=1.0, epochs=1))


def test_at_least_one_is_fractured(two):
    found = {t["fracture"].numpy().sum() for _, t, _ in batches(two, foreground=0.01, epochs=1)}
    assert found == {1.0}


@pytest.mark.slow
@pytest.mark.parametrize("fits", [True, False])
def test_it_resumes_bit_for_bit(two, monkeypatch, fits):
    whole = bytes_of(batches(two, strength=None))
    monkeypatch.setattr(pipeline, "_fits", lambda count, image_size: fits)
    tf.random.set_seed(9)
    assert bytes_of(batches(two, first_epoch=1, strength=None)) == whole[7:]
    assert len(set(whole)) == len(whole) == 21
    assert bytes_of(batches(two, epochs=1, strength=None, seed=2)) != whole[:7]


@pytest.mark.parametrize("label", [0, 1])
def test_one_kind_alone_is_refused(build_examples, tmp_path, label):
    data = build_examples(flat("x", range(12), fracture=label), tmp_path / "data")
    kind = "fractured" if label == 0 else "without a fracture"
    with pytest.raises(BonefracError, match=f"No training radiograph that is {kind}; expected"):
        shares([data])


def test_a_label_is_read_off_the_mask_where_only_that_is_known(build_examples, tmp_path):
    image = np.full((40, 40), 90, np.uint8)
    dot = np.zeros((40, 40), np.uint8)
    dot[20, 20] = 1  # lost at 16 pixels; the label is not
    kinds = [{"mask": dot}, {"mask": np.zeros_like(dot)}, {}, {"mask": dot, "fracture": 0}]
    made = [example(id=f"{k}", group=f"{k}", image=image, **kinds[k % 4]) for k in range(12)]
    data = build_examples(made, tmp_path / "data")
    assert known_count(data, SPLIT)["fracture"] == 9
    assert fractured(data, SPLIT).sum() == 3
    sizes = {"image_size": SIDE, "batch_size": 12}
    (batch,) = pipeline.eval_batches(data, SPLIT, **sizes)
    order = [int(name) % 4 for name in pipeline.groups(data, SPLIT)]
    assert batch[1]["fracture"].numpy()[:, 0].tolist() == [float(k == 0) for k in order]
    assert batch[2]["fracture"].numpy().tolist() == [float(k != 2) for k in order]


def test_coarse_masks_keep_a_hairline():
    mask = np.zeros((1, 16, 16, 1), np.uint8)
    mask[0, 3, 5:11] = 1
    batch = {"image": mask, "mask": mask, "has_mask": tf.constant([True])}
    _, targets, weights = inputs_targets_weights(batch, heads=("mask", "mask_1", "mask_3"))
    assert {head: t.shape[1] for head, t in targets.items()} == {
        "mask": 16,
        "mask_1": 8,
        "mask_3": 2,
    }
    assert targets["mask_1"].numpy()[0, 1, :, 0].tolist() == [0, 0, 1, 1, 1, 1, 0, 0]
    assert targets["mask_3"].numpy()[0, :, :, 0].tolist() == [[1, 1], [0, 0]]
    assert weights["mask_3"].numpy().tolist() == [1]


@given(st.integers(0, 300), st.lists(st.floats(0.01, 100), min_size=1, max_size=6))
def test_dealing_gives_all_and_is_off_by_less_than_one(total, rates):
    parts = _deal(total, np.array(rates))
    assert parts.sum() == total
    assert np.abs(parts - total * np.array(rates) / sum(rates)).max() < 1


@given(st.integers(1, 20), st.integers(1, 20))
def test_the_fractured_lie_apart(first, second):
    order = _spread(first, second)
    assert sorted(order) == list(range(first + second))
    at = np.flatnonzero(order < first)
    assert np.ptp(np.diff(at)) <= 1 if len(at) > 1 else len(at) == 1
