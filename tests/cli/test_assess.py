"""`bonefrac-predict` says why a picture is not assessable, and asks the model only if told to."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

PROGRAM = Path(sys.executable).parent / "bonefrac-predict"


def predict(*words):
    return subprocess.run([PROGRAM, *map(str, words)], capture_output=True, text=True)


@pytest.fixture
def blank(tmp_path):
    Image.new("L", (90, 70), 40).save(tmp_path / "blank.png")
    return tmp_path / "blank.png"


def test_the_reason_is_told_in_words_in_json_and_in_the_table(tflite, blank, tmp_path):
    words = predict("-m", tflite, blank)
    assert (words.returncode, words.stderr) == (0, "")
    assert words.stdout == f"{blank}: not assessable. The picture is blank.\n"
    table = tmp_path / "all.csv"
    told = json.loads(predict("-m", tflite, "--json", "--csv", table, blank).stdout)
    assert (told["verdict"], told["probability"], told["boxes"]) == ("not assessable", None, [])
    (row,) = csv.DictReader(table.read_text().splitlines())
    assert row["reason"] == told["reason"] == "The picture is blank."
    assert row["probability"] == ""


def test_without_gate_the_model_answers_and_the_first_answer_is_not_kept(tflite, blank, tmp_path):
    out = tmp_path / "out"
    verdicts = [
        json.loads(predict("-m", tflite, "--json", "-o", out, *more, blank).stdout)["verdict"]
        for more in ((), ("--no-gate",), ())
    ]
    assert verdicts[0] == verdicts[2] == "not assessable"
    assert verdicts[1] != "not assessable"
