"""A secondary capture is the overlay, says what it is of, and nothing of it can be measured."""

import io

import numpy as np
import pydicom
import pytest

from bonefrac.inference.dicom_out import results
from tests.inference.dicom_out.findings import found, radiograph


def capture(**tags):
    source = radiograph(**tags)
    finding = found(source)
    file = io.BytesIO()
    results(finding, source, kinds=["sc"])["sc"].save_as(file, enforce_file_format=True)
    file.seek(0)
    return finding, pydicom.dcmread(file)


def test_it_is_the_overlay():
    finding, made = capture()
    np.testing.assert_array_equal(made.pixel_array, finding.overlay())
    assert made.PhotometricInterpretation == "RGB"


def test_it_says_that_it_is_drawn_on_and_of_what():
    _, made = capture()
    assert made.BurnedInAnnotation == "YES"
    assert made.ImageType[0] == "DERIVED"
    (image,) = made.SourceImageSequence
    assert (
        image.ReferencedSOPInstanceUID == pydicom.dcmread(io.BytesIO(radiograph())).SOPInstanceUID
    )
    assert "unet_tiny" in made.DerivationDescription
    assert "Not a medical device" in made.DerivationDescription


def test_nothing_can_be_measured_on_it():
    _, made = capture(PixelSpacing=[0.2, 0.1])
    assert "PixelSpacing" not in made


@pytest.mark.parametrize(
    ("tags", "side"),
    [
        ({"Laterality": "R"}, "R"),
        ({"Laterality": None, "ImageLaterality": "L"}, "L"),
        ({"Laterality": None, "ImageLaterality": "B"}, None),
        ({"Laterality": None}, None),
    ],
)
def test_the_side_is_that_of_the_radiograph(tags, side):
    assert (capture(**tags)[1].Laterality or None) == side


def test_what_has_no_side_gets_none():
    assert "Laterality" not in capture(Laterality=None, BodyPartExamined="CHEST")[1]


def test_a_lossy_radiograph_makes_a_lossy_capture():
    made = capture(LossyImageCompression="01", LossyImageCompressionRatio="12.5")[1]
    assert (made.LossyImageCompression, made.LossyImageCompressionRatio) == ("01", 12.5)
    assert "LossyImageCompression" not in capture()[1]
