"""Results belong to their radiograph, are made again and not twice, or are refused in one line."""

import io
import subprocess
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pydicom
import pytest
from pydicom import Dataset

from bonefrac.errors import BonefracError
from bonefrac.inference.dicom_out import KINDS, results
from tests.inference.dicom_out.findings import HEIGHT, LESIONS, WIDTH, found, radiograph
from tests.radiograph.dicom_files import dataset, encoded, ramp

REPOSITORY = Path(__file__).parents[3]
MADE = datetime(2026, 11, 24, 10, 11, 12, 345678)


def written(made: Dataset) -> bytes:
    out = io.BytesIO()
    made.save_as(out, enforce_file_format=True)
    return out.getvalue()


def references(made: Dataset) -> set[str]:
    """Every instance that a dataset refers to, at any depth."""
    found_in = set()
    for element in made.iterall():
        if element.keyword == "ReferencedSOPInstanceUID":
            found_in.add(element.value)
    return found_in


def test_results_lie_in_the_study_and_refer_to_the_radiograph():
    source = radiograph()
    told = results(found(source), source)
    image = pydicom.dcmread(io.BytesIO(source))
    assert tuple(told) == KINDS
    series = {made.SeriesInstanceUID for made in told.values()}
    assert len(series | {image.SeriesInstanceUID}) == 4
    for made in told.values():
        for keyword in (
            "StudyInstanceUID",
            "PatientName",
            "PatientID",
            "AccessionNumber",
            "StudyDate",
        ):
            assert made[keyword].value == image[keyword].value, keyword
        assert image.SOPInstanceUID in references(made)
        assert made.ContentQualification == "RESEARCH"
        assert "esearch" in made.SeriesDescription
        assert made.InstanceNumber == 3
    assert source == radiograph()


def test_a_second_run_makes_the_same_bytes():
    source = radiograph()
    first, second = (results(found(source), source, made=MADE) for _ in range(2))
    assert {k: written(v) for k, v in first.items()} == {k: written(v) for k, v in second.items()}
    moved = replace(found(source), image="elsewhere.dcm", elapsed_ms=99.0)
    third = results(moved, source)
    assert [v.SOPInstanceUID for v in third.values()] == [v.SOPInstanceUID for v in first.values()]


@pytest.mark.parametrize(
    "other",
    [
        {"probability": 0.92},
        {"model": "unet_small"},
        {"lesions": LESIONS[:1]},
        {"lesions": ((slice(30, 61), slice(40, 100), 0.7), LESIONS[1])},
    ],
)
def test_another_answer_is_another_instance(other):
    source = radiograph()
    one, two = results(found(source), source), results(found(source, **other), source)
    for kind in KINDS:
        assert one[kind].SOPInstanceUID != two[kind].SOPInstanceUID
        same_model = "model" not in other
        assert (one[kind].SeriesInstanceUID == two[kind].SeriesInstanceUID) == same_model


def test_reports_that_say_where_in_two_ways_are_two():
    source = radiograph()
    finding = found(source)
    uids = {
        results(finding, source, kinds=kinds, spatial=spatial)["sr"].SOPInstanceUID
        for kinds in (("sr",), ("sr", "seg"))
        for spatial in (False, True)
    }
    assert len(uids) == 4


def test_another_side_is_another_series():
    left, right = radiograph(), radiograph(Laterality="R")
    series = [results(found(s), s, kinds=["sc"])["sc"].SeriesInstanceUID for s in (left, right)]
    assert series[0] != series[1]


def test_a_finding_tells_itself_of_a_file_or_its_bytes(tmp_path):
    source, path = radiograph(), tmp_path / "hand.dcm"
    path.write_bytes(source)
    finding = found(source)
    wanted = [made.SOPInstanceUID for made in results(finding, source).values()]
    for given in (source, path, str(path)):
        assert [made.SOPInstanceUID for made in finding.to_dicom(given).values()] == wanted
    assert list(finding.to_dicom(path, kinds=["sc"])) == ["sc"]
    with pytest.raises(BonefracError, match="does not exist"):
        finding.to_dicom(tmp_path / "none.dcm")


def test_only_what_was_asked_for_is_made():
    source = radiograph()
    assert list(results(found(source), source, kinds=["sr"])) == ["sr"]


def test_nothing_outlined_makes_no_segmentation():
    source = radiograph()
    for finding in (found(source, probability=0.1), found(source, lesions=())):
        assert list(results(finding, source)) == ["sr", "sc"]


@pytest.mark.parametrize(
    ("tags", "told"),
    [
        ({"StudyInstanceUID": None}, "has no StudyInstanceUID"),
        ({"SeriesInstanceUID": ""}, "has no SeriesInstanceUID"),
        ({"NumberOfFrames": 2}, "has 2 frames"),
        ({"Rows": HEIGHT - 1}, f"{WIDTH}x{HEIGHT - 1} pixels and the finding {WIDTH}x{HEIGHT}"),
    ],
)
def test_a_source_that_results_cannot_refer_to_is_refused(tags, told):
    finding = found(radiograph())
    with pytest.raises(BonefracError, match=told) as error:
        results(finding, radiograph(**tags))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "data", [b"", b"\x89PNG\r\n", bytes(128) + b"DICM", bytes(128) + b"DICM123456789"]
)
def test_a_source_that_is_no_dicom_is_refused(data):
    with pytest.raises(BonefracError, match=r"<bytes> (is no DICOM|cannot be parsed|has no)"):
        results(found(radiograph()), data)


def test_odd_values_of_the_patient_are_carried_over_as_they_are():
    odd = {"PatientBirthDate": "00000000", "PatientSex": "U", "PatientName": "Jane Doe"}
    source = radiograph(**odd)
    for made in results(found(source), source).values():
        again = pydicom.dcmread(io.BytesIO(written(made)))
        assert {keyword: str(again[keyword].value) for keyword in odd} == odd


def test_a_name_in_japanese_letters_is_carried_over():
    name = "Yamada^Tarou=山田^太郎"
    source = radiograph(SpecificCharacterSet=["", "ISO 2022 IR 87"], PatientName=name)
    for made in results(found(source, model="модель\\2"), source).values():
        again = pydicom.dcmread(io.BytesIO(written(made)))
        assert str(again.PatientName) == name
        assert again.ManufacturerModelName == "??????/2"


def test_a_radiograph_that_tells_nothing_of_the_patient_will_do():
    made = dataset(ramp(HEIGHT, WIDTH))
    del made.PatientID, made.PatientName
    source = encoded(made)
    for result in results(found(source), source).values():
        assert result.PatientID is None
        assert "PatientSex" in result


def test_dates_are_those_of_the_making():
    source = radiograph()
    for made in results(found(source), source, made=MADE).values():
        assert (made.ContentDate, made.ContentTime) == ("20261124", "101112.345678")
        assert made.StudyDate == "20260102"


def test_a_source_of_a_class_that_nobody_knows_is_refused_in_one_line():
    finding = found(radiograph())
    with pytest.raises(BonefracError, match="cannot be told of as DICOM") as error:
        results(finding, radiograph(SOPClassUID="1.2.3"))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("kinds", [["pdf"], "seg"])
def test_unknown_kinds_are_refused(kinds):
    source = radiograph()
    with pytest.raises(BonefracError, match="seg, sr, sc"):
        results(found(source), source, kinds=kinds)


def test_without_highdicom_one_line_says_so():
    code = (
        f"import sys; sys.path.insert(0, {str(REPOSITORY)!r});"
        "from bonefrac.inference.dicom_out import require_highdicom; require_highdicom()"
    )
    # -S: no installed packages at all.
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True)
    assert "highdicom is not installed" in done.stderr
    assert "pip install highdicom" in done.stderr


def test_uids_are_of_the_form_that_the_standard_gives_to_uuids():
    source = radiograph()
    for made in results(found(source), source).values():
        for element in made.iterall():
            if element.VR == "UI" and str(element.value).startswith("2.25."):
                number = int(element.value[5:])
                assert number < 2**128
                assert len(element.value) <= 44
                assert number >> 76 & 0xF == 5
