"""A training leaves everything it should, refuses what it should, and resumes after kill -9."""

import csv
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bonefrac import storage
from bonefrac.errors import BonefracError
from bonefrac.inference.card import Card
from bonefrac.training.fit import fit


def test_run_folder_tells_what_happened(trained_run):
    with (trained_run / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert {"loss", "mask_dice", "fracture_auc", "val_loss", "seconds"} <= rows[0].keys()
    with Image.open(trained_run / "curves.png") as curves:
        assert curves.width > 600
    run = json.loads((trained_run / "run.json").read_text())
    assert run["settings"]["preset"] == "unet_tiny"
    assert run["command"] == "a test"


def test_model_folder_is_whole_and_its_card_is_complete(trained_run, phantom_data):
    folder = trained_run / "model"
    storage.verify_manifest(folder, what="model folder", fix="")
    card = Card.read(folder / "card.json")
    assert card.preset == "unet_tiny"
    assert card.image_size == 64
    assert card.data["sha256"] == phantom_data.sha256
    assert card.thresholds.doubt <= card.thresholds.sure
    test = card.scores["test"]
    assert test["images"] == phantom_data.counts["fold0"]
    assert test["dice"]["baseline"] == 0.0
    assert test["auc"]["low"] <= test["auc"]["value"] <= test["auc"]["high"]


def test_a_folder_with_a_run_is_not_overwritten(trained_run, phantom_data, run_settings):
    with pytest.raises(BonefracError, match=r"holds a run.*--resume"):
        fit(run_settings, data=phantom_data, workdir=trained_run, resume=False, command="")


def test_resume_with_other_settings_is_refused(trained_run, phantom_data, run_settings):
    changed = replace(run_settings, seed=5, batch_size=3)
    with pytest.raises(BonefracError, match="another batch_size, seed"):
        fit(changed, data=phantom_data, workdir=trained_run, resume=True, command="")


def test_resume_on_other_data_is_refused(trained_run, phantom_data, run_settings):
    other = replace(phantom_data, sha256="0" * 64)
    with pytest.raises(BonefracError, match="another data"):
        fit(run_settings, data=other, workdir=trained_run, resume=True, command="")


def test_more_than_there_is_for_a_batch_is_refused(tmp_path, phantom_data, run_settings):
    with pytest.raises(BonefracError, match="one batch of 999"):
        fit(
            replace(run_settings, batch_size=999),
            data=phantom_data,
            workdir=tmp_path / "run",
            resume=False,
            command="",
        )
    assert not (tmp_path / "run").exists()


def test_a_finished_run_resumes_to_the_same_model(trained_run, phantom_data, run_settings):
    before = (trained_run / "model" / "model.weights.h5").read_bytes()
    fit(run_settings, data=phantom_data, workdir=trained_run, resume=True, command="a test")
    assert (trained_run / "model" / "model.weights.h5").read_bytes() == before


def start(data, workdir: Path, *options: str) -> subprocess.Popen:
    arguments = ["--data", data.path, "--preset", "unet_tiny", "--workdir", workdir]
    sizes = ["--image-size", "32", "--batch-size", "4", "--epochs", "4"]
    program = Path(sys.executable).parent / "bonefrac-train"
    return subprocess.Popen(
        [program, *arguments, *sizes, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def checkpoint(workdir: Path):
    with np.load(workdir / "checkpoints" / "00004" / "variables.npz") as arrays:
        return [arrays[name] for name in sorted(arrays.files)]


@pytest.mark.slow
def test_a_killed_run_resumes_bit_for_bit(tmp_path, phantom_data):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    undisturbed = start(phantom_data, whole)
    process = start(phantom_data, killed)
    for line in process.stderr:
        if line.startswith(b"Epoch 2/4"):
            break
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert not (killed / "model").exists()

    resumed = start(phantom_data, killed, "--resume")
    out, err = resumed.communicate()
    assert resumed.returncode == 0, err.decode()
    assert b"Epoch 1/4" not in err
    assert b"Test:" in out
    _, err = undisturbed.communicate()
    assert undisturbed.returncode == 0, err.decode()
    for a, b in zip(checkpoint(whole), checkpoint(killed), strict=True):
        np.testing.assert_array_equal(a, b)
