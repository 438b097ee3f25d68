"""A training that is stopped or killed, anywhere and again, ends with the same weights."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bonefrac.training import loop
from bonefrac.training.fit import fit
from bonefrac.training.interrupt import Asked, Stopped
from bonefrac.training.running import Running

PROGRAM = Path(sys.executable).parent / "bonefrac-train"
# Long enough for a loaded machine, short enough to notice a hang.
PATIENCE = 300


def arrays(path):
    with np.load(path) as stored:
        return [stored[name] for name in sorted(stored.files)]


def assert_same(one: Path, other: Path):
    """Weights, moving averages, random states, optimizer and metrics, to the last bit."""
    epochs = [sorted(p.name for p in (run / "checkpoints").iterdir()) for run in (one, other)]
    assert epochs[0] == epochs[1]
    last = Path("checkpoints") / epochs[0][-1] / "variables.npz"
    for a, b in zip(arrays(one / last), arrays(other / last), strict=True):
        np.testing.assert_array_equal(a, b)
    rows = [(run / "metrics.csv").read_text().splitlines() for run in (one, other)]
    assert [without_seconds(row) for row in rows[0]] == [without_seconds(row) for row in rows[1]]
    weights = [arrays_of_model(run / "model" / "model.weights.h5") for run in (one, other)]
    for a, b in zip(*weights, strict=True):
        np.testing.assert_array_equal(a, b)


def without_seconds(row):
    epoch, _, *values = row.split(",")
    return [epoch, *values]


def arrays_of_model(path):
    import h5py

    found = []
    with h5py.File(path) as file:
        file.visititems(lambda _, x: found.append(x[()]) if isinstance(x, h5py.Dataset) else None)
    return found


@pytest.mark.slow
def test_stopped_after_every_step_it_ends_with_the_same_weights_and_metrics(
    phantom_data, run_settings, trained_run, tmp_path, monkeypatch
):
    asked = Asked(signal.SIGTERM)
    monkeypatch.setattr(loop, "stop_politely", lambda: contextlib.nullcontext(asked))
    settings = replace(run_settings, epochs=2)
    told = []
    for _ in range(9):
        with contextlib.suppress(Stopped):
            fit(
                settings,
                data=phantom_data,
                workdir=tmp_path,
                resume=bool(told),
                command="a test",
                running=Running(preview_every=0),
            )
            break
        told.append(sorted(p.name for p in (tmp_path / "checkpoints").iterdir())[-1])
    assert told == ["00000-000001", "00001", "00001-000001", "00002"]
    assert_same(trained_run, tmp_path)


def start(data, workdir, *options):
    words = ["--data", data.path, "--preset", "unet_tiny", "--image-size", 32, "--epochs", 3]
    words += ["--batch-size", 1, "--workdir", workdir, *options]
    words += ["--checkpoint-minutes", 1e-6, "--preview-every", 2]
    return subprocess.Popen(
        [PROGRAM, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def wait_for(process, happened):
    """Whether it happened before the process ended."""
    until = time.monotonic() + PATIENCE
    while process.poll() is None:
        if happened():
            return True
        assert time.monotonic() < until
    return False


def writing(folder: Path, name: str):
    """Something is being written aside in a folder."""
    return lambda: any(folder.glob(f".partial-*{name}"))


def exists(path: Path):
    return path.exists


@pytest.fixture(scope="module")
def whole(phantom_data, tmp_path_factory):
    workdir = tmp_path_factory.mktemp("whole") / "run"
    process = start(phantom_data, workdir)
    _, err = process.communicate()
    assert process.returncode == 0, err.decode()
    return workdir


@pytest.mark.slow
def test_killed_at_any_moment_it_ends_with_the_same_weights(phantom_data, whole, tmp_path):
    run = tmp_path / "run"
    checkpoints, chance = run / "checkpoints", random.Random(0)
    early, late = chance.randrange(1, 5), chance.randrange(5, 10)
    moments = [
        exists(run / "run.json"),
        writing(checkpoints, "00000-000003"),
        exists(checkpoints / "00000-000007"),
        writing(checkpoints, "00001"),
        exists(checkpoints / f"00001-{early:06d}"),
        writing(checkpoints, f"00001-{late:06d}"),
        exists(run / "previews" / "epoch-002.png"),
        writing(checkpoints, "00003"),
        exists(run / "previews" / "epoch-003.png"),
        writing(run, "model"),
    ]
    killed = 0
    for moment in moments:
        process = start(phantom_data, run, *(["--resume"] if run.exists() else []))
        if wait_for(process, moment):
            os.kill(process.pid, signal.SIGKILL)
            killed += 1
        _, err = process.communicate()
        assert process.returncode in (0, -signal.SIGKILL), err.decode()
    process = start(phantom_data, run, "--resume")
    _, err = process.communicate()
    assert process.returncode == 0, err.decode()
    assert killed >= 7
    assert_same(whole, run)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_killed_at_random_times_it_ends_with_the_same_weights(phantom_data, whole, tmp_path, seed):
    run, chance = tmp_path / "run", random.Random(seed)
    for _ in range(4):
        process = start(phantom_data, run, *(["--resume"] if run.exists() else []))
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=chance.uniform(3, 25))
        os.kill(process.pid, signal.SIGKILL) if process.poll() is None else None
        process.communicate()
    process = start(phantom_data, run, *(["--resume"] if (run / "run.json").exists() else []))
    _, err = process.communicate()
    assert process.returncode == 0, err.decode()
    assert_same(whole, run)


@pytest.mark.parametrize(
    "signum", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)]
)
def test_a_signal_ends_it_in_one_line_that_says_how_to_go_on(phantom_data, tmp_path, signum):
    run = tmp_path / "run"
    process = start(phantom_data, run)
    assert wait_for(process, exists(run / "checkpoints" / "00000-000001"))
    process.send_signal(signum)
    out, err = process.communicate()
    assert process.returncode == 128 + signum
    assert out == b""
    last = err.decode().splitlines()[-1]
    assert last.startswith("Stopped: ")
    assert "Go on with: bonefrac-train --data" in last
    assert last.endswith(" --resume")
    assert "Traceback" not in err.decode()
