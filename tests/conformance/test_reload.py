"""Promise: a saved network answers the same in a fresh process, without naming custom objects."""

import subprocess
import sys

import numpy as np

from .conftest import SIDE, answer

# Keras and the registered layers; nothing of the preset is told to the loader.
LOAD = """
import sys, numpy as np, keras, bonefrac.inference.runtimes
kind, preset, path, images, out = sys.argv[1:]
if kind == "keras":
    import bonefrac.models.baselines, bonefrac.models.layers
    model = keras.saving.load_model(path)
else:
    from bonefrac import build_model
    model = build_model(preset, image_size=int(kind))
    model.load_weights(path)
np.savez(out, **{k: np.asarray(v) for k, v in model(np.load(images), training=False).items()})
"""


def reloaded(kind, preset, path, images, folder):
    given, out = folder / "images.npy", folder / "out.npz"
    np.save(given, images)
    arguments = [kind, preset, path, given, out]
    done = subprocess.run(
        [sys.executable, "-c", LOAD, *map(str, arguments)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    with np.load(out) as arrays:
        return {k: arrays[k] for k in arrays.files}


def test_a_keras_file_answers_identically(preset, build, images, tmp_path):
    model = build(preset)
    model.save(tmp_path / "model.keras")
    again = reloaded("keras", preset, tmp_path / "model.keras", images, tmp_path)
    for key, logits in answer(model, images).items():
        np.testing.assert_array_equal(again[key], logits)


def test_weights_alone_answer_identically(preset, build, images, tmp_path):
    model = build(preset)
    model.save_weights(tmp_path / "model.weights.h5")
    again = reloaded(str(SIDE), preset, tmp_path / "model.weights.h5", images, tmp_path)
    for key, logits in answer(model, images).items():
        np.testing.assert_array_equal(again[key], logits)
