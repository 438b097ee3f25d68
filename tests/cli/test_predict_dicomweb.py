"""`bonefrac-predict` on a study in a real archive."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bonefrac.data.phantom import draw
from bonefrac.inference.dicomweb.credentials import VARIABLE
from tests.orthanc import PASSWORD, USER, run_orthanc
from tests.radiograph.dicom_files import dataset, encoded

PROGRAM = Path(sys.executable).parent / "bonefrac-predict"
STUDY, SERIES = "1.2.826.0.1.3680043.10.2", "1.2.826.0.1.3680043.10.2.1"
DAMAGED = 2


def predict(*words, secret=f"{USER}:{PASSWORD}"):
    env = {name: value for name, value in os.environ.items() if name != VARIABLE}
    env |= {} if secret is None else {VARIABLE: secret}
    return subprocess.run([PROGRAM, *map(str, words)], capture_output=True, text=True, env=env)


def image(number):
    """A phantom as DICOM; one that cannot be decoded has that in common with its kind."""
    made = dataset(draw(seed=5, index=number).image, bits=8, InstanceNumber=str(number))
    made.StudyInstanceUID, made.SeriesInstanceUID = STUDY, SERIES
    made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = f"{SERIES}.{number}"
    if number == DAMAGED:
        made.PixelData = made.PixelData[:100]
    return encoded(made)


@pytest.fixture
def orthanc(tmp_path):
    folder = tmp_path / "orthanc"
    folder.mkdir()
    with run_orthanc(folder) as server:
        for number in (1, DAMAGED, 3):
            server.upload(image(number))
        yield server


def test_a_study_is_predicted_on_and_only_what_is_asked_for_is_stored(tflite, orthanc, tmp_path):
    words = ("-m", tflite, "--json", "--dicomweb", orthanc.url, "--study", STUDY)
    done = predict(*words)
    assert done.returncode == 1
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["image"] for line in told] == [f"{SERIES}.{number}" for number in (1, 2, 3)]
    assert ["error" in line for line in told] == [False, True, False]
    assert "1 of 3 radiographs failed" in done.stderr
    assert orthanc.modalities(STUDY) == ["CR"]

    out = tmp_path / "out"
    done = predict(*words, "--store", "SR,sc,sr", "-o", out, "--jobs", 2)
    assert done.returncode == 1
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [list(line.get("stored", ())) for line in told] == [["sr", "sc"], [], ["sr", "sc"]]
    assert orthanc.modalities(STUDY) == ["CR", "OT", "SR"]
    assert json.loads((out / f"{SERIES}.3.json").read_text())["stored"] == told[2]["stored"]
    for line in (told[0], told[2]):
        for uid in line["stored"].values():
            assert orthanc.file(uid)[128:132] == b"DICM"
    assert orthanc.file(f"{SERIES}.1") == image(1)

    done = predict(*words, "--store", "sr,sc", "-o", out)
    assert "2 of 3 radiographs were done before" in done.stderr
    assert "is left out: OT" in done.stderr
    assert "is left out: SR" in done.stderr
    assert len(done.stdout.splitlines()) == 3


def test_a_series_with_credentials_from_a_file_told_to_people(tflite, orthanc, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text(f"{USER}:{PASSWORD}\n")
    where = ("-m", tflite, "--dicomweb", orthanc.url, "--study", STUDY, "--series", SERIES)
    done = predict(*where, "--auth", secret, "--store", "sr", secret=None)
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"{SERIES}.1: ")
    assert "  stored: sr" in lines
    refused = predict(*where, secret=None)
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert refused.stderr.startswith("Error: ")
    assert "401 Unauthorized" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("--study", "1.2"), "go with --dicomweb"),
        (("--dicomweb", "http://localhost"), "needs --study"),
        (("--dicomweb", "http://localhost", "--study", "1.2", "x.png"), "without IMAGES"),
        (("--dicomweb", "http://localhost", "--study", "1.2", "--store", "pdf"), "pdf"),
        (("--dicomweb", "http://localhost", "--study", "1.2", "--timeout", "0"), "0"),
    ],
)
def test_what_does_not_go_together_is_a_usage_error(words, part):
    done = predict("-m", "none.tflite", *words)
    assert done.returncode == 2
    assert part in done.stderr


@pytest.mark.parametrize(
    ("url", "study", "part"),
    [
        ("http://127.0.0.1:1/dicom-web", "1.2", "Connection refused"),
        ("http://a:b@127.0.0.1/dicom-web", "1.2", "user or password in it"),
        ("http://127.0.0.1:1/dicom-web", "../1", "is no UID"),
    ],
)
def test_an_archive_that_cannot_be_asked_is_one_line(url, study, part):
    done = predict("-m", "none.tflite", "--dicomweb", url, "--study", study)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("Error: ")
    assert part in line
