"""Data sets that know different things train one network; the unknown teaches nothing."""

import csv
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import tensorflow as tf

from bonefrac.artifacts import export
from bonefrac.data.features import example
from bonefrac.errors import BonefracError
from bonefrac.inference.card import Card
from bonefrac.inference.predictor import load_model
from bonefrac.inference.runtimes import open_network
from bonefrac.training.compiled import compiled
from bonefrac.training.fit import fit
from bonefrac.training.settings import Settings

SIDE = 32
COUNT = 36
HEADS = ("mask", "fracture", "abnormality", "bone_age_months")


def outlined(index):
    """A bright square on some, with its mask."""
    image, mask = np.full((SIDE, SIDE), 60, np.uint8), np.zeros((SIDE, SIDE), np.uint8)
    if index % 2:
        top, left = 4 + index % 14, 4 + index * 5 % 14
        mask[top : top + 9, left : left + 9] = 1
        image[mask > 0] = 240
    return {"image": image, "mask": mask, "fracture": index % 2}


def abnormal(index):
    """A grid on some."""
    image = np.full((SIDE, SIDE), 60, np.uint8)
    if index % 2:
        image[:: 2 + index % 3] = 200
    return {"image": image, "abnormality": index % 2}


def aged(index):
    """A disc that grows with the months."""
    months = 20 + 190 * (index * 7 % COUNT) / COUNT
    image = np.full((SIDE, SIDE), 30, np.uint8)
    cv2.circle(image, (SIDE // 2, SIDE // 2), round(months / 15), 220, -1)
    return {"image": image, "bone_age_months": months, "body_part": "hand"}


@pytest.fixture(scope="module")
def make(build_examples, tmp_path_factory):
    def make_set(kind, count=COUNT):
        made = [
            example(id=f"{kind.__name__} {k}", group=f"patient {k}", **kind(k))
            for k in range(count)
        ]
        return build_examples(made, tmp_path_factory.mktemp(kind.__name__) / "data", folds=6)

    return make_set


@pytest.fixture(scope="module")
def sets(make):
    return [make(kind) for kind in (outlined, abnormal, aged)]


@pytest.fixture(scope="module")
def settings():
    return Settings(
        "unet_tiny",
        image_size=SIDE,
        epochs=6,
        batch_size=6,
        learning_rate=1e-2,
        overrides={"filters": (4, 8, 16)},
    )


@pytest.fixture(scope="module")
def run(sets, settings, tmp_path_factory):
    workdir = tmp_path_factory.mktemp("mixture") / "run"
    short = replace(settings, epochs=2)
    fit(short, data=sets, workdir=workdir, resume=False, command="a test")
    return workdir


@pytest.fixture(scope="module")
def encoder(sets, settings, tmp_path_factory):
    """A run on data that know of no fracture."""
    workdir = tmp_path_factory.mktemp("encoder") / "run"
    short = replace(settings, epochs=1)
    fit(short, data=sets[1], workdir=workdir, resume=False, command="a test")
    return workdir


@pytest.mark.slow
def test_the_loss_of_every_head_falls(sets, settings, tmp_path):
    fit(settings, data=sets, workdir=tmp_path / "run", resume=False, command="a test")
    with (tmp_path / "run" / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    for head in HEADS:
        assert float(rows[-1][f"{head}_loss"]) < 0.9 * float(rows[0][f"{head}_loss"]), head
    assert {"val_mask_dice", "val_abnormality_auc", "val_bone_age_months_mae"} <= rows[0].keys()


def test_the_card_scores_each_head_on_all_and_on_each_data_set(run, sets):
    card = Card.read(run / "model" / "card.json")
    assert card.overrides["heads"] == list(HEADS)
    named = ["handmade", "handmade-2", "handmade-3"]
    assert [part["name"] for part in card.data["parts"]] == named
    assert [part["sha256"] for part in card.data["parts"]] == [data.sha256 for data in sets]
    assert card.scores.keys() == {
        f"{part}{of}"
        for part in ("validation", "test")
        for of in ("", *(f" of {name}" for name in named))
    }
    together, first, second, third = (
        card.scores[f"test{of}"] for of in ("", *(f" of {name}" for name in named))
    )
    assert (together["images"], together["groups"]) == (18, 18)
    assert together["bone_age_mae"] == third["bone_age_mae"]
    assert together["abnormality_auc"] == second["abnormality_auc"]
    assert together["auc"] == first["auc"]
    assert third["auc"]["value"] is third["accuracy"]["baseline"] is None
    assert first["bone_age_mae"]["value"] is None
    mae = third["bone_age_mae"]
    assert mae["low"] <= mae["value"] <= mae["high"]
    assert 30 < mae["baseline"] < 80


def test_other_heads_leave_predictions_and_exports_as_they_are(run, sets, tmp_path):
    folder, network = open_network(run)
    squares = export.real_squares(sets[0], "fold1", image_size=SIDE, count=4)
    path, _ = export.export_tflite(network, tmp_path, squares, quantize="none")
    folder, _ = export.export_savedmodel(network, tmp_path, squares)
    signature = tf.saved_model.load(str(folder)).signatures["serve_tensor"]
    assert signature.structured_outputs.keys() == {"mask_probability", "fracture_probability"}
    picture = outlined(3)["image"]
    wanted = load_model(run).predict(picture)
    for other in (path, folder):
        assert load_model(other).predict(picture).probability == pytest.approx(
            wanted.probability, abs=1e-3
        )


def program(name, *words):
    return subprocess.run(
        [Path(sys.executable).parent / name, *map(str, words)], capture_output=True, text=True
    )


def test_data_without_fractures_train_an_encoder_that_refuses_to_predict(encoder, tmp_path):
    card = Card.read(encoder / "model" / "card.json")
    assert card.overrides["heads"] == ["abnormality"]
    test = card.scores["test"]
    assert test["auc"] == test["accuracy"] | {"baseline": 0.5}
    assert test["auc"]["value"] is test["dice"]["value"] is None
    assert test["abnormality_auc"]["value"] is not None
    with (encoder / "metrics.csv").open(newline="") as file:
        assert "val_abnormality_auc" in next(csv.DictReader(file))

    predictor = load_model(encoder)
    assert predictor.model.get_layer("abnormality_logits").output.shape == (None, 1)
    picture = tmp_path / "x.png"
    cv2.imwrite(str(picture), abnormal(1)["image"])
    told = r"unet_tiny has the heads abnormality: its data knew no fracture label; expected"
    with pytest.raises(BonefracError, match=told):
        predictor.predict(picture)
    for words in (
        ("bonefrac-predict", "-m", encoder, picture, picture),
        ("bonefrac-export", encoder, "--tflite"),
    ):
        done = program(*words)
        assert done.returncode == 1
        assert done.stdout == ""
        assert done.stderr.startswith("Error: unet_tiny has the heads abnormality")
        assert len(done.stderr.splitlines()) == 1


@pytest.fixture(scope="module")
def gradients(settings):
    """`gradients(targets, weights)`: layer/weight -> gradient, on the same four pictures."""
    settings = replace(settings, overrides={**settings.overrides, "heads": HEADS})
    model = compiled(settings, 10)
    image = np.random.default_rng(0).uniform(0, 255, (4, SIDE, SIDE, 1)).astype(np.float32)

    def compute(targets, weights):
        with tf.GradientTape() as tape:
            loss = model.compute_loss(image, targets, model(image, training=True), weights)
        found = tape.gradient(loss, model.trainable_weights)
        return {w.path: np.asarray(g) for w, g in zip(model.trainable_weights, found, strict=True)}

    return compute


def random_targets(seed):
    rng = np.random.default_rng(seed)
    targets = {head: rng.integers(0, 2, (4, 1)).astype(np.float32) for head in HEADS}
    targets["mask"] = rng.integers(0, 2, (4, SIDE, SIDE, 1)).astype(np.float32)
    targets["bone_age_months"] += 50 * seed
    return targets


@pytest.mark.parametrize("taught", HEADS)
def test_what_is_unknown_changes_nothing(gradients, taught):
    weights = {head: np.float32([head == taught, 0, 0, 0]) for head in HEADS}
    one, other = random_targets(1), random_targets(2)
    for head in HEADS:
        other[head][0] = one[head][0] if head == taught else other[head][0]
    reference = gradients(one, weights)
    for path, gradient in gradients(other, weights).items():
        np.testing.assert_array_equal(gradient, reference[path], err_msg=path)

    layers = {path.split("/")[0] for path, gradient in reference.items() if np.any(gradient)}
    last = {"mask_logits", "fracture_logits", "abnormality_logits", "bone_age_standard"}
    assert "enc0_conv1" in layers
    assert {layer.split("_")[0] for layer in layers & last} == {taught.split("_")[0]}


def start(workdir, sets, *options):
    words = [word for data in sets for word in ("--data", data.path)]
    words += ["--preset", "unet_tiny", "--workdir", workdir, "--image-size", SIDE, "--epochs", 4]
    words += ["--batch-size", 6, *(word for w in (3, 1, 2) for word in ("--weight", w)), *options]
    command = [Path(sys.executable).parent / "bonefrac-train", *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def checkpoint(workdir):
    with np.load(workdir / "checkpoints" / "00004" / "variables.npz") as arrays:
        return [arrays[name] for name in sorted(arrays.files)]


@pytest.mark.slow
def test_a_killed_mixture_resumes_bit_for_bit(tmp_path, sets):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    undisturbed, process = start(whole, sets), start(killed, sets)
    for line in process.stderr:
        if line.startswith(b"Epoch 2/4"):
            break
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    resumed = start(killed, sets, "--resume")
    out, err = resumed.communicate()
    assert resumed.returncode == 0, err.decode()
    assert b"Epoch 1/4" not in err
    assert b"Test of handmade-3:" in out
    assert b"bone_age_mae" in out
    _, err = undisturbed.communicate()
    assert undisturbed.returncode == 0, err.decode()
    for a, b in zip(checkpoint(whole), checkpoint(killed), strict=True):
        np.testing.assert_array_equal(a, b)


def test_resuming_with_another_mixture_is_refused(run, sets, settings):
    settings = replace(settings, epochs=2)  # as the run has
    with pytest.raises(BonefracError, match="another overrides, data"):
        fit(settings, data=sets[:2], workdir=run, resume=True, command="")
    weighted = replace(settings, weights=(1.0, 1.0, 2.0))
    with pytest.raises(BonefracError, match="another weights"):
        fit(weighted, data=sets, workdir=run, resume=True, command="")


def test_another_number_of_weights_is_wrong_usage(sets, tmp_path):
    words = ("--data", sets[0].path, "--data", sets[1].path, "--weight", 1)
    done = program("bonefrac-train", *words, "--preset", "unet_tiny", "-w", tmp_path / "w")
    assert done.returncode == 2
    assert "1 --weight for 2 --data: give one for each" in done.stderr
    words = ("--data", sets[0].path, "--data", sets[0].path)
    done = program("bonefrac-train", *words, "--preset", "unet_tiny", "-w", tmp_path / "w")
    assert done.returncode == 1
    assert "holds the same data as" in done.stderr
    assert not (tmp_path / "w").exists()


@pytest.mark.slow
def test_random_images_are_warned_about_and_recorded(build_examples, settings, tmp_path, capsys):
    made = [example(id=f"{k}", group=f"p{k // 3}", **outlined(k)) for k in range(COUNT)]
    data = build_examples(made, tmp_path / "data", split="random-images")
    short = replace(settings, epochs=1)
    model = fit(short, data=data, workdir=tmp_path / "run", resume=False, command="a test")
    told = Card.read(model / "card.json").data
    assert told["split"] == "random-images"
    assert told["torn_groups"] >= 8
    line = f"{told['torn_groups']} groups of {data.path} lie on both sides"
    assert f"Warning: scores of this split flatter: {line}" in capsys.readouterr().err
    run = json.loads((tmp_path / "run" / "run.json").read_text())
    assert run["data"]["split_sha256"] == data.split_sha256
