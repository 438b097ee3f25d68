"""A loss that is no number, a full disk, too little memory: told in a line, nothing lost."""

import resource
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from bonefrac.errors import BonefracError
from bonefrac.training.checkpoint import Checkpoints, State
from bonefrac.training.memory import explain_shortage
from bonefrac.training.recorder import Recorder

PROGRAM = Path(sys.executable).parent / "bonefrac-train"


def command(data, workdir, *options):
    words = ["--data", data.path, "--preset", "unet_tiny", "--image-size", 32, "--epochs", 2]
    words += ["--batch-size", 2, "--workdir", workdir, "--preview-every", 0, *options]
    return [PROGRAM, *map(str, words)]


def the_line(done):
    assert done.returncode == 1, done.stderr
    (line,) = [line for line in done.stderr.splitlines() if not line.startswith("Epoch")]
    assert line.startswith("Error: ")
    return line


def test_a_loss_that_is_no_number_is_told_with_its_step(tmp_path):
    keras.utils.set_random_seed(0)
    inputs = keras.Input((1,))
    model = keras.Model(inputs, {"mask": keras.layers.Dense(1)(inputs)})
    model.compile("sgd", "mse", jit_compile=False)
    x = np.ones((8, 1), np.float32)
    y = np.array([[1]] * 5 + [[np.nan]] * 3, np.float32)
    recorder = Recorder(Checkpoints(tmp_path), State(epoch=3), tmp_path, steps=8)
    with pytest.raises(BonefracError, match="The loss is nan at step 6 of epoch 4"):
        model.fit(x, {"mask": y}, batch_size=1, shuffle=False, verbose=0, callbacks=[recorder])
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_learning_rate_that_is_too_high_ends_in_one_line(phantom_data, tmp_path):
    done = subprocess.run(
        command(phantom_data, tmp_path, "--learning-rate", "1e30"), capture_output=True, text=True
    )
    assert "at step " in (line := the_line(done))
    assert "lower --learning-rate" in line


@pytest.mark.slow
def test_a_full_disk_ends_in_one_line_and_the_last_checkpoint_is_whole(phantom_data, tmp_path):
    done = subprocess.run(command(phantom_data, tmp_path), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    before = sorted(p.name for p in (tmp_path / "checkpoints").iterdir())

    longer = tmp_path / "longer"
    limit = (tmp_path / "checkpoints" / "00002" / "variables.npz").stat().st_size // 2
    done = subprocess.run(
        command(phantom_data, longer, "--epochs", "2"),
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    line = the_line(done)
    assert "File too large" in line
    assert "the disk" in line
    assert not list((longer / "checkpoints").iterdir())
    assert before == ["00001", "00002"]

    done = subprocess.run(command(phantom_data, longer, "--resume"), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


class ResourceExhaustedError(Exception):
    """Named as TensorFlow's."""


@pytest.mark.parametrize(
    "error",
    [
        ResourceExhaustedError("OOM when allocating tensor with shape[8,512,512,64]"),
        MemoryError(),
        RuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate 9 bytes."),
    ],
)
def test_memory_that_ran_out_is_told_with_what_makes_it_less(error, run_settings):
    settings = replace(run_settings, batch_size=8, image_size=512)
    told = r"Out of memory with 8 radiographs of 512x512 a step; .* --batch-size or --image-size"
    with pytest.raises(BonefracError, match=told), explain_shortage(settings):
        raise error


def test_another_failure_is_left_as_it_is(run_settings):
    with pytest.raises(RuntimeError, match="shapes differ"), explain_shortage(run_settings):
        raise RuntimeError("shapes differ")
