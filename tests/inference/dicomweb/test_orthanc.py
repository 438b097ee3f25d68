"""Radiographs out of a real archive and results into it, read back bit for bit."""

import io

import highdicom as hd
import numpy as np
import pydicom
import pytest
from pydicom.uid import (
    CTImageStorage,
    DigitalXRayImageStorageForPresentation,
    DigitalXRayImageStorageForProcessing,
    SecondaryCaptureImageStorage,
)

from bonefrac.errors import BonefracError
from bonefrac.inference.dicom_out import KINDS
from bonefrac.inference.dicomweb.archive import Archive
from bonefrac.inference.dicomweb.connection import Connection
from bonefrac.inference.dicomweb.credentials import authorization
from bonefrac.inference.dicomweb.study import Store, radiographs, sources
from tests.inference.dicom_out.findings import found, radiograph
from tests.orthanc import PASSWORD, USER, run_orthanc

STUDY = "1.2.826.0.1.3680043.10.1"
CR, DX, CT, LATE = (f"{STUDY}.{number}" for number in range(1, 5))


def image(series, number, **tags):
    """One file of the study, as bytes."""
    dataset = pydicom.dcmread(io.BytesIO(radiograph()))
    names = {"StudyInstanceUID": STUDY, "SeriesInstanceUID": series}
    uid = {"SOPInstanceUID": f"{series}.{number}", "InstanceNumber": str(number)}
    for name, value in {**names, **uid, **tags}.items():
        setattr(dataset, name, value)
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    out = io.BytesIO()
    dataset.save_as(out, enforce_file_format=True)
    return out.getvalue()


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory):
    with run_orthanc(tmp_path_factory.mktemp("orthanc")) as server:
        shown, raw = DigitalXRayImageStorageForPresentation, DigitalXRayImageStorageForProcessing
        for file in (
            image(CR, 2, SeriesNumber=1),
            image(CR, 1, SeriesNumber=1),
            image(CR, 3, SeriesNumber=1, SOPClassUID=SecondaryCaptureImageStorage),
            image(DX, 1, SeriesNumber=2, Modality="DX", SOPClassUID=shown),
            image(DX, 2, SeriesNumber=2, Modality="DX", SOPClassUID=raw),
            image(CT, 1, SeriesNumber=3, Modality="CT", SOPClassUID=CTImageStorage),
        ):
            server.upload(file)
        yield server


@pytest.fixture
def archive(orthanc):
    secret = authorization(None, environ={"BONEFRAC_DICOMWEB_AUTH": f"{USER}:{PASSWORD}"})
    return Archive(Connection(orthanc.url, secret))


def test_the_radiographs_of_a_study_in_order_and_what_is_left_out(archive):
    found_in, left_out = radiographs(archive, STUDY)
    assert [one.uid for one in found_in] == [f"{CR}.1", f"{CR}.2", f"{DX}.1"]
    told = "\n".join(left_out)
    assert f"Series {CT} is left out: CT" in told
    assert f"Series {CR}: 1 x Secondary Capture Image Storage left out" in told
    assert f"Series {DX}: 1 x Digital X-Ray Image Storage - For Processing left out" in told
    assert len(left_out) == 3
    assert [one.uid for one in radiographs(archive, STUDY, series=DX)[0]] == [f"{DX}.1"]


def test_each_radiograph_comes_as_it_is_stored(archive, orthanc):
    for source in sources(archive, radiographs(archive, STUDY)[0]):
        assert source.picture == orthanc.file(source.name)


def test_what_is_not_there_is_told(archive):
    with pytest.raises(BonefracError, match=r"holds no study 1\.2\.3\.9; "):
        radiographs(archive, "1.2.3.9")
    with pytest.raises(BonefracError, match=rf"{STUDY} has no series 1\.2\.3\.9; "):
        radiographs(archive, STUDY, series="1.2.3.9")
    with pytest.raises(BonefracError, match=rf"Series {CT} holds no radiograph but CT; "):
        radiographs(archive, STUDY, series=CT)
    gone = radiographs(archive, STUDY)[0][0].__class__(STUDY, CR, f"{CR}.99", "")
    with pytest.raises(BonefracError, match="404"):
        archive.fetch(gone)


def test_without_the_password_nothing_is_told(orthanc):
    for secret in (None, "Basic d3Jvbmc6b25l"):
        with pytest.raises(BonefracError, match="401"):
            radiographs(Archive(Connection(orthanc.url, secret)), STUDY)


def test_results_are_stored_once_and_read_back_bit_for_bit(archive, orthanc):
    (one, *_), left_out = radiographs(archive, STUDY)
    original = orthanc.file(one.uid)
    finding = found(archive.fetch(one))
    store = Store(archive, STUDY, KINDS)
    stored = store(finding, archive.fetch(one))["stored"]
    assert tuple(stored) == KINDS
    held = {one.modality: one for one in archive.series(STUDY)}
    assert set(held) == {"CR", "DX", "CT", "SEG", "SR", "OT"}
    for modality, kind in (("SEG", "seg"), ("SR", "sr"), ("OT", "sc")):
        assert [one.uid for one in archive.instances(held[modality])] == [stored[kind]]
    files = {
        kind: archive.fetch(archive.instances(held[modality])[0])
        for modality, kind in (("SEG", "seg"), ("SR", "sr"), ("OT", "sc"))
    }
    _require_told(files, finding, one.uid)

    # Once more: neither predicted on, nor more of them, nor the radiograph touched.
    again, more_left_out = radiographs(archive, STUDY)
    assert len(again) == 3
    assert len(more_left_out) == len(left_out) + 3
    assert store(finding, original)["stored"] == stored
    assert orthanc.modalities(STUDY) == ["CR", "CT", "DX", "OT", "SEG", "SR"]
    assert len(archive.instances(held["SEG"])) == 1
    assert orthanc.file(one.uid) == original


def _require_told(files, finding, radiograph_uid):
    segmentation = hd.seg.segread(io.BytesIO(files["seg"]))
    lesions = segmentation.get_pixels_by_source_instance([radiograph_uid], combine_segments=True)
    np.testing.assert_array_equal(lesions[0] > 0, finding.mask > 0)
    assert finding.mask.any()
    report = hd.sr.srread(io.BytesIO(files["sr"]))
    groups = report.content.get_planar_roi_measurement_groups()
    assert len(groups) == len(finding.boxes) == 2
    capture = pydicom.dcmread(io.BytesIO(files["sc"]))
    np.testing.assert_array_equal(capture.pixel_array, finding.overlay())


def test_a_result_for_another_study_is_refused(archive, orthanc):
    (one, *_), _ = radiographs(archive, STUDY)
    with pytest.raises(BonefracError, match=r"did not store|answers 4"):
        Store(archive, f"{STUDY}.9", ("sr",))(found(archive.fetch(one)), archive.fetch(one))
    assert orthanc.modalities(f"{STUDY}.9") == []
