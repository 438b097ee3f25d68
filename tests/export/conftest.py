"""What the tests of the consumers share: exports of a short training, and the reference code."""

import base64
import importlib.util
import json
import shutil
import subprocess
import venv
from pathlib import Path
from subprocess import PIPE

import numpy as np
import pytest

from ..conformance.conftest import SIDE, phantoms, settle

FOLDER = Path(__file__).parents[2] / "export"


@pytest.fixture(scope="session")
def exported(tmp_path_factory):
    """A `.tflite` and a SavedModel version of one network with settled statistics.

    The mask threshold is a high quantile of its answers, so that there are boxes to compare.
    """
    from dataclasses import replace

    import keras

    from bonefrac.artifacts.savedmodel import write_savedmodel
    from bonefrac.artifacts.tflite import write_tflite
    from bonefrac.inference.card import Card, Thresholds
    from bonefrac.inference.runtimes import KerasRuntime
    from bonefrac.models.presets import build_model

    keras.utils.set_random_seed(3)
    images = phantoms(6)[0]
    network = build_model("unet_tiny", image_size=SIDE, filters=(4, 8, 16))
    card = Card("consumed", "unet_tiny", SIDE, 1.5, Thresholds(0.9, 0.1, 0.5))
    runtime = KerasRuntime(settle(network, images), card)
    masks = [runtime(image[..., 0])[0] for image in images]
    card = replace(card, thresholds=Thresholds(0.9, 0.1, float(np.quantile(masks, 0.9))))
    out = tmp_path_factory.mktemp("consumers")
    paths = {"tflite": out / "consumed.tflite", "savedmodel": out / "consumed" / "1"}
    write_tflite(network, card, paths["tflite"], quantize="none", calibration=images[..., 0])
    write_savedmodel(network, card, paths["savedmodel"])
    return paths


@pytest.fixture(scope="session")
def alone(tmp_path_factory):
    """A Python that has nothing, or nothing but what is installed here, and never bonefrac.

    `alone()` is bare; `alone(installed=True)` sees the packages of this environment, but for those
    that a `.pth` file brings, as an editable bonefrac is.
    """

    def make(*, installed=False):
        folder = tmp_path_factory.mktemp("venv")
        venv.create(folder)
        python = folder / "bin" / "python"
        (site,) = folder.glob("lib/python*/site-packages")
        if installed:
            (site / "installed.pth").write_text(f"{Path(np.__file__).parents[1]}\n")
        bonefrac = subprocess.run(
            [python, "-c", "import bonefrac"], cwd=folder, capture_output=True
        )
        assert b"No module named 'bonefrac'" in bonefrac.stderr
        return python

    return make


@pytest.fixture(scope="session")
def reference():
    """The module `export/mobile/reference.py`."""
    spec = importlib.util.spec_from_file_location("reference", FOLDER / "mobile/reference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def javascript():
    """Call `reference.js`: `javascript(name, *arguments)`; arrays go in and come out as float32."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node: JavaScript cannot be run")
    program = Path(__file__).with_name("call_reference.mjs")
    command = [node, program, FOLDER / "mobile/reference.js"]
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True) as process:

        def call(name, *arguments):
            process.stdin.write(json.dumps([name, arguments], default=_packed) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
            assert line, "node ended"
            return json.loads(line, object_hook=_unpacked)

        yield call
        process.stdin.close()


def _packed(value):
    """Arrays, bytes and NumPy's numbers for JSON."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode()}
    data = np.ascontiguousarray(value, "<f4").tobytes()
    return {"float32": base64.b64encode(data).decode()}


def _unpacked(value):
    if set(value) == {"float32"}:
        return np.frombuffer(base64.b64decode(value["float32"]), "<f4")
    return value
