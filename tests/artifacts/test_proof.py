"""What an export costs is measured on the same radiographs, kept, and limited."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bonefrac.artifacts import export, report
from bonefrac.artifacts.audit import audit_tflite
from bonefrac.artifacts.proof import Proof, require_scores
from bonefrac.errors import BonefracError
from bonefrac.inference.runtimes import open_network


@pytest.fixture(scope="module")
def network(trained_run):
    return open_network(trained_run)[1]


@pytest.fixture(scope="module")
def squares(phantom_data):
    return export.real_squares(phantom_data, "fold1", image_size=64, count=4)


@pytest.fixture(scope="module")
def proof(phantom_data):
    return Proof(phantom_data, "fold0+fold1", limit=12)


def test_a_network_beside_itself_loses_nothing(network, proof):
    measured = proof.measure(network, network, name="itself")
    assert measured["images"] == 12
    assert measured["verdicts_changed"] == 0
    assert {key: told["value"] for key, told in measured["changes"].items()} == dict.fromkeys(
        measured["changes"], 0.0
    )
    assert {"dice", "auc"} <= set(measured["scores"])


def test_what_answers_otherwise_is_counted(network, proof):
    class Opposite:
        card, model = network.card, None

        def __call__(self, square):
            mask, probability = network(square)
            return mask, 1 - probability

    measured = proof.measure(Opposite(), network, name="opposite")
    auc = measured["scores"]["auc"]["value"]
    assert measured["changes"]["auc"]["value"] == pytest.approx(2 * auc - 1, abs=1e-3)
    assert measured["verdicts_changed"] > 0


@pytest.mark.parametrize(("key", "name"), [("dice", "Dice"), ("auc", "AUC")])
def test_a_fall_beyond_the_limit_is_refused(key, name):
    told = {"images": 9, "changes": {"dice": {"value": 0.0}, "auc": {"value": None}}}
    told["changes"][key] = {"value": -0.02}
    with pytest.raises(BonefracError, match=f"m loses 0.020 of {name} on 9 radiographs"):
        require_scores(told, name="m", most_fall=0.019)
    require_scores(told, name="m", most_fall=0.021)


def test_an_audit_tells_operations_and_delegates(network, squares, tmp_path):
    path, _ = export.export_tflite(network, tmp_path, squares, quantize="none")
    audit = audit_tflite(path)
    assert audit.operations["CONV_2D"] > 5
    assert (audit.delegated, audit.pieces, audit.gpu) == (1.0, 1, True)


def test_reports_gather_what_is_there(network, squares, proof, tmp_path):
    heading = {"command": "a test", "model": "m", "data": "d", "split": "s", "most_fall": 0.01}
    terms = export.Terms(proof)
    for kind in ("tflite", "tflite-float16", "tflite"):
        made = export.export(kind, network, tmp_path, squares, terms=terms)
        report.keep(tmp_path, [made], heading=heading)
    told = report.read(tmp_path)
    names = [entry["name"] for entry in told["artefacts"]]
    assert names == ["unet_tiny-float16.tflite", "unet_tiny.tflite"]
    text = (tmp_path / "export.md").read_text(encoding="utf-8")
    assert "XNNPACK takes 100%" in text
    assert "0 of 12" in text
    (tmp_path / "unet_tiny-float16.tflite").unlink()
    report.keep(tmp_path, [], heading=heading)
    assert [entry["name"] for entry in report.read(tmp_path)["artefacts"]] == names[1:]


def test_a_report_of_a_later_format_is_refused(tmp_path):
    with pytest.raises(BonefracError, match=r"has no export\.json"):
        report.read(tmp_path)
    (tmp_path / "export.json").write_text(json.dumps({"format": 99, "artefacts": []}))
    with pytest.raises(BonefracError, match="Update bonefrac"):
        report.read(tmp_path)


def _export(*words):
    program = Path(sys.executable).parent / "bonefrac-export"
    return subprocess.run([program, *map(str, words)], capture_output=True, text=True)


def test_the_command_writes_compares_and_plots(trained_run, phantom_data, tmp_path):
    common = (trained_run, "--data", phantom_data.path, "--output", tmp_path, "--limit", 8)
    done = _export(*common, "--tflite", "--quantize", "float16", "--compare", "--max-fall", 1)
    assert done.returncode == 0, done.stderr
    assert "unet_tiny-float16.tflite" in done.stdout
    assert {p.name for p in tmp_path.iterdir()} == {
        *("export.json", "export.md", "export.png", "unet_tiny-float16.tflite")
    }
    done = _export(*common, "--compare", "--json")
    assert [e["kind"] for e in json.loads(done.stdout)["artefacts"]] == ["tflite-float16"]


@pytest.mark.slow
def test_everything_is_exported_and_one_failure_stops_nothing(trained_run, phantom_data, tmp_path):
    (tmp_path / "unet_tiny.keras").mkdir()  # in the way
    (tmp_path / "unet_tiny.keras" / "kept").touch()
    common = (trained_run, "--data", phantom_data.path, "--output", tmp_path, "--limit", 8)
    done = _export(*common, "--all", "--compare", "--force", "--image-size", 64)
    rows = [e["kind"] for e in report.read(tmp_path)["artefacts"]]
    assert {"savedmodel", "tflite", "tflite-int8", "onnx"} <= set(rows), done.stderr


def test_a_shipped_name_needs_an_output():
    done = _export("unet_tiny.fracatlas", "--tflite")
    assert done.returncode == 2
    assert "--output" in done.stderr


def test_a_card_says_what_its_file_takes(network):
    assert replace(network.card, image_size=96).input_size == 96
    assert np.isfinite(network(np.zeros((64, 64), np.float32))[1])
