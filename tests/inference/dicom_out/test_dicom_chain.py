"""Results and de-identification in either order: nobody is named, and all still belong together."""

import io
import pickle
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import highdicom
import numpy as np
import pydicom
import pytest

from bonefrac.inference.dicom_out import KINDS, results
from bonefrac.inference.dicom_out.files import DicomWriter
from bonefrac.radiograph.deidentify.dataset import deidentify
from bonefrac.radiograph.deidentify.key import Key
from tests.inference.dicom_out.findings import found, radiograph

KEY = Key(b"k" * 32)
# Of each kind of value something that is nowhere else in a file.
SECRETS = {
    "PatientName": "Zqsecret^Zqfirst",
    "PatientID": "ZQ4711",
    "PatientBirthDate": "19370605",
    "PatientAge": "088Y",
    "OtherPatientIDs": "ZQ4712",
    "PatientAddress": "7 Zqstreet",
    "AccessionNumber": "ZQACC1",
    "StudyID": "ZQST1",
    "StudyDate": "20130719",
    "StudyTime": "235912.25",
    "StudyDescription": "Hand of Zqsecret",
    "SeriesDescription": "Zqfirst again",
    "ReferringPhysicianName": "Zqdoctor^Who",
    "InstitutionName": "Zqhospital",
    "StationName": "ZQSTATION",
    "DeviceSerialNumber": "ZQSERIAL",
    "ImageComments": "Zqcomment",
    "SOPInstanceUID": "1.2.826.0.1.98765.1",
    "SeriesInstanceUID": "1.2.826.0.1.98765.2",
    "StudyInstanceUID": "1.2.826.0.1.98765.3",
}
WORDS = {
    word for value in SECRETS.values() for word in re.split(r"[ ^]", value) if "Q" in word.upper()
}
LEFT_BEHIND = {
    *(word.lower() for word in WORDS),
    *(
        "zqmaker",
        "zqprivate",
        "zqreq",
        "1.2.826.0.1.98765",
        "19370605",
        "20130719",
        "235912",
        "088y",
    ),
}


def secret_radiograph() -> bytes:
    """A radiograph that names somebody wherever it can."""
    made = opened(radiograph(**SECRETS))
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    made.private_block(0x11, "ZQMAKER", create=True).add_new(1, "LO", "Zqprivate")
    request = pydicom.Dataset()
    request.RequestedProcedureID, request.RequestingPhysician = "ZQREQ", "Zqdoctor^Who"
    made.RequestAttributesSequence = [request]
    return written(made)


def written(made: pydicom.Dataset) -> bytes:
    out = io.BytesIO()
    made.save_as(out, enforce_file_format=True)
    return out.getvalue()


def opened(data: bytes) -> pydicom.Dataset:
    return pydicom.dcmread(io.BytesIO(data))


def cleaned(data: bytes) -> bytes:
    # A capture says that lines are burned into it.
    return deidentify(data, "a.dcm", key=KEY, burned_in=True).data


def first_cleaned() -> dict[str, bytes]:
    """Results of a radiograph without its patient."""
    source = cleaned(secret_radiograph())
    return {kind: written(made) for kind, made in results(found(source), source).items()}


def then_cleaned() -> dict[str, bytes]:
    """Results of a radiograph, without its patient."""
    source = secret_radiograph()
    told = results(found(source), source)
    return {kind: cleaned(written(made)) for kind, made in told.items()}


ORDERS = pytest.mark.parametrize("made", [first_cleaned, then_cleaned])


def leaks(data: bytes) -> set[str]:
    text = data.lower()
    return {value for value in LEFT_BEHIND if value.encode() in text}


def references(data: bytes) -> set[str]:
    """What a file refers to, at any depth."""
    return {
        str(element.value)
        for element in opened(data).iterall()
        if element.keyword == "ReferencedSOPInstanceUID"
    }


def test_the_results_of_a_named_patient_name_it():
    source = secret_radiograph()
    for kind, made in results(found(source), source).items():
        assert {"zqsecret", "zq4711", "1.2.826.0.1.98765", "19370605"} <= leaks(written(made)), kind


@ORDERS
def test_nobody_is_named(made):
    for kind, data in made().items():
        assert leaks(data) == set(), kind


@ORDERS
def test_all_belong_to_the_radiograph_that_is_left(made):
    image = opened(cleaned(secret_radiograph()))
    told = made()
    assert tuple(told) == KINDS
    uids = {kind: str(opened(data).SOPInstanceUID) for kind, data in told.items()}
    assert len({image.SOPInstanceUID, *uids.values()}) == 4
    for data in told.values():
        result = opened(data)
        assert result.StudyInstanceUID == image.StudyInstanceUID
        assert result.PatientID == image.PatientID
        assert result.PatientName == image.PatientName
        assert result.SeriesInstanceUID != image.SeriesInstanceUID
        assert result.ContentQualification == "RESEARCH"
        assert result.LongitudinalTemporalInformationModified == "REMOVED"
    assert references(told["seg"]) == references(told["sc"]) == {image.SOPInstanceUID}
    assert references(told["sr"]) == {image.SOPInstanceUID, uids["seg"]}


@ORDERS
def test_the_segments_are_the_mask(made):
    source = secret_radiograph()
    segments = highdicom.seg.segread(io.BytesIO(made()["seg"]))
    assert (np.max(segments.pixel_array, axis=0) == found(source).mask).all()
    assert segments.number_of_segments == len(found(source).boxes)


@ORDERS
def test_the_report_says_what_the_finding_says(made):
    finding = found(secret_radiograph())
    told = made()
    content = highdicom.sr.srread(io.BytesIO(told["sr"])).content
    (picture,) = content.get_image_measurement_groups()
    (probability,) = picture.get_measurements()
    assert (probability.name.meaning, probability.value) == ("Probability of fracture", 0.93)
    assert probability.unit.meaning == "no units"
    verdicts = {
        one.name.meaning: one.value.meaning for one in picture.get_qualitative_evaluations()
    }
    assert verdicts["Fracture"] == "Present"
    lesions = content.get_planar_roi_measurement_groups()
    segments = highdicom.seg.segread(io.BytesIO(told["seg"]))
    assert [lesion.tracking_uid for lesion in lesions] == [
        segments.get_segment_description(number).tracking_uid
        for number in range(1, len(finding.boxes) + 1)
    ]
    assert [lesion.get_measurements()[0].value for lesion in lesions] == [
        round(100 * box.score, 2) for box in finding.boxes
    ]


@ORDERS
def test_each_is_a_whole_object_of_its_kind(made, tmp_path):
    if shutil.which("dciodvfy") is None:
        pytest.skip("dciodvfy is not installed: dicom3tools")
    for kind, data in made().items():
        path = tmp_path / f"{kind}.dcm"
        path.write_bytes(data)
        done = subprocess.run(["dciodvfy", path], capture_output=True, text=True)
        errors = [line for line in done.stderr.splitlines() if line.startswith("Error")]
        assert errors == [], kind


def test_a_second_run_makes_the_same_instances():
    one, two = first_cleaned(), first_cleaned()
    for kind in KINDS:
        uids = {opened(told[kind]).SOPInstanceUID for told in (one, two)}
        assert len(uids) == 1, kind


def test_files_without_a_patient_tell_no_day_and_depend_on_the_key(tmp_path):
    source = secret_radiograph()
    finding = replace(found(source), image="hand.dcm")
    write, other = (DicomWriter(KINDS, key=Key(secret * 32)) for secret in (b"k", b"o"))
    paths = write(finding, source, tmp_path / "hand")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "hand.sc.dcm",
        "hand.seg.dcm",
        "hand.sr.dcm",
    ]
    for path in map(Path, paths.values()):
        data = path.read_bytes()
        assert leaks(data) == set(), path
        assert f"{datetime.now():%Y%m%d}".encode() not in data
        assert opened(data).PatientIdentityRemoved == "YES"
    text = (tmp_path / "hand.sr.dcm").read_text(errors="replace")
    assert "Verdict: fracture" in text
    assert repr(write) == repr(DicomWriter(KINDS, key=KEY)) != repr(other)
    assert repr(write) == repr(pickle.loads(pickle.dumps(write)))
    assert "kkk" not in repr(write)
