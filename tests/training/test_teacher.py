"""A teacher's answers are mixed into what a training aims at, and into nothing else."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from bonefrac.data.sources import open_sources
from bonefrac.errors import BonefracError
from bonefrac.inference.runtimes import open_network
from bonefrac.training.compiled import answering, compiled, heads_of
from bonefrac.training.fit import fit
from bonefrac.training.running import Running
from bonefrac.training.settings import Settings
from bonefrac.training.teacher import _mixed, leaks

PLAIN = Settings("unet_tiny", 64, overrides={"filters": (4, 8, 16)}, loss="bce", seed=1)
X = np.random.default_rng(0).uniform(0, 255, (3, 64, 64, 1)).astype(np.float32)
KNOWN = np.array([1, 1, 0], np.float32)


@pytest.fixture(scope="module")
def told(trained_run):
    """Probabilities of the teacher."""
    answers = open_network(trained_run)[1].model.predict_on_batch(X)
    return {head: 1 / (1 + np.exp(-answers[head])) for head in answers}


@pytest.fixture(scope="module")
def truth():
    mask = np.zeros((3, 64, 64, 1), np.float32)
    mask[0, 20:30, 20:30] = 1
    return {"mask": mask, "fracture": np.array([[1], [0], [0]], np.float32)}


def loss_of(settings, y, weights, *, train):
    model = compiled(settings, steps=2)
    step = model.train_on_batch if train else model.test_on_batch
    return step(X, y, dict.fromkeys(y, weights), return_dict=True)


@pytest.mark.parametrize("share", [0.25, 1.0])
def test_it_aims_between_truth_and_teacher_and_at_the_teacher_where_nothing_is_known(
    trained_run, told, truth, share
):
    taught = replace(PLAIN, teacher=str(trained_run), teacher_share=share)
    got = loss_of(taught, truth, KNOWN, train=True)
    aims = {head: told[head].copy() for head in truth}
    for head, aim in aims.items():
        aim[:2] = (1 - share) * truth[head][:2] + share * told[head][:2]
    wanted = loss_of(PLAIN, aims, np.ones(3, np.float32), train=True)
    assert got["loss"] == pytest.approx(wanted["loss"], rel=1e-5)
    # What a person is shown is measured against the truth.
    plain = loss_of(PLAIN, truth, KNOWN, train=True)
    assert got["mask_dice"] == plain["mask_dice"]
    assert got["loss"] != pytest.approx(plain["loss"], rel=1e-3)


def test_validation_keeps_to_the_truth(trained_run, truth):
    taught = replace(PLAIN, teacher=str(trained_run))
    got, plain = (loss_of(s, truth, KNOWN, train=False) for s in (taught, PLAIN))
    assert got == plain


def test_a_teacher_is_no_part_of_the_network(trained_run):
    taught = compiled(replace(PLAIN, teacher=str(trained_run)), steps=2)
    plain = compiled(PLAIN, steps=2)
    assert [v.path for v in taught.variables] == [v.path for v in plain.variables]
    for one, other in zip(taught.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_hints_make_the_deepest_maps_like_the_teachers(trained_run, truth):
    hinted = replace(PLAIN, teacher=str(trained_run), hint=50.0, teacher_share=1e-6)
    model = compiled(replace(hinted, learning_rate=0.02, warmup=0), steps=60)
    weights = dict.fromkeys(truth, KNOWN)
    losses = [model.train_on_batch(X, truth, weights, return_dict=True)["loss"] for _ in range(40)]
    assert losses[0] > 40  # where a cosine of 0 is a loss of 50
    assert losses[-1] < losses[0] / 2
    teacher = open_network(trained_run)[1].model
    deepest = keras.Model(teacher.input, teacher.get_layer("fracture_evidence").input)
    maps, wanted = model.predict_on_batch(X)["hint"], deepest.predict_on_batch(X)
    lengths = np.linalg.norm(maps, axis=-1) * np.linalg.norm(wanted, axis=-1)
    cosine = np.sum(maps * wanted, axis=-1) / np.maximum(lengths, 1e-9)
    assert cosine.mean() > 0.5


def test_a_hint_is_no_answer(trained_run, truth):
    hinted = replace(PLAIN, teacher=str(trained_run), hint=1.0)
    assert heads_of(compiled(hinted, steps=2)) == ["mask", "fracture"]
    got, plain = (loss_of(s, truth, KNOWN, train=False) for s in (hinted, PLAIN))
    assert got == plain
    answers = answering(hinted, compiled(hinted, steps=2))
    for one, other in zip(answers.weights, compiled(PLAIN, steps=2).weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_no_hint_from_a_label_that_looks_elsewhere(trained_run):
    dense = {**PLAIN.overrides, "image_head": "dense"}
    settings = replace(PLAIN, teacher=str(trained_run), hint=1.0, overrides=dense)
    with pytest.raises(BonefracError, match="A hint where unet_tiny looks for no evidence"):
        compiled(settings, steps=2)


def test_an_age_stays_an_age():
    age = {"bone_age_months": np.array([[100.0], [0.0]], np.float32)}
    told = {"bone_age_months": np.array([[120.0], [60.0]], np.float32)}
    weights = {"bone_age_months": np.array([1, 0], np.float32)}
    targets, counts = _mixed(told, age, weights, 0.5)
    np.testing.assert_allclose(targets["bone_age_months"], [[110.0], [60.0]])
    np.testing.assert_array_equal(counts["bone_age_months"], [1, 1])


def test_no_teacher_there(tmp_path):
    with pytest.raises(BonefracError, match="does not exist"):
        compiled(replace(PLAIN, teacher=str(tmp_path / "none")), steps=2)


def test_who_knows_the_test_is_told(trained_run, phantom_data, run_settings):
    own = open_sources([phantom_data], weights=(), fold=0)
    others = {fold: open_sources([phantom_data], weights=(), fold=fold) for fold in (1, 2)}
    for settings in (
        replace(run_settings, teacher=str(trained_run)),
        replace(run_settings, finetune=str(trained_run)),
    ):
        assert leaks(settings, own) == []
        for fold, other in others.items():
            (line,) = leaks(settings, other)
            told = f"{trained_run} was trained or chosen on fold{fold} of {phantom_data.path}"
            assert line == f"the scores will flatter: {told}"


def test_a_whole_training_with_a_teacher_answers_alone(
    trained_run, phantom_data, run_settings, tmp_path
):
    settings = replace(run_settings, epochs=1, teacher=str(trained_run), hint=1.0, crop=32)
    run = tmp_path / "run"
    quiet = Running(preview_every=0)
    fit(settings, data=phantom_data, workdir=run, resume=False, command="", running=quiet)
    _, runtime = open_network(run)
    assert runtime.card.training["teacher"] == str(trained_run)
    assert runtime.card.training["teacher_share"] == 0.5
