"""A report says what the finding says: verdict, probability, lesions, sizes only where honest."""

import io
from dataclasses import replace

import highdicom as hd
import pydicom
import pytest

from bonefrac.inference.dicom_out import results
from bonefrac.inference.finding import not_assessable
from bonefrac.radiograph.reader import read
from tests.inference.dicom_out.findings import found, radiograph

SOURCE = radiograph()
CALIBRATED = radiograph(PixelSpacing=[0.2, 0.1], ImagerPixelSpacing=[0.21, 0.11])
DETECTOR = radiograph(ImagerPixelSpacing=[0.2, 0.1])


def report(finding, source=SOURCE, *, kinds=("seg", "sr"), spatial=False):
    """The segmentation, if any, and the report, as a program that knows only the file sees it."""
    told = results(finding, source, kinds=kinds, spatial=spatial)
    file = io.BytesIO()
    told["sr"].save_as(file, enforce_file_format=True)
    file.seek(0)
    return told.get("seg"), hd.sr.srread(file)


def measured(group):
    return {item.name.meaning: item.value for item in group.get_measurements()}


def comments(sr):
    return [
        str(item.TextValue)
        for group in sr.content.get_image_measurement_groups()
        for item in hd.sr.utils.find_content_items(group[0], name=pydicom.sr.codes.DCM.Comment)
    ]


def picture(sr):
    (group,) = sr.content.get_image_measurement_groups()
    return group


def answer(sr):
    """What is answered to "Fracture"."""
    (value,) = (
        item.value.meaning
        for item in picture(sr).get_qualitative_evaluations()
        if item.name.value == "72704001"
    )
    return value


@pytest.mark.parametrize(
    ("probability", "told"), [(0.93, "Present"), (0.45, "Indeterminate"), (0.05, "Absent")]
)
def test_verdict_and_probability(probability, told):
    _, sr = report(found(SOURCE, probability=probability))
    assert answer(sr) == told
    assert measured(picture(sr)) == {"Probability of fracture": probability}
    assert picture(sr).finding_type is None


def test_the_verdict_is_told_in_words_and_so_is_the_use():
    _, sr = report(found(SOURCE, probability=0.45))
    assert comments(sr)[0] == "Verdict: doubt"
    assert comments(sr)[-1] == "Research use only. Not a medical device."


def test_a_picture_that_is_not_assessable_is_reported_as_that():
    shown = read(SOURCE)
    finding = not_assessable(shown, "This is a photograph.", model="unet_tiny", elapsed_ms=1.0)
    seg, sr = report(finding)
    assert seg is None
    assert answer(sr) == "Undetermined"
    assert measured(picture(sr)) == {}
    assert comments(sr)[:2] == ["Verdict: not assessable", "This is a photograph."]
    assert "No lesion is outlined" not in comments(sr)
    assert not sr.content.get_planar_roi_measurement_groups()


def test_lesions_refer_to_their_segments():
    finding = found(SOURCE)
    seg, sr = report(finding)
    groups = sr.content.get_planar_roi_measurement_groups()
    assert len(groups) == len(finding.boxes) == 2
    for number, (group, box) in enumerate(zip(groups, finding.boxes, strict=True), start=1):
        segment = group.referenced_segmentation_frame
        assert segment.referenced_sop_instance_uid == seg.SOPInstanceUID
        assert segment[0].referenced_frame_numbers == [number]
        assert group.tracking_uid == seg.SegmentSequence[number - 1].TrackingUID
        assert group.finding_type.value == "72704001"
        assert measured(group) == {"Certainty of Finding": round(100 * box.score, 2)}


def test_without_a_segmentation_lesions_are_boxes_in_the_radiograph():
    finding = found(SOURCE)
    _, sr = report(finding, kinds=["sr"])
    for group, box in zip(
        sr.content.get_planar_roi_measurement_groups(), finding.boxes, strict=True
    ):
        corners = group.roi.value
        assert corners.min(axis=0).tolist() == [box.x, box.y]
        assert corners.max(axis=0).tolist() == [box.x + box.width, box.y + box.height]
        assert corners[0].tolist() == corners[-1].tolist()


def test_sizes_are_told_where_they_are_those_of_the_patient():
    _, sr = report(found(CALIBRATED), CALIBRATED)
    first = measured(sr.content.get_planar_roi_measurement_groups()[0])
    # 13 rows of 0.2 mm by 62 columns of 0.1 mm.
    assert first["Area"] == pytest.approx(13 * 62 * 0.2 * 0.1, abs=0.01)
    assert first["Length"] == pytest.approx(((13 * 0.2) ** 2 + (62 * 0.1) ** 2) ** 0.5, abs=0.3)
    assert not any("No sizes" in line for line in comments(sr))


@pytest.mark.parametrize(("source", "why"), [(DETECTOR, "of: detector"), (SOURCE, "not told")])
def test_no_sizes_elsewhere_and_the_report_says_why(source, why):
    _, sr = report(found(source), source)
    for group in sr.content.get_planar_roi_measurement_groups():
        assert list(measured(group)) == ["Certainty of Finding"]
    assert f"No sizes in the patient: the spacing of the pixels is {why}" in comments(sr)


def test_a_fracture_without_a_region_says_so():
    _, sr = report(found(SOURCE, lesions=()))
    assert "No lesion is outlined" in comments(sr)
    assert answer(sr) == "Present"


def test_notes_of_the_reader_are_passed_on_in_plain_letters():
    finding = replace(found(SOURCE), notes=("A window\nof 4 µm",))
    assert "A window of 4 ?m" in comments(report(finding)[1])


@pytest.mark.parametrize(
    ("spatial", "kind"), [(False, "Comprehensive SR"), (True, "Comprehensive 3D SR")]
)
def test_nobody_has_verified_it(spatial, kind):
    _, sr = report(found(SOURCE), spatial=spatial)
    assert sr.SOPClassUID.name == f"{kind} Storage"
    assert sr.VerificationFlag == "UNVERIFIED"
    assert sr.PreliminaryFlag == "PRELIMINARY"
    (scheme,) = sr.CodingSchemeIdentificationSequence
    assert scheme.CodingSchemeDesignator == "99BONEFRAC"


def test_what_it_rests_on_is_listed_as_evidence():
    seg, sr = report(found(SOURCE))
    listed = {
        item.ReferencedSOPInstanceUID
        for study in sr.CurrentRequestedProcedureEvidenceSequence
        for series in study.ReferencedSeriesSequence
        for item in series.ReferencedSOPSequence
    }
    image = pydicom.dcmread(io.BytesIO(SOURCE))
    assert listed == {image.SOPInstanceUID, seg.SOPInstanceUID}
