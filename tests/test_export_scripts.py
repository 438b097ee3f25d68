"""What is exported can be used by people who do not have bonefrac."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from bonefrac import load_model
from bonefrac.artifacts import export
from bonefrac.data.phantom import draw
from bonefrac.inference.runtimes import open_network

FOLDER = Path(__file__).parent.parent / "export"


@pytest.fixture(scope="module")
def artefacts(trained_run, phantom_data, tmp_path_factory):
    network = open_network(trained_run)[1]
    out = tmp_path_factory.mktemp("consumers")
    squares = export.real_squares(phantom_data, "fold1", image_size=64, count=2)
    return {
        "run_tflite.py": export.export_tflite(network, out, squares, quantize="none")[0],
        "run_savedmodel.py": export.export_savedmodel(network, out, squares)[0],
    }


@pytest.mark.parametrize("script", ["run_tflite.py", "run_savedmodel.py"])
def test_a_consumer_finds_what_we_find(artefacts, script, tmp_path):
    picture = tmp_path / "xray.png"
    cv2.imwrite(str(picture), draw(seed=6, index=1).image)
    # -I and -S of site would hide the runtimes too; that bonefrac is not used, the text tells.
    assert "import bonefrac" not in (FOLDER / script).read_text()
    assert "from bonefrac" not in (FOLDER / script).read_text()
    done = subprocess.run(
        [sys.executable, FOLDER / script, artefacts[script], picture],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)

    predictor = load_model(artefacts[script])
    finding = predictor.predict(picture)
    assert told["probability"] == pytest.approx(finding.probability, abs=1e-4)
    assert told["verdict"] == finding.verdict
    if told["box"] is not None and finding.boxes:
        box = told["box"]
        for lesion in finding.boxes:
            assert box["x"] <= lesion.x
            assert box["y"] <= lesion.y
            assert box["x"] + box["width"] >= lesion.x + lesion.width
            assert box["y"] + box["height"] >= lesion.y + lesion.height


def test_the_two_consumers_agree(artefacts, tmp_path):
    picture = tmp_path / "xray.png"
    noise = np.random.default_rng(0).integers(0, 255, (90, 130)).astype(np.uint8)
    cv2.imwrite(str(picture), noise)
    told = []
    for script, artefact in artefacts.items():
        done = subprocess.run(
            [sys.executable, FOLDER / script, artefact, picture], capture_output=True, text=True
        )
        told.append(json.loads(done.stdout))
    assert told[0]["probability"] == pytest.approx(told[1]["probability"], abs=1e-4)
    assert told[0]["box"] == told[1]["box"]
