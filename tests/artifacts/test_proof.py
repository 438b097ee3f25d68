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
from bonefrac.artifacts.kinds import KINDS
from bonefrac.artifacts.proof import Proof, require_scores
from bonefrac.cli.export import _kinds
from bonefrac.cli.export_jobs import calibration_split, proof_split
from bonefrac.errors import BonefracError
from bonefrac.inference.finding import Thresholds
from bonefrac.inference.runtimes import KerasRuntime, open_network


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


def test_what_answers_otherwise_is_counted(network, phantom_data):
    even = KerasRuntime(network.model, replace(network.card, thresholds=Thresholds(0.5, 0.5, 0.5)))

    class Opposite:
        card, model = even.card, None

        def __call__(self, square):
            mask, probability = even(square)
            return mask, 1 - probability

    proof = Proof(phantom_data, "fold0+fold1", limit=12)
    measured = proof.measure(Opposite(), even, name="opposite")
    auc = measured["scores"]["auc"]["value"]
    assert measured["changes"]["auc"]["value"] == pytest.approx(2 * auc - 1, abs=1e-3)
    assert measured["verdicts_changed"] == 12


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
def test_everything_is_exported_and_failures_stop_nothing(trained_run, phantom_data, tmp_path):
    (tmp_path / "unet_tiny").touch()  # where the SavedModel wants a folder
    common = (trained_run, "--data", phantom_data.path, "--output", tmp_path, "--limit", 8)
    sizes = ("--image-size", 70, "--image-size", 64)
    done = _export(*common, "--all", "--compare", "--force", *sizes)
    rows = [e["kind"] for e in report.read(tmp_path)["artefacts"]]
    assert rows == ["tflite-dynamic", "tflite-float16", "tflite-int8", "keras", "onnx", "tflite"]
    assert done.returncode == 1
    errors = [line for line in done.stderr.splitlines() if line.startswith("Error")]
    assert len(errors) == 2, done.stderr
    assert "70" in errors[0]
    assert str(tmp_path / "unet_tiny") in errors[1]
    assert "change of Dice" in done.stdout


def test_a_failure_is_told_where_nothing_was_written_before(trained_run, phantom_data, tmp_path):
    common = (trained_run, "--data", phantom_data.path, "--output", tmp_path, "--limit", 8)
    done = _export(*common, "--tflite", "--compare", "--image-size", 70)
    assert done.returncode == 1
    (line,) = done.stderr.strip().splitlines()
    assert "70" in line
    assert not done.stdout
    assert list(tmp_path.iterdir()) == []


def test_what_is_interrupted_leaves_nothing(network, squares, phantom_data, tmp_path):
    def press(what, done, total):
        raise KeyboardInterrupt

    terms = export.Terms(Proof(phantom_data, "fold0", limit=4, progress=press))
    with pytest.raises(KeyboardInterrupt):
        export.export("keras", network, tmp_path, squares, terms=terms)
    assert list(tmp_path.iterdir()) == []


def test_integers_are_not_fitted_to_what_is_scored_or_held_back(network, phantom_data):
    card = network.card
    held = {card.data["validation"], card.data["test"]}
    split = proof_split(phantom_data, card)
    assert split == card.data["validation"]
    assert calibration_split(phantom_data, split, card) == ({*phantom_data.counts} - held).pop()
    foreign = replace(card, data={"sha256": "other", "validation": "fold1", "test": "fold0"})
    everything = proof_split(phantom_data, foreign)
    assert everything == "fold0+fold1+fold2"
    assert calibration_split(phantom_data, everything, foreign) == everything
    assert calibration_split(phantom_data, "fold0", foreign) == "fold1+fold2"


def test_an_artefact_is_calibrated_on_one_and_compared_on_the_other(
    network, squares, tmp_path, monkeypatch
):
    calibrated = []

    def write(network, path, given):
        calibrated.append(given)
        KINDS["keras"].write(network, path, given)

    monkeypatch.setattr(export, "KINDS", {"noted": replace(KINDS["keras"], write=write)})
    for own in (squares[:1], None):
        made = export.export("noted", network, tmp_path, squares, calibration=own)
        assert made.told["parity"]["images"] == len(squares)
    assert [len(given) for given in calibrated] == [1, len(squares)]


def test_without_its_extra_all_leaves_onnx_out(monkeypatch, capsys):
    assert _kinds({"everything": True})[-1] == "onnx"
    monkeypatch.setitem(sys.modules, "tf2onnx", None)  # as where it is not installed
    kinds = _kinds({"everything": True})
    assert "onnx" not in kinds
    assert len(kinds) == 6
    assert "tf2onnx not installed" in capsys.readouterr().err


def test_a_shipped_name_needs_an_output():
    done = _export("unet_tiny.fracatlas", "--tflite")
    assert done.returncode == 2
    assert "--output" in done.stderr


def test_a_card_says_what_its_file_takes(network):
    assert replace(network.card, image_size=96).input_size == 96
    assert np.isfinite(network(np.zeros((64, 64), np.float32))[1])
