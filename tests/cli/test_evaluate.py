"""`bonefrac-evaluate` as users type it, in real processes."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bonefrac.inference.card import Card


def run(*words):
    program = Path(sys.executable).parent / "bonefrac-evaluate"
    done = subprocess.run([program, *map(str, words)], capture_output=True, text=True)
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture(scope="module")
def reported(trained_run, phantom_data, tmp_path_factory):
    """The process that scored the model's own test fold, and its folder."""
    out = tmp_path_factory.mktemp("evaluated") / "report"
    done = run(trained_run, "--data", phantom_data.path, "--rounds", 100, "-o", out)
    assert done.returncode == 0, done.stderr
    return done, out


def test_a_model_is_scored_on_its_own_test_fold(reported, phantom_data):
    done, out = reported
    assert {p.name for p in out.iterdir()} == {
        *("report.json", "report.md", "report.html", "cases.csv")
    }
    report = json.loads((out / "report.json").read_text())
    assert report["models"][0]["split"] == "fold0"
    assert report["counts"]["radiographs"] == phantom_data.counts["fold0"]
    assert report["warnings"] == []
    assert report["data"]["sha256"] == phantom_data.sha256
    assert "Warning" not in done.stderr
    assert "Dice" in done.stdout
    assert done.stdout.rstrip().endswith("report.html")
    html = (out / "report.html").read_text()
    assert "data:image/jpeg;base64" in html


def test_scores_are_those_of_the_card(reported, trained_run):
    report = json.loads((reported[1] / "report.json").read_text())
    card = Card.read(trained_run / "model" / "card.json").scores["test"]
    for key in ("auc", "accuracy"):
        assert report["scores"][key]["value"] == pytest.approx(card[key]["value"], abs=0.11)


def test_seen_radiographs_are_warned_about_in_words_and_report(trained_run, phantom_data):
    done = run(trained_run, "--data", phantom_data.path, "--split", "train", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert "the scores flatter" in report["warnings"][0]
    assert f"Warning: {report['warnings'][0]}" in done.stderr


def test_two_models_are_compared(trained_run, phantom_data, tmp_path):
    other = shutil.copytree(trained_run / "model", tmp_path / "other")
    words = ("--data", phantom_data.path, "--compare", "--json", "--rounds", 100, "-o", tmp_path)
    done = run(trained_run, other, *words)
    assert done.returncode == 0, done.stderr
    (told,) = json.loads(done.stdout)["differences"]
    assert told["model"] == f"unet_tiny ({other})"
    assert told["scores"]["auc"]["value"] == 0
    assert "less unet_tiny" in (tmp_path / "report.html").read_text()


def test_folds_are_pooled_and_given_once(trained_run, phantom_data, tmp_path):
    data = ("--data", phantom_data.path)
    done = run(trained_run, trained_run, *data, "--pool")
    assert done.returncode == 1
    assert "2 models scored on fold0" in done.stderr
    other = shutil.copytree(trained_run / "model", tmp_path / "other")
    _pretend_it_tested(other, "fold1", validation="fold2")
    done = run(trained_run, other, *data, "--pool", "--json", "--rounds", 100)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert [fold["split"] for fold in report["folds"]] == ["fold0", "fold1"]
    counts = phantom_data.counts
    assert report["counts"]["radiographs"] == counts["fold0"] + counts["fold1"]


def test_thresholds_are_fitted_anew_and_kept_when_asked(trained_run, phantom_data, tmp_path):
    model = shutil.copytree(trained_run / "model", tmp_path / "model")
    before = (model / "card.json").read_text()
    words = (model, "--data", phantom_data.path, "--calibrate", "validation", "--json")
    report = json.loads(run(*words).stdout)
    assert (model / "card.json").read_text() == before
    assert report["models"][0]["calibrated_on"] == "fold1"
    done = run(*words, "--write-card")
    assert done.returncode == 0, done.stderr
    card = Card.read(model / "card.json")
    fitted = report["models"][0]["calibration"]
    assert card.temperature == pytest.approx(fitted["temperature"], abs=1e-5)
    assert card.thresholds.sure == pytest.approx(fitted["sure"], abs=1e-5)
    assert set(card.scores) == {"fold0", "fold1"}
    again = json.loads(run(model, "--data", phantom_data.path, "--json").stdout)
    for key in ("accuracy", "brier", "dice"):
        assert again["scores"][key]["value"] == pytest.approx(report["scores"][key]["value"])


def test_reports_and_models_make_one_table(reported, trained_run, phantom_data):
    done = run(reported[1], trained_run, "--table", "--data", phantom_data.path)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("| Model | Accuracy | Dice | Jaccard |")
    assert lines[2] == lines[3]
    assert lines[2].startswith("| U-Net (`unet_tiny`, 64 px)")
    assert "trivial" in lines[4]


def test_wrong_usage_exits_2(trained_run, phantom_data, reported):
    data = ("--data", phantom_data.path)
    for words in (
        (),
        (trained_run,),
        (trained_run, trained_run, *data),
        (trained_run, *data, "--pool", "--compare"),
        (trained_run, *data, "--write-card"),
        (trained_run, "--table"),
    ):
        assert run(*words).returncode == 2, words


def test_bad_input_is_told_in_one_line(trained_run, phantom_data, tmp_path):
    data = ("--data", phantom_data.path)
    for words, told in (
        ((tmp_path / "none", *data), "none does not exist"),
        ((trained_run, "--data", tmp_path), "expected a data folder"),
        ((trained_run, *data, "--split", "fold7"), "fold7 unknown"),
        ((trained_run, *data, "--fold", 7), "Fold 7 of 3"),
        ((trained_run, *data, "--calibrate", "test"), "which is scored too"),
        ((tmp_path / "no.json", "--table"), "expected a report of format 1"),
    ):
        done = run(*words)
        assert done.returncode == 1, (words, done)
        (line,) = done.stderr.strip().splitlines()
        assert line.startswith("Error: ")
        assert told in line


def _pretend_it_tested(folder, test, *, validation):
    from bonefrac.storage import write_manifest

    card = json.loads((folder / "card.json").read_text())
    card["data"] |= {"test": test, "validation": validation}
    (folder / "card.json").write_text(json.dumps(card))
    write_manifest(folder)
