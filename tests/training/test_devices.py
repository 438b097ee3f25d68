"""Several devices, and several processes, train as one does."""

import importlib.util
import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bonefrac.errors import BonefracError
from bonefrac.training.devices import Mesh, join_processes, spread
from bonefrac.training.fit import fit

# No batch normalisation, whose statistics are those of a device's own share of the batch.
_TRAIN = """
import sys
from pathlib import Path
devices, batch_size = int(sys.argv[3]), 4
import keras
if keras.backend.backend() == "tensorflow":
    import tensorflow as tf
    cpu = tf.config.list_physical_devices("CPU")[0]
    part = tf.config.LogicalDeviceConfiguration()
    tf.config.set_logical_device_configuration(cpu, [part] * devices)
from bonefrac.data.store import open_data
from bonefrac.training.fit import fit
from bonefrac.training.running import Running
from bonefrac.training.settings import Settings
plain = {"filters": (4, 8, 16), "normalization": None}
settings = Settings("unet_tiny", image_size=32, epochs=2, batch_size=4, devices=devices,
                    overrides=plain)
workdir = Path(sys.argv[2])
folder = fit(settings, data=open_data(Path(sys.argv[1])), workdir=workdir,
             resume=(workdir / "run.json").exists() and "again" in sys.argv, command="a test",
             running=Running(preview_every=0))
print("wrote" if folder else "did not write")
"""


def start(backend, data, workdir, *, devices=1, env=None, words=()):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed; pip install bonefrac[backends]")
    quiet = {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3", "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-c", _TRAIN, data.path, workdir, devices, *words]
    return subprocess.Popen(
        [str(word) for word in command],
        env={**os.environ, **quiet, **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process):
    out, err = process.communicate(timeout=600)
    assert process.returncode == 0, err[-4000:]
    return out


def arrays(workdir):
    with np.load(workdir / "checkpoints" / "00002" / "variables.npz") as stored:
        return [stored[name] for name in sorted(stored.files)]


def assert_alike(one: Path, other: Path, *, tolerance: float):
    tables = [np.genfromtxt(run / "metrics.csv", delimiter=",", names=True) for run in (one, other)]
    losses = [table["loss"] for table in tables]
    off = np.abs(losses[0] - losses[1]).max()
    pairs = list(zip(arrays(one), arrays(other), strict=True))
    furthest = max(float(np.abs(a.astype(float) - b).max()) for a, b in pairs)
    print(f"loss off by {off:.1e}, variables by {furthest:.1e}, tolerance {tolerance:.0e}")
    assert off <= tolerance
    assert furthest <= tolerance


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_two_devices_train_as_one(backend, phantom_data, tmp_path):
    finish(start(backend, phantom_data, tmp_path / "one"))
    env = {"XLA_FLAGS": "--xla_force_host_platform_device_count=2"}
    finish(start(backend, phantom_data, tmp_path / "two", devices=2, env=env))
    assert_alike(tmp_path / "one", tmp_path / "two", tolerance=2e-4)


@pytest.mark.slow
def test_two_processes_train_as_one_and_resume(phantom_data, tmp_path):
    finish(start("jax", phantom_data, tmp_path / "one"))
    assert both(phantom_data, tmp_path / "two") == ["wrote", "did not write"]
    assert_alike(tmp_path / "one", tmp_path / "two", tolerance=2e-4)
    assert both(phantom_data, tmp_path / "two", "again") == ["wrote", "did not write"]


def both(data, workdir, *words):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    names = {"BONEFRAC_COORDINATOR": f"127.0.0.1:{port}", "BONEFRAC_PROCESS_COUNT": "2"}
    processes = [
        start("jax", data, workdir, env={**names, "BONEFRAC_PROCESS_ID": str(k)}, words=words)
        for k in range(2)
    ]
    return [finish(process).splitlines()[-1] for process in processes]  # after what Gloo says


def test_more_devices_than_there_are_are_refused(phantom_data, run_settings, tmp_path):
    with pytest.raises(BonefracError, match="8 devices asked for, 1 found"):
        fit(
            replace(run_settings, devices=8, batch_size=8),
            data=phantom_data,
            workdir=tmp_path,
            resume=False,
            command="",
        )


def test_a_batch_that_does_not_divide_is_refused():
    refused = pytest.raises(BonefracError, match=r"Batches of 8 on 6 devices.*multiple of 6")
    with refused, spread(Mesh(3, 0, 3), devices=2, batch_size=8):
        pass


def test_processes_on_tensorflow_are_refused(monkeypatch):
    monkeypatch.setenv("BONEFRAC_PROCESS_ID", "0")
    with pytest.raises(BonefracError, match=r"on the tensorflow backend.*KERAS_BACKEND=jax"):
        join_processes()


def test_each_process_takes_its_part_of_every_batch():
    import tensorflow as tf

    whole = tf.data.Dataset.from_tensors((tf.range(6), {"mask": tf.range(6)}))
    parts = [next(iter(Mesh(3, k, 3).training(whole))) for k in range(3)]
    np.testing.assert_array_equal(np.concatenate([part[0] for part in parts]), range(6))
    np.testing.assert_array_equal(parts[1][1]["mask"], [2, 3])
