"""What is exported can be used by people who do not have bonefrac, as the READMEs say."""

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from bonefrac.data.phantom import draw
from bonefrac.inference.predictor import Predictor
from bonefrac.inference.runtimes import open_runtime

from .conftest import FOLDER

SCRIPTS = {"mobile": ("tflite", "MODEL.tflite"), "serving": ("savedmodel", "VERSION_FOLDER")}


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "xray.png"
    cv2.imwrite(str(path), draw(seed=6, index=1).image)
    return path


def command(page, start, **words):
    """The line of a README that starts so, its placeholders replaced, for the shell."""
    lines = (FOLDER / page / "README.md").read_text(encoding="utf-8").splitlines()
    (line,) = [line for line in lines if line.startswith(start)]
    for word, path in words.items():
        assert word in line
        line = line.replace(word, str(path))
    return line


def shell(line, python):
    """Run it in the root of the project, with the environment of that Python."""
    environment = {**os.environ, "PATH": f"{Path(python).parent}:{os.environ['PATH']}"}
    environment.pop("PYTHONPATH", None)
    return subprocess.run(
        line, shell=True, cwd=FOLDER.parent, env=environment, capture_output=True, text=True
    )


def test_nothing_here_knows_bonefrac():
    for script in [*FOLDER.rglob("*.py"), *FOLDER.rglob("*.js")]:
        if "node_modules" not in script.parts:
            text = script.read_text(encoding="utf-8")
            assert "import bonefrac" not in text
            assert "from bonefrac" not in text


@pytest.mark.parametrize("place", SCRIPTS)
def test_the_readmes_command_finds_what_bonefrac_finds(exported, alone, place, picture):
    kind, word = SCRIPTS[place]
    words = {word: exported[kind], "XRAY.png": picture}
    done = shell(
        command(place, f"python export/{place}/predict.py", **words), alone(installed=True)
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    finding = Predictor(open_runtime(exported[kind])).predict(picture)
    assert told["probability"] == pytest.approx(finding.probability, abs=1e-4)
    assert told["verdict"] == finding.verdict
    assert finding.boxes
    for box, own in zip(told["boxes"], finding.boxes, strict=True):
        assert box.pop("score") == pytest.approx(own.score, abs=1e-4)
        assert box == {key: getattr(own, key) for key in box}


def require_one_line(script, *words):
    done = subprocess.run([sys.executable, FOLDER / script, *words], capture_output=True, text=True)
    assert done.returncode == 1
    errors = [line for line in done.stderr.splitlines() if line.startswith(("error", "usage"))]
    assert len(errors) == 1, done.stderr
    assert "Traceback" not in done.stderr


def test_bad_input_ends_in_one_line(exported, tmp_path):
    text, no = tmp_path / "text.png", tmp_path / "no.tflite"
    text.write_text("no picture")
    no.write_bytes(b"no model")
    model = exported["tflite"]
    for words in ((), (model, text), (model, tmp_path / "missing.png"), (no, text)):
        require_one_line("mobile/predict.py", *words)
    require_one_line("mobile/benchmark.py", no)
    require_one_line("serving/predict.py", exported["savedmodel"], text)


def test_a_black_picture_is_answered(exported, tmp_path):
    black = tmp_path / "black.png"
    cv2.imwrite(str(black), np.zeros((30, 50), np.uint8))
    words = {"MODEL.tflite": exported["tflite"], "XRAY.png": black}
    done = shell(command("mobile", "python export/mobile/predict.py", **words), sys.executable)
    assert set(json.loads(done.stdout)) == {"probability", "verdict", "boxes"}


def test_the_benchmark_times_each_number_of_threads(exported, alone):
    words = {"MODEL.tflite": exported["tflite"]}
    line = command("mobile", "python export/mobile/benchmark.py", **words)
    done = shell(f"{line} --rounds 3", alone(installed=True))
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["threads"] for row in rows] == [1, 2], done.stderr
    for row in rows:
        assert 0 < row["network_ms"]["low"] <= row["network_ms"]["high"]
        assert row["frames_a_second"] == pytest.approx(1e3 / row["frame_ms"]["median"], abs=0.1)


@pytest.mark.slow
def test_the_phones_example_runs_where_nothing_else_is_installed(exported, alone, picture):
    python = alone()
    subprocess.run([python, "-m", "ensurepip"], capture_output=True, check=True)
    install = command("mobile", "pip install").replace("pip", "python -m pip", 1)
    done = shell(install, python)
    if done.returncode and "Could not find a version" in done.stderr:
        pytest.skip("no package index can be reached")
    assert done.returncode == 0, done.stderr
    words = {"MODEL.tflite": exported["tflite"], "XRAY.png": picture}
    line = command("mobile", "python export/mobile/predict.py", **words)
    there, here = shell(line, python), shell(line, sys.executable)
    assert there.returncode == 0, there.stderr
    assert json.loads(there.stdout)["boxes"] == json.loads(here.stdout)["boxes"]
    done = subprocess.run([python, "-c", "import tensorflow"], capture_output=True)
    assert b"No module named 'tensorflow'" in done.stderr  # it really was alone
