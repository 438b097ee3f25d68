"""What is exported can be used by people who do not have bonefrac."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from bonefrac import load_model
from bonefrac.data.phantom import draw

from .conftest import FOLDER

SCRIPTS = {"mobile/predict.py": "tflite", "serving/predict.py": "savedmodel"}


def run(script, *words, python=sys.executable):
    arguments = [str(word) for word in words]
    return subprocess.run([python, FOLDER / script, *arguments], capture_output=True, text=True)


def test_nothing_here_knows_bonefrac():
    for script in [*FOLDER.rglob("*.py"), *FOLDER.rglob("*.js")]:
        if "node_modules" not in script.parts:
            text = script.read_text(encoding="utf-8")
            assert "import bonefrac" not in text
            assert "from bonefrac" not in text


@pytest.mark.parametrize(("script", "kind"), SCRIPTS.items())
def test_a_consumer_finds_what_we_find(exported, script, kind, tmp_path):
    picture = tmp_path / "xray.png"
    cv2.imwrite(str(picture), draw(seed=6, index=1).image)
    done = run(script, exported[kind], picture)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    predictor = load_model(exported[kind])
    predictor.gate = None
    finding = predictor.predict(picture)
    assert told["probability"] == pytest.approx(finding.probability, abs=1e-4)
    assert told["verdict"] == finding.verdict
    if "boxes" in told:
        assert [b["x"] for b in told["boxes"]] == [b.x for b in finding.boxes]
        scores = [b.score for b in finding.boxes]
        assert [b["score"] for b in told["boxes"]] == pytest.approx(scores, abs=1e-4)


@pytest.mark.parametrize(("script", "kind"), SCRIPTS.items())
def test_bad_input_ends_in_one_line(exported, script, kind, tmp_path):
    (tmp_path / "text.png").write_text("no picture")
    for words in ((), (exported[kind], tmp_path / "text.png"), (exported[kind], tmp_path / "no")):
        done = run(script, *words)
        assert done.returncode == 1
        errors = [line for line in done.stderr.splitlines() if line.startswith(("error", "usage"))]
        assert len(errors) == 1, done.stderr
        assert "Traceback" not in done.stderr


def test_the_benchmark_times_each_number_of_threads(exported):
    done = run("mobile/benchmark.py", exported["tflite"], "--rounds", 3)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["threads"] for row in rows] == [1, 2], done.stderr
    for row in rows:
        assert 0 < row["network_ms"]["low"] <= row["network_ms"]["high"]


@pytest.mark.slow
def test_the_phone_example_runs_where_nothing_else_is_installed(exported, tmp_path):
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv/bin/python"
    packages = ["ai-edge-litert", "numpy", "pillow"]
    subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True)
    picture = tmp_path / "xray.png"
    cv2.imwrite(str(picture), draw(seed=6, index=1).image)
    alone = run("mobile/predict.py", exported["tflite"], picture, python=python)
    assert alone.returncode == 0, alone.stderr
    ours = run("mobile/predict.py", exported["tflite"], picture)
    assert json.loads(alone.stdout)["verdict"] == json.loads(ours.stdout)["verdict"]
    done = subprocess.run([python, "-c", "import tensorflow"], capture_output=True)
    assert done.returncode != 0  # it really was alone


def test_a_black_picture_is_answered(exported, tmp_path):
    cv2.imwrite(str(tmp_path / "black.png"), np.zeros((30, 50), np.uint8))
    done = run("mobile/predict.py", exported["tflite"], Path(tmp_path / "black.png"))
    assert set(json.loads(done.stdout)) == {"probability", "verdict", "boxes"}
