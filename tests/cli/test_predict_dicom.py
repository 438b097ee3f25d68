"""`bonefrac-predict` writes results as DICOM beside the overlay, or says in one line why not."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import highdicom as hd
import numpy as np
import pydicom
import pytest
from PIL import Image

from bonefrac.data.phantom import draw
from tests.radiograph.dicom_files import dataset, encoded

PROGRAM = Path(sys.executable).parent / "bonefrac-predict"
ALL = ("--dicom-seg", "--dicom-sr", "--dicom-sc")


def predict(*words):
    return subprocess.run([PROGRAM, *map(str, words)], capture_output=True, text=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Phantoms as DICOM, one of them named by a UID, and one as PNG."""
    made = tmp_path_factory.mktemp("dicom")
    for index, name in enumerate(("one.dcm", "1.2.3.4")):
        image = draw(seed=5, index=index).image
        source = dataset(image.astype(np.uint16) * 16, SOPInstanceUID=f"1.2.3.{index + 1}")
        source.file_meta.MediaStorageSOPInstanceUID = source.SOPInstanceUID
        (made / name).write_bytes(encoded(source))
    cv2.imwrite(str(made / "picture.png"), draw(seed=5, index=2).image)
    return made


def test_results_lie_beside_the_overlay_and_agree_with_it(tflite, folder, tmp_path):
    done = predict(
        "-m", tflite, "-o", tmp_path, "--json", *ALL, folder / "one.dcm", folder / "1.2.3.4"
    )
    assert done.returncode == 0, done.stderr
    for line in map(json.loads, done.stdout.splitlines()):
        mask = np.asarray(Image.open(line["mask_path"])) > 0
        capture = pydicom.dcmread(line["sc_path"])
        np.testing.assert_array_equal(
            capture.pixel_array, np.asarray(Image.open(line["overlay_path"]))
        )
        report = hd.sr.srread(line["sr_path"])
        assert len(report.content.get_planar_roi_measurement_groups()) == len(line["boxes"])
        assert ("seg_path" in line) == mask.any()
        if mask.any():
            seg = hd.seg.segread(line["seg_path"])
            np.testing.assert_array_equal(
                seg.pixel_array.reshape(-1, *mask.shape).any(axis=0), mask
            )
    names = {path.name for path in tmp_path.iterdir()}
    assert {"one.sr.dcm", "1.2.3.4.sr.dcm"} <= names
    assert predict("-m", tflite, "-o", tmp_path, *ALL, folder / "one.dcm").stderr == (
        "1 of 1 radiographs were done before\n"
    )


def test_a_result_of_an_earlier_run_does_not_outlive_it(tflite, folder, tmp_path):
    stale = tmp_path / "one.seg.dcm"
    stale.write_bytes(b"of a model that outlined something")
    done = predict("-m", tflite, "-o", tmp_path, "--json", *ALL, folder / "one.dcm")
    told = json.loads(done.stdout)
    assert stale.exists() == ("seg_path" in told)
    assert not stale.exists() or hd.seg.segread(stale)


def test_other_pictures_are_refused_in_one_line_and_the_rest_goes_on(tflite, folder, tmp_path):
    words = (folder / "picture.png", folder / "one.dcm")
    done = predict("-m", tflite, "-o", tmp_path, "--dicom-sr", *words)
    assert done.returncode == 1
    error, summary = done.stderr.splitlines()
    assert "picture.png is no DICOM file" in error
    assert summary == "1 of 2 radiographs failed"
    assert (tmp_path / "one.sr.dcm").is_file()
    assert not list(tmp_path.glob("picture*"))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--dicom-seg",), "--dicom-seg writes a file: give --output, too."),
        (("--dicom-3d", "--output", "out"), "give --dicom-sr, too."),
    ],
)
def test_options_that_need_another_say_so(words, told):
    done = predict("-m", "none.tflite", "xray.dcm", *words)
    assert done.returncode == 2
    assert told in done.stderr
