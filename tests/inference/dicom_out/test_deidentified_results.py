"""Results of a de-identified radiograph name no patient, and refer to it by its new UIDs."""

import io
import shutil
import subprocess

import numpy as np
import pydicom
import pytest

from bonefrac.errors import BonefracError
from bonefrac.inference.batch.sources import find_sources
from bonefrac.inference.dicom_out import KINDS
from bonefrac.inference.dicom_out.files import DicomWriter
from bonefrac.radiograph.deidentify.dataset import deidentify
from bonefrac.radiograph.deidentify.key import Key
from tests.inference.dicom_out.findings import found, radiograph

KEY = Key(b"k" * 32)
PATIENT = {
    "PatientID": "Zq98765",
    "PatientName": "Zqname^Zqfirst",
    "PatientBirthDate": "19870604",
    "StudyDate": "20190203",
    "SeriesDate": "20190203",
    "AccessionNumber": "ZQACC1",
    "StudyID": "ZQSTUDY",
    "StudyDescription": "Zqfell off a ladder",
    "ReferringPhysicianName": "Zqdoctor",
    "InstitutionName": "Zqhospital",
    "SOPInstanceUID": "1.2.826.98765.1",
    "StudyInstanceUID": "1.2.826.98765.2",
    "SeriesInstanceUID": "1.2.826.98765.3",
    "FrameOfReferenceUID": "1.2.826.98765.4",
}


def written(folder, key, **tags):
    """Kind -> bytes of the file, of a radiograph in a folder that is named after the patient."""
    folder.mkdir()
    data = radiograph(**PATIENT | tags)
    (folder / "Zqname.dcm").write_bytes(data)
    (source,) = find_sources([str(folder / "Zqname.dcm")], stdin=iter(()), leave_out=None)
    told = DicomWriter(KINDS, key=key)(found(data), source, folder / "x")
    return data, {kind: (folder / f"x.{kind}.dcm").read_bytes() for kind in KINDS}, told


def test_no_value_of_the_patient_is_in_any_result(tmp_path):
    data, results, told = written(tmp_path / "Zqname", KEY)
    assert set(told) == {f"{kind}_path" for kind in KINDS}
    clean = deidentify(data, "x", key=KEY)
    for content in results.values():
        lower = content.lower()
        for value in (b"zq", b"98765", b"19870604", b"20190203"):
            assert value not in lower.replace(b"\0", b"")
        made = pydicom.dcmread(io.BytesIO(content))
        assert made.StudyInstanceUID == clean.study
        assert made.PatientID == clean.patient
        assert clean.instance.encode() in content
        assert made.PatientIdentityRemoved == "YES"
        assert made.ContentDate == "19000101"


def test_without_a_key_results_are_the_patients(tmp_path):
    _, results, _ = written(tmp_path / "a", None)
    assert all(b"Zq98765" in content for content in results.values())


def test_what_may_be_named_in_its_pixels_has_no_de_identified_results(tmp_path):
    with pytest.raises(BonefracError, match="BurnedInAnnotation YES"):
        written(tmp_path / "a", KEY, BurnedInAnnotation="YES")


def test_a_result_can_be_de_identified_itself(tmp_path):
    _, results, _ = written(tmp_path / "a", None)
    for kind in ("seg", "sr"):
        after = deidentify(results[kind], kind, key=KEY).data
        for value in (b"zq", b"98765", b"19870604", b"20190203"):
            assert value not in after.lower()
        before, made = (pydicom.dcmread(io.BytesIO(d)) for d in (results[kind], after))
        assert made.StudyInstanceUID == KEY.uid(PATIENT["StudyInstanceUID"])
        if kind == "seg":
            np.testing.assert_array_equal(made.pixel_array, before.pixel_array)
            codes = [s.SegmentedPropertyTypeCodeSequence[0].CodeValue for s in made.SegmentSequence]
            assert len(codes) == len(before.SegmentSequence)
    with pytest.raises(BonefracError, match="BurnedInAnnotation YES"):
        deidentify(results["sc"], "sc", key=KEY)


def test_reports_keep_what_is_coded_and_measured_only(tmp_path):
    _, results, _ = written(tmp_path / "a", None)
    kinds = []
    for data in (results["sr"], deidentify(results["sr"], "sr", key=KEY).data):
        items = list(_content(pydicom.dcmread(io.BytesIO(data))))
        kinds.append([item.ValueType for item in items])
        assert all(item.ConceptNameCodeSequence for item in items if item.ValueType != "IMAGE")
    assert {"TEXT", "NUM", "CODE"} <= set(kinds[0])
    assert kinds[1] == [kind for kind in kinds[0] if kind not in ("TEXT", "PNAME", "DATETIME")]


@pytest.mark.skipif(not shutil.which("dciodvfy"), reason="dciodvfy (dicom3tools) is not installed")
def test_a_validator_finds_no_fault(tmp_path):
    _, results, _ = written(tmp_path / "a", None)
    for kind, data in results.items():
        after = deidentify(data, kind, key=KEY, burned_in=True).data
        (tmp_path / "x.dcm").write_bytes(after)
        done = subprocess.run(["dciodvfy", tmp_path / "x.dcm"], capture_output=True, text=True)
        assert [line for line in done.stderr.splitlines() if line.startswith("Error")] == []


def _content(item):
    for child in item.get("ContentSequence", ()):
        yield child
        yield from _content(child)


def test_a_key_is_told_apart_and_not_told():
    assert repr(KEY) == repr(Key(b"k" * 32)) != repr(Key(b"o" * 32))
    assert "kkk" not in repr(KEY)
