"""`bonefrac-evaluate` as users type it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from bonefrac.cli.evaluate import evaluate
from bonefrac.inference.card import Card


def run(*words):
    program = Path(sys.executable).parent / "bonefrac-evaluate"
    done = subprocess.run([program, *map(str, words)], capture_output=True, text=True)
    assert "Traceback" not in done.stderr
    return done


def here(*words):
    """The same in this process."""
    return CliRunner().invoke(evaluate, [*map(str, words)])


@pytest.fixture(scope="module")
def reported(trained_run, phantom_data, tmp_path_factory):
    """The process that scored the model's own test fold, and its folder."""
    out = tmp_path_factory.mktemp("evaluated") / "report"
    done = run(trained_run, "--data", phantom_data.path, "--rounds", 100, "-o", out)
    assert done.returncode == 0, done.stderr
    return done, out


def test_a_model_is_scored_on_its_own_test_fold(reported, phantom_data):
    done, out = reported
    names = {path.name for path in out.iterdir()}
    assert names == {"report.json", "report.md", "report.html", "cases.csv"}
    report = json.loads((out / "report.json").read_text())
    assert report["models"][0]["split"] == "fold0"
    assert report["counts"]["radiographs"] == phantom_data.counts["fold0"]
    assert report["warnings"] == []
    assert report["data"]["sha256"] == phantom_data.sha256
    assert "Warning" not in done.stderr
    assert "Dice" in done.stdout
    assert done.stdout.rstrip().endswith("report.html")
    assert max(map(len, done.stdout.splitlines())) <= max(80, len(str(out)) + 12)
    assert "data:image/jpeg;base64" in (out / "report.html").read_text()


def test_scores_are_those_of_the_card(reported, trained_run):
    report = json.loads((reported[1] / "report.json").read_text())
    card = Card.read(trained_run / "model" / "card.json").scores["test"]
    # The pipeline rounds the squares to whole gray levels, prediction does not: ten radiographs,
    # one of which may change its side.
    for key in ("auc", "accuracy"):
        assert report["scores"][key]["value"] == pytest.approx(card[key]["value"], abs=0.11)


def test_seen_radiographs_are_warned_about_in_words_and_report(trained_run, phantom_data):
    done = here(trained_run, "--data", phantom_data.path, "--split", "train", "--json")
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert "the scores flatter" in report["warnings"][0]
    assert f"Warning: {report['warnings'][0]}" in done.stderr


def test_thresholds_are_written_when_asked(trained_run, phantom_data, tmp_path):
    folder = shutil.copytree(trained_run / "model", tmp_path / "model")
    words = (folder, "--data", phantom_data.path, "--calibrate", "validation", "--write-card")
    done = here(*words, "--json", "--rounds", 100)
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)["models"][0]
    card = Card.read(folder / "card.json")
    assert told["calibrated_on"] == "fold1"
    assert card.temperature == pytest.approx(told["calibration"]["temperature"], abs=1e-5)
    assert card.bias == pytest.approx(told["calibration"]["bias"], abs=1e-5)
    assert set(card.scores) == {"fold0", "fold1"}
    assert "on fold1 of" in card.training["calibrated"]


def test_reports_and_models_make_one_table(reported, trained_run, phantom_data):
    words = ("--table", "--data", phantom_data.path, "--rounds", 100)
    done = here(reported[1], trained_run, *words)
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0].startswith("| Model | Accuracy | Dice | Jaccard |")
    assert lines[2] == lines[3]
    assert lines[2].startswith("| U-Net (`unet_tiny`, 64 px)")
    assert "trivial" in lines[4]


def test_wrong_usage_exits_2(trained_run, phantom_data):
    data = ("--data", phantom_data.path)
    for words in (
        (),
        (trained_run,),
        (trained_run, trained_run, *data),
        (trained_run, *data, "--pool", "--compare"),
        (trained_run, *data, "--write-card"),
        (trained_run, "--table"),
    ):
        assert here(*words).exit_code == 2, words


def test_bad_input_is_told_in_one_line(trained_run, phantom_data, tmp_path):
    data = ("--data", phantom_data.path)
    for words, told in (
        ((tmp_path / "none", *data), "none does not exist"),
        ((trained_run, "--data", tmp_path), "expected a data folder"),
        ((trained_run, *data, "--split", "fold7"), "fold7 unknown"),
        ((trained_run, *data, "--fold", 7), "Fold 7 of 3"),
        ((trained_run, *data, "--calibrate", "test"), "which is scored too"),
        ((trained_run, trained_run, *data, "--pool"), "2 models scored on fold0"),
        ((tmp_path / "no.json", "--table"), "expected a report of format 1"),
    ):
        done = here(*words)
        assert done.exit_code == 1, (words, done.output)
        (line,) = done.stderr.strip().splitlines()
        assert line.startswith("Error: ")
        assert told in line


def test_an_error_of_a_real_process_is_one_line(trained_run, tmp_path):
    done = run(trained_run, "--data", tmp_path)
    assert done.returncode == 1
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("Error: ")
