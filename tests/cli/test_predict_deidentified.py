"""`bonefrac-predict --deidentify` writes results that name nobody."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pydicom
import pytest

from bonefrac.data.phantom import draw
from tests.radiograph.dicom_files import dataset, encoded

PROGRAM = Path(sys.executable).parent / "bonefrac-predict"


def predict(*words):
    return subprocess.run([PROGRAM, *map(str, words)], capture_output=True, text=True)


def test_results_are_those_of_the_deidentified_radiograph(tflite, tmp_path):
    made = dataset(draw(seed=5, index=0).image.astype(np.uint16) * 16, StudyDate="20130719")
    made.PatientName, made.PatientID = "Zqsecret^Zqfirst", "ZQ4711"
    source, key, out = tmp_path / "one.dcm", tmp_path / "key", tmp_path / "out"
    source.write_bytes(encoded(made))
    key.write_text("0123456789abcdef" * 4)
    words = ("-m", tflite, "-o", out, "--dicom-sr", "--dicom-sc", "--deidentify", key, source)
    done = predict(*words)
    assert done.returncode == 0, done.stderr
    for path in (out / "one.sr.dcm", out / "one.sc.dcm"):
        data = path.read_bytes().lower()
        for secret in ("zqsecret", "zqfirst", "zq4711", "20130719", made.StudyInstanceUID):
            assert secret.encode() not in data, (path, secret)
        assert pydicom.dcmread(path).PatientIdentityRemoved == "YES"
    assert predict(*words).stderr == "1 of 1 radiographs were done before\n"
    key.write_text("fedcba9876543210" * 4)
    patient = pydicom.dcmread(out / "one.sr.dcm").PatientID
    assert predict(*words).stderr == ""
    assert pydicom.dcmread(out / "one.sr.dcm").PatientID != patient


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ((), 2, "--deidentify goes with --dicom-seg, --dicom-sr or --dicom-sc."),
        (("--dicom-sr", "-o", "out"), 1, "expected a file with a secret"),
    ],
)
def test_what_cannot_be_deidentified_is_told_before_any_work(words, code, told, tmp_path):
    model = tmp_path / "model.tflite"
    model.write_bytes(b"")
    done = predict("-m", model, "--deidentify", tmp_path / "no key", *words, "one.dcm")
    assert (done.returncode, told in done.stderr) == (code, True), done.stderr
    assert "Traceback" not in done.stderr
