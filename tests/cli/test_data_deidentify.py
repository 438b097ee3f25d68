"""`bonefrac-data deidentify` as users type it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.radiograph.dicom_files import dataset, encoded, ramp


def run(*words):
    program = Path(sys.executable).parent / "bonefrac-data"
    return subprocess.run([program, "deidentify", *map(str, words)], capture_output=True, text=True)


def write(path, **tags):
    path.parent.mkdir(parents=True, exist_ok=True)
    named = {"PatientID": "Zq12345", "PatientName": "Zqname^Jane"}
    path.write_bytes(encoded(dataset(ramp(8, 8), **(named | tags))))


@pytest.fixture
def key(tmp_path):
    (tmp_path / "key").write_text("0123456789abcdef" * 4 + "\n", encoding="utf-8")
    return tmp_path / "key"


def test_files_are_written_without_their_patient(tmp_path, key):
    write(tmp_path / "in" / "Zqname.dcm")
    done = run(tmp_path / "in", tmp_path / "out", "--key", key, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["patients"] == 1
    (made,) = told["written"].values()
    assert told["silent_on_burned_in"] == [made]
    assert b"zq" not in (tmp_path / "out" / made).read_bytes().lower()


def test_what_is_refused_is_told_and_the_rest_is_written(tmp_path, key):
    write(tmp_path / "in" / "a.dcm")
    write(tmp_path / "in" / "b.dcm", SOPInstanceUID="1.2.3.4", BurnedInAnnotation="YES")
    (tmp_path / "in" / "c.txt").write_text("Zqname", encoding="utf-8")
    done = run(tmp_path / "in", tmp_path / "out", "--key", key)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[0] == f"{tmp_path / 'out'}: 1 file of 1 patient"
    assert "b.dcm says BurnedInAnnotation YES" in lines[1]
    assert lines[2] == "  1 left behind: no DICOM files"
    assert lines[3] == "  1 silent on burned-in text: look at the pixels"
    assert done.stderr.splitlines()[-1] == "Error: 1 file refused."
    again = run(tmp_path / "in", tmp_path / "out", "--key", key, "--burned-in")
    assert again.returncode == 0
    assert again.stdout.startswith(f"{tmp_path / 'out'}: 2 files of 1 patient\n")


def test_a_key_among_what_is_given_away_is_refused(tmp_path, key):
    write(tmp_path / "in" / "a.dcm")
    done = run(tmp_path / "in", tmp_path, "--key", key)
    assert done.returncode == 1
    assert "lies in" in done.stderr
    assert "Zq" not in done.stderr


def test_no_key_is_a_usage_error(tmp_path):
    assert run(tmp_path, tmp_path / "out").returncode == 2
