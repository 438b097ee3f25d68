"""The networks are the same on every backend of Keras, and train there."""

import importlib.util
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from bonefrac import list_presets

pytestmark = pytest.mark.slow

PRESETS = ("unet_tiny", "r2unet_tiny", "attention_unet_tiny", "vit_tiny_patch16")
TOLERANCE = 1e-4  # of a logit
SIZE = 64

_BUILD = f"""
import sys
import keras
import numpy as np
from bonefrac import build_model
folder, preset = sys.argv[1:]
keras.utils.set_random_seed(0)
model = build_model(preset, image_size={SIZE})
images = np.random.default_rng(0).uniform(0, 255, (2, {SIZE}, {SIZE}, 1)).astype("float32")
"""
_REFERENCE = """
import os
weights = f"{folder}/{preset}.weights.h5"
if not os.path.exists(weights):
    # Averages of these images, as after a training: a fresh R2U-Net's logits reach 1e5.
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
    model(images, training=True)
    model.save_weights(weights)
model.load_weights(weights)
outputs = {k: keras.ops.convert_to_numpy(v) for k, v in model(images, training=False).items()}
np.savez(f"{folder}/{preset}.{keras.backend.backend()}.npz", **outputs)
"""
_TRAIN = """
import json
from bonefrac.training.compiled import compiled
from bonefrac.training.settings import Settings
model = compiled(Settings(preset, image_size=images.shape[1], batch_size=2, epochs=1), steps=5)
target = {"mask": np.float32(images > 200), "fracture": np.float32([[0], [1]])}
history = model.fit(images, target, batch_size=2, epochs=5, verbose=0)
print(json.dumps(history.history["loss"]))
"""
_FIT = """
import dataclasses
import sys
from pathlib import Path
from bonefrac.data.store import open_data
from bonefrac.training.fit import fit
from bonefrac.training.settings import Settings
data, workdir = open_data(Path(sys.argv[1])), Path(sys.argv[2])
settings = Settings(
    "unet_tiny", image_size=32, epochs=1, batch_size=4, overrides={"filters": [4, 8, 16]}
)
fit(settings, data=data, workdir=workdir, resume=False, command="a test")
import keras
from bonefrac.training.checkpoint import Checkpoints, variables
from bonefrac.training.compiled import compiled
model = compiled(settings, 5)
state, damaged = Checkpoints(workdir / "checkpoints").restore_last(model)
assert (state.epoch, damaged) == (1, [])
assert fit(settings, data=data, workdir=workdir, resume=True, command="a test").is_dir()
print(keras.backend.backend())
"""


def run(backend, code, *args):
    """Run code under a backend; answer with the last line that it prints."""
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed; pip install bonefrac[backends]")
    env = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, args)],
        env=env,
        text=True,
        capture_output=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return (done.stdout.splitlines() or [""])[-1]


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """The folder with a preset's weights and TensorFlow's answer, made on first use."""
    folder = tmp_path_factory.mktemp("backends")

    def make(preset):
        if not (folder / f"{preset}.tensorflow.npz").exists():
            run("tensorflow", _BUILD + _REFERENCE, folder, preset)
        return folder

    return make


def test_the_presets_under_test_exist():
    assert set(PRESETS) <= set(list_presets())


@pytest.mark.parametrize("backend", ["jax", "torch"])
@pytest.mark.parametrize("network", PRESETS)
def test_equal_weights_answer_as_on_tensorflow(network, backend, reference):
    folder = reference(network)
    run(backend, _BUILD + _REFERENCE, folder, network)
    wanted = np.load(folder / f"{network}.tensorflow.npz")
    answer = np.load(folder / f"{network}.{backend}.npz")
    for key in wanted.files:
        difference, largest = np.abs(answer[key] - wanted[key]).max(), np.abs(wanted[key]).max()
        print(f"{network} on {backend}: {key} off by {difference:.1e}, largest {largest:.3g}")
        assert difference <= TOLERANCE


@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
@pytest.mark.parametrize("network", PRESETS)
def test_training_lowers_the_loss_of_one_batch(network, backend, tmp_path):
    losses = json.loads(run(backend, _BUILD + _TRAIN, tmp_path, network))
    assert np.isfinite(losses).all()
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_a_training_leaves_a_model_and_resumes(backend, phantom_data, tmp_path):
    assert run(backend, _FIT, phantom_data.path, tmp_path / "run") == backend
    assert (tmp_path / "run" / "model" / "card.json").is_file()
