"""Trainings with each family of options: they end, say what they were, resume and predict."""

import csv
import json
import os
import signal
import subprocess
import sys
import tomllib
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner

from bonefrac.artifacts import export
from bonefrac.cli.objective import _OPTIONS, as_settings
from bonefrac.cli.train import train
from bonefrac.data.phantom import draw
from bonefrac.errors import BonefracError
from bonefrac.inference.card import Card
from bonefrac.inference.predictor import load_model
from bonefrac.inference.runtimes import open_network
from bonefrac.training.averages import averaged
from bonefrac.training.checkpoint import Checkpoints
from bonefrac.training.compiled import answering, compiled
from bonefrac.training.fit import fit
from bonefrac.training.settings import Settings


def trained(settings, data, workdir, resume=False):
    fit(settings, data=data, workdir=workdir, resume=resume, command="a test")
    return workdir


def history(run):
    with (run / "metrics.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def everything(phantom_data, run_settings, tmp_path_factory):
    """A run with an option of every family at once."""
    settings = replace(
        run_settings,
        batch_size=2,
        loss="focal_tversky",
        positive_weight=2.0,
        deep_supervision=True,
        schedule="constant",
        warmup=2,
        ema=0.9,
        accumulate=2,
        foreground=0.5,
        crop=32,
        overrides={**run_settings.overrides, "image_head": "dense"},
    )
    return trained(settings, phantom_data, tmp_path_factory.mktemp("all") / "run"), settings


def test_the_card_tells_what_was_optimised_and_the_model_has_its_own_heads(everything):
    run, settings = everything
    card = Card.read(run / "model" / "card.json")
    assert card.training["loss"] == "focal_tversky"
    assert card.training["crop"] == 32
    assert (card.image_size, card.window) == (64, 0)
    assert "deep_supervision" not in card.overrides
    assert "mask_1_loss" in history(run)[0]
    model = load_model(run).model
    assert list(model.output) == ["mask", "fracture"]
    assert model.input_shape == (None, 64, 64, 1)
    assert np.isfinite([float(row["val_loss"]) for row in history(run)]).all()
    assert json.loads((run / "run.json").read_text())["settings"]["ema"] == settings.ema


def test_the_model_has_the_averages_of_the_best_epoch(everything):
    run, settings = everything
    network = compiled(settings, 10)
    raw = Checkpoints(run / "checkpoints")
    best = raw.restore_last(network)[0].best_epoch
    raw.restore(network, best)
    with averaged(network):
        expected = answering(settings, network).get_weights()
    plain = answering(settings, network).get_weights()
    found = load_model(run).model.get_weights()
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)
    assert any((a != b).any() for a, b in zip(found, plain, strict=True))


def test_it_resumes_only_as_it_was(everything, phantom_data):
    run, settings = everything
    with pytest.raises(BonefracError, match="another loss, foreground"):
        trained(replace(settings, loss="bce", foreground=0.25), phantom_data, run, resume=True)


@pytest.mark.slow
def test_a_network_in_windows_predicts_on_whole_radiographs(phantom_data, run_settings, tmp_path):
    settings = replace(run_settings, epochs=1, crop=32, sliding=True)
    run = trained(settings, phantom_data, tmp_path / "run")
    card = Card.read(run / "model" / "card.json")
    assert (card.image_size, card.window, card.input_size) == (64, 32, 32)
    predictor = load_model(run)
    assert predictor.model.input_shape == (None, 32, 32, 1)
    picture = draw(seed=1, index=0).image
    assert predictor.predict(picture).mask.shape == picture.shape
    folder, network = open_network(run)
    squares = export.real_squares(phantom_data, "fold1", image_size=64, count=2)
    with pytest.raises(BonefracError, match="answers in windows of 32 pixels"):
        export.export_tflite(network, folder, squares, quantize="none")
    path, _ = export.export_keras(network, tmp_path, squares)
    assert load_model(path).predict(picture).probability == pytest.approx(
        predictor.predict(picture).probability, abs=1e-5
    )


@pytest.mark.slow
def test_patience_ends_a_training_and_a_resumed_one_ends_as_it(
    phantom_data, run_settings, tmp_path
):
    """A learning rate of next to nothing: the first epoch stays the best."""
    settings = replace(run_settings, epochs=9, patience=2, learning_rate=1e-12, augment="none")
    run = trained(settings, phantom_data, tmp_path / "run")
    rows = history(run)
    assert len(rows) < 9
    before = (run / "model" / "model.weights.h5").read_bytes()
    trained(settings, phantom_data, run, resume=True)
    assert history(run) == rows
    assert (run / "model" / "model.weights.h5").read_bytes() == before


def test_only_some_epochs_are_validated_and_the_last_one_always(
    phantom_data, run_settings, tmp_path
):
    settings = replace(run_settings, epochs=3, validate_every=2)
    rows = history(trained(settings, phantom_data, tmp_path / "run"))
    assert [bool(row["val_mask_dice"]) for row in rows] == [False, True, True]
    assert all(row["mask_dice"] for row in rows)


def test_less_patience_than_epochs_between_validations_is_refused(
    phantom_data, run_settings, tmp_path
):
    settings = replace(run_settings, validate_every=3, patience=2)
    with pytest.raises(BonefracError, match="A patience of 2 where each 3 epochs are validated"):
        trained(settings, phantom_data, tmp_path / "run")
    assert not (tmp_path / "run").exists()


OPTIONS = [
    "--ema",
    "0.9",
    "--accumulate",
    "3",
    "--patience",
    "3",
    "--foreground",
    "0.5",
    "--crop",
    "16",
    "--loss",
    "boundary",
    "--deep-supervision",
    "--precision",
    "float16",
]


def start(data, workdir: Path, *options: str) -> subprocess.Popen:
    arguments = ["--data", data.path, "--preset", "unet_tiny", "--workdir", workdir]
    sizes = ["--image-size", "32", "--batch-size", "4", "--epochs", "4", *OPTIONS]
    program = Path(sys.executable).parent / "bonefrac-train"
    return subprocess.Popen(
        [program, *arguments, *sizes, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def checkpoint(workdir: Path):
    with np.load(workdir / "checkpoints" / "00004" / "variables.npz") as arrays:
        return [arrays[name] for name in sorted(arrays.files)]


@pytest.mark.slow
def test_a_killed_run_with_all_options_resumes_bit_for_bit(tmp_path, phantom_data):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    undisturbed, process = start(phantom_data, whole), start(phantom_data, killed)
    for line in process.stderr:
        if line.startswith(b"Epoch 3/4"):
            break
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    resumed = start(phantom_data, killed, "--resume")
    _, err = resumed.communicate()
    assert resumed.returncode == 0, err.decode()
    assert b"Epoch 1/4" not in err
    _, err = undisturbed.communicate()
    assert undisturbed.returncode == 0, err.decode()
    for a, b in zip(checkpoint(whole), checkpoint(killed), strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_defaults_of_the_options_are_those_of_the_settings():
    words = ["--data", "x", "-p", "unet_tiny", "-w", "y"]
    values = train.make_context("bonefrac-train", words).params
    names = (set(Settings.__dataclass_fields__) & values.keys()) | {"image_head", "override"}
    chosen = as_settings({name: values[name] for name in names})
    assert Settings(**chosen) == Settings("unet_tiny")
    assert len(_OPTIONS) == 18


def test_arguments_of_the_preset_are_values_of_toml():
    words = ["--data", "x", "-p", "r2unet_tiny", "-w", "y", "--override", "recurrent_steps = 1"]
    words += ["--override", "filters=[4, 8]", "--image-head", "dense"]
    values = train.make_context("bonefrac-train", words).params
    wanted = {"recurrent_steps": 1, "filters": [4, 8], "image_head": "dense"}
    assert as_settings(values)["overrides"] == wanted


@pytest.mark.parametrize("text", ["num_layers", "num_layers=six", "a=1\nb=2", ""])
def test_no_argument_of_a_preset(text):
    values = {"sliding": False, "crop": 0, "hint": 0.0, "image_head": "deep"}
    with pytest.raises(click.UsageError, match=f"--override {text}"):
        as_settings({**values, "override": (text,)})


def test_every_option_may_stand_in_a_recipe(tmp_path, monkeypatch):
    text = """
loss = "tversky"
positive_weight = 2.0
pixel_weight = 1.0
deep_supervision = true
image_head = "dense"
override = ["recurrent_steps = 1"]
schedule = "constant"
warmup = 5
weight_decay = 0.01
clip_norm = 0.5
ema = 0.99
accumulate = 2
precision = "bfloat16"
validate_every = 2
patience = 4
foreground = 0.5
crop = 64
sliding = true
"""
    assert len(tomllib.loads(text)) == len(_OPTIONS)
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(text)
    seen = []
    monkeypatch.setattr(
        "bonefrac.cli.train.as_settings", lambda v: seen.append(v) or as_settings(v)
    )
    words = ["--recipe", recipe, "--data", tmp_path / "none", "-p", "unet_tiny", "-w", tmp_path]
    done = CliRunner().invoke(train, list(map(str, words)))
    assert done.exit_code == 1  # there is no such data folder
    values = seen[-1]
    for name, value in tomllib.loads(text).items():
        if name != "image_head":
            assert values[name] == (tuple(value) if isinstance(value, list) else value)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--sliding"], "--sliding needs --crop"),
        (["--hint", "1"], "--hint needs --teacher"),
        (["--loss", "hinge"], "boundary"),
        (["--ema", "1"], "0<=x<1"),
        (["--foreground", "1.5"], "0<=x<=1"),
    ],
)
def test_wrong_usage_exits_2(words, told, tmp_path):
    base = ["--data", "phantom", "-p", "unet_tiny", "-w", str(tmp_path / "run")]
    done = CliRunner().invoke(train, [*base, *words])
    assert done.exit_code == 2
    assert told in done.output
    assert not (tmp_path / "run").exists()
