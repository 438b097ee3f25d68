"""A segmentation holds the mask of its finding pixel for pixel, one segment a lesion."""

import io

import highdicom as hd
import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bonefrac.inference.dicom_out import results
from bonefrac.inference.dicom_out.lesions import labelled
from tests.inference.dicom_out.findings import found, radiograph

SOURCE = radiograph()
WITH_SPACING = radiograph(PixelSpacing=[0.2, 0.1], ImagerPixelSpacing=[0.21, 0.11])


def read_back(finding, source):
    """What a program that knows only the file sees."""
    file = io.BytesIO()
    results(finding, source, kinds=["seg"])["seg"].save_as(file, enforce_file_format=True)
    file.seek(0)
    return hd.seg.segread(file)


@pytest.mark.parametrize("source", [SOURCE, WITH_SPACING], ids=["plain", "spacing"])
def test_the_mask_comes_back_identical(source):
    finding = found(source)
    seg = read_back(finding, source)
    uid = pydicom.dcmread(io.BytesIO(source)).SOPInstanceUID
    segments = seg.get_pixels_by_source_instance([uid])[0]
    np.testing.assert_array_equal(segments.any(axis=-1), finding.mask > 0)
    for number, box in enumerate(finding.boxes):
        rows, columns = np.nonzero(segments[..., number])
        assert (columns.min(), rows.min()) == (box.x, box.y)
        assert (np.ptp(columns) + 1, np.ptp(rows) + 1) == (box.width, box.height)


def test_a_viewer_that_knows_no_segmentation_sees_frames_of_the_size_of_the_radiograph():
    finding = found(SOURCE)
    seg = read_back(finding, SOURCE)
    assert (seg.Rows, seg.Columns, seg.NumberOfFrames) == (*finding.mask.shape, 2)
    assert seg.PatientOrientation == ["L", "F"]
    assert "PixelMeasuresSequence" not in seg.SharedFunctionalGroupsSequence[0]


def test_segments_say_what_they_are_and_who_says_so():
    seg = read_back(found(SOURCE), SOURCE)
    assert seg.SegmentationType == "BINARY"
    for number in (1, 2):
        told = seg.get_segment_description(number)
        assert told.segmented_property_type.value == "72704001"
        assert told.segmented_property_category.value == "49755003"
        assert told.algorithm_type.value == "AUTOMATIC"
        assert told.algorithm_identification.name == "unet_tiny"
        assert told.segment_label == told.tracking_id == f"Fracture {number}"
    assert len({seg.get_segment_description(n).tracking_uid for n in (1, 2)}) == 2


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), threshold=st.floats(0.5, 0.9))
def test_every_lesion_has_the_number_of_its_box(seed, threshold):
    noise = np.random.default_rng(seed).random((40, 50))
    lesions = [(slice(y, y + 1), slice(x, x + 1), 0.9) for y, x in np.argwhere(noise > threshold)]
    source = radiograph(40, 50)
    finding = found(source, lesions=lesions)
    numbers = labelled(finding)
    np.testing.assert_array_equal(numbers > 0, finding.mask > 0)
    assert set(np.unique(numbers)) - {0} == set(range(1, len(finding.boxes) + 1))
    for number, box in enumerate(finding.boxes, start=1):
        rows, columns = np.nonzero(numbers == number)
        assert (columns.min(), rows.min()) == (box.x, box.y)
        assert (columns.max() + 1 - box.x, rows.max() + 1 - box.y) == (box.width, box.height)
