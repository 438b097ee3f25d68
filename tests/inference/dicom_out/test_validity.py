"""What an independent validator says of the results: dciodvfy of dicom3tools."""

import shutil
import subprocess

import pytest

from bonefrac.inference.dicom_out import results
from bonefrac.inference.finding import not_assessable
from bonefrac.radiograph.reader import read
from tests.inference.dicom_out.findings import found, radiograph

VALIDATOR = shutil.which("dciodvfy")
# A private coding scheme is known to nobody but its owner.
EXPECTED = {
    "seg": set(),
    "sc": set(),
    "sr": {"Warning - Unrecognized defined term <99BONEFRAC> for value 1 of attribute"},
}
SOURCES = {
    "left hand": {},
    "chest": {"BodyPartExamined": "CHEST", "Laterality": None},
    "spacing": {"PixelSpacing": [0.2, 0.1], "ImagerPixelSpacing": [0.21, 0.11]},
    "lossy": {
        "LossyImageCompression": "01",
        "LossyImageCompressionRatio": "12.5",
        "LossyImageCompressionMethod": "ISO_10918_1",
    },
}

pytestmark = pytest.mark.skipif(
    VALIDATOR is None, reason="dciodvfy of dicom3tools is not installed"
)


def complaints(made, folder):
    path = folder / "made.dcm"
    made.save_as(path, enforce_file_format=True)
    done = subprocess.run([VALIDATOR, path], capture_output=True, text=True)
    told = (done.stdout + done.stderr).splitlines()
    return {line.split(" <Coding Scheme")[0] for line in told if line.startswith(("Error", "Warn"))}


@pytest.mark.parametrize("tags", SOURCES.values(), ids=SOURCES)
def test_results_are_valid(tags, tmp_path):
    source = radiograph(**tags)
    for kind, made in results(found(source), source).items():
        assert complaints(made, tmp_path) == EXPECTED[kind], kind


@pytest.mark.parametrize("spatial", [False, True])
def test_reports_of_boxes_are_valid(spatial, tmp_path):
    source = radiograph()
    told = results(found(source), source, kinds=["sr"], spatial=spatial)
    assert complaints(told["sr"], tmp_path) == EXPECTED["sr"]


def test_results_of_a_picture_that_is_not_assessable_are_valid(tmp_path):
    source = radiograph()
    finding = not_assessable(read(source), "A photograph.", model="unet_tiny", elapsed_ms=1.0)
    for made in results(finding, source).values():
        assert not complaints(made, tmp_path) - EXPECTED["sr"]
