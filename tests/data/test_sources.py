"""Shares add up, leaks are refused, and a mixture is drawn as promised."""

import shutil
from collections import Counter

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from bonefrac import storage
from bonefrac.data import pipeline
from bonefrac.data.augment import NONE
from bonefrac.data.features import example
from bonefrac.data.pipeline import Share, known_count, mixed_batches, mixed_steps, train_batches
from bonefrac.data.sources import describe, open_sources, shares
from bonefrac.data.store import open_data
from bonefrac.data.targets import ALL_HEADS
from bonefrac.errors import BonefracError

SIDE, BATCH = 16, 4
SPLIT = "fold0+fold1+fold2"


def flat(name, count, gray, **known):
    """Pictures of one gray each, so that a batch tells which they are."""
    images = [np.full((20, 20), gray + k, np.uint8) for k in range(count)]
    return [
        example(id=f"{name}{k}", group=f"{name}{k // 2}", image=image, **known)
        for k, image in enumerate(images)
    ]


@pytest.fixture(scope="module")
def two(build_examples, tmp_path_factory):
    """9 pictures of gray 20 to 28, 15 of gray 100 to 114."""
    root = tmp_path_factory.mktemp("two")
    small = build_examples(flat("a", 9, 20, fracture=1), root / "small")
    large = build_examples(flat("b", 15, 100, abnormality=0, bone_age_months=7.0), root / "large")
    return small, large


def mixed(two, draws, *, first_epoch=0, epochs=1, **options):
    parts = [Share(data, SPLIT, n) for data, n in zip(two, draws, strict=True)]
    sizes = {"image_size": SIDE, "batch_size": BATCH, "heads": ALL_HEADS}
    return mixed_batches(parts, **sizes, seed=3, first_epoch=first_epoch, epochs=epochs, **options)


def grays(batches):
    return [round(float(image[8, 8, 0])) for x, _, _ in batches for image in x.numpy()]


def bytes_of(batches):
    return [b"".join(np.asarray(x).tobytes() for x in tf.nest.flatten(batch)) for batch in batches]


@given(st.lists(st.tuples(st.integers(1, 500), st.floats(0.01, 100)), min_size=1, max_size=5))
def test_shares_are_proportional_and_as_many_as_there_are_examples(rows):
    sizes, weights = [size for size, _ in rows], [weight for _, weight in rows]
    drawn = shares(sizes, weights)
    exact = np.array(weights) / sum(weights) * sum(sizes)
    assert min(drawn) >= 1
    assert (np.array(drawn) <= np.maximum(np.floor(exact) + 1, 1)).all()
    if exact.min() >= 1:
        assert sum(drawn) == sum(sizes)
        assert np.abs(np.array(drawn) - exact).max() <= 1


def test_without_weights_an_epoch_holds_everything_once():
    assert shares([9, 15, 2], ()) == [9, 15, 2]


def test_an_epoch_of_a_mixture_holds_every_picture_once(two):
    ds = mixed(two, (9, 15), strength=NONE)
    seen = grays(ds)
    assert sorted(seen) == [*range(20, 29), *range(100, 115)]
    assert len(list(ds)) == mixed_steps(
        [Share(d, SPLIT, n) for d, n in zip(two, (9, 15), strict=True)], BATCH
    )
    kinds = [gray < 50 for gray in seen]
    assert kinds != sorted(kinds)
    assert kinds != sorted(kinds, reverse=True)


def test_shares_are_drawn_exactly_and_every_picture_equally_often(two):
    seen = grays(mixed(two, (18, 6), epochs=5, strength=NONE))
    for epoch in range(5):
        part = seen[24 * epoch : 24 * (epoch + 1)]
        small = Counter(gray for gray in part if gray < 50)
        assert sorted(small.values()) == [2] * 9
        assert sum(gray > 50 for gray in part) == 6
    # Two passes in five epochs.
    assert set(Counter(gray for gray in seen if gray > 50).values()) == {2}


@pytest.mark.parametrize("fits", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_a_mixture_resumes_bit_for_bit(two, monkeypatch, fits):
    whole = bytes_of(mixed(two, (14, 10), epochs=3))
    monkeypatch.setattr(pipeline, "_fits", lambda count, image_size: fits)
    tf.random.set_seed(9)
    assert bytes_of(mixed(two, (14, 10), first_epoch=1, epochs=3)) == whole[6:]
    assert len(set(whole)) == len(whole) == 18


def test_a_mixture_of_one_is_the_data_set_itself(two):
    options = {"image_size": SIDE, "batch_size": BATCH, "seed": 3, "epochs": 2}
    alone = bytes_of(train_batches(two[1], SPLIT, **options))
    assert bytes_of(mixed_batches([Share(two[1], SPLIT, 15)], **options)) == alone


def test_what_one_data_set_does_not_know_carries_no_weight(two):
    for image, targets, weights in mixed(two, (9, 15), strength=NONE):
        first = np.array([float(x.mean()) for x in image.numpy()]) < 50
        assert (weights["fracture"].numpy() == first).all()
        assert (weights["abnormality"].numpy() == ~first).all()
        assert (weights["bone_age_months"].numpy() == ~first).all()
        assert not weights["mask"].numpy().any()
        assert (targets["bone_age_months"].numpy()[:, 0] == np.where(first, 0, 7)).all()
        assert all(np.isfinite(target).all() for target in targets.values())


def test_what_is_known_is_counted(two):
    nothing = dict.fromkeys(ALL_HEADS, 0)
    assert known_count(two[0], SPLIT) == {**nothing, "fracture": 9}
    assert known_count(two[1], SPLIT) == {**nothing, "abnormality": 15, "bone_age_months": 15}


def test_sources_choose_splits_and_tell_of_themselves(two):
    sources = open_sources(two, weights=(1, 3), fold=1)
    assert [(s.train, s.validation, s.test) for s in sources] == [("fold0", "fold2", "fold1")] * 2
    assert [s.draws for s in sources] == [3, 7]
    told = describe(sources)
    assert told["name"] == "handmade + handmade-2"
    assert [part["validation"] for part in told["parts"]] == ["fold2", "fold2"]
    assert describe(sources[:1])["sha256"] == two[0].sha256


def test_the_same_data_twice_are_refused(two):
    with pytest.raises(BonefracError, match=r"holds the same data as .*Give one of them more"):
        open_sources([two[0], two[0]], weights=(), fold=0)


@pytest.mark.parametrize("weights", [(1,), (1, 2, 3), (1, 0)])
def test_weights_are_one_above_zero_for_each(two, weights):
    with pytest.raises(BonefracError, match="for 2 data sets; expected one above 0 for each"):
        open_sources(two, weights=weights, fold=0)


def test_a_fold_is_of_data_in_folds_only(two, build_examples, tmp_path):
    made = flat("c", 9, 20, fracture=1)
    parts = {e["id"]: ("test", "validation", "train")[k // 2 % 3] for k, e in enumerate(made)}
    named = build_examples(made, tmp_path / "named", split="official", official=parts)
    with pytest.raises(BonefracError, match="expected no fold"):
        open_sources([named], weights=(), fold=2)
    sources = open_sources([named, two[0]], weights=(), fold=2)
    assert [s.test for s in sources] == ["test", "fold2"]


def test_data_whose_groups_lie_on_several_sides_are_refused(two, tmp_path):
    torn = shutil.copytree(two[1].path, tmp_path / "torn")
    table = torn / "split.csv"
    lines = table.read_text().splitlines()
    first = next(k for k, line in enumerate(lines) if line.endswith("fold0"))
    lines[first] = lines[first].replace("fold0", "fold1")
    table.write_text("\n".join(lines) + "\n")
    storage.write_manifest(torn)
    with pytest.raises(BonefracError, match=r"1 groups of .*torn lie on several sides \(b\d\)"):
        open_sources([open_data(torn)], weights=(), fold=0)
