"""DICOM files of a folder are grouped by patient, and by pseudonyms on demand."""

import json

import pydicom
import pytest

from bonefrac.data.datasets import catalogue_of
from bonefrac.data.datasets.builders import Folder
from bonefrac.data.phantom import draw
from bonefrac.radiograph.deidentify.key import Key
from tests.radiograph.dicom_files import dataset, encoded

PATIENTS = {"Zqdoe/1": "zq-11", "Zqdoe/2": "zq-11", "Zqroe": "zq-22", "Zqpoe": ""}


@pytest.fixture
def clinic(tmp_path):
    """Four files of three patients, one of them without a number, and a table."""
    source = tmp_path / "clinic"
    for index, (name, patient) in enumerate(PATIENTS.items()):
        made = dataset(draw(seed=4, index=index).image, bits=8, PatientID=patient)
        made.StudyInstanceUID = f"1.2.826.98765.{index}"
        made.SOPInstanceUID = f"1.2.826.98765.1.{index}"
        made.PatientName, made.StudyDescription = f"{name}^Jane", "Zqfall"
        path = source / f"{name}.dcm"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encoded(made))
    rows = [f"{name}.dcm,{k % 2}" for k, name in enumerate(PATIENTS)]
    table = "\n".join(("image,fracture", *rows, "Zqgone.dcm,0"))
    (source / "labels.csv").write_text(table, encoding="utf-8")
    return source


@pytest.fixture
def key(tmp_path):
    (tmp_path / "key").write_bytes(b"k" * 32)
    return tmp_path / "key"


def groups(source, **options):
    return {e.id: e.group for e in catalogue_of(source, "folder", **options).entries}


def test_radiographs_of_one_patient_are_one_group(clinic):
    assert groups(clinic) == {
        "Zqdoe/1": "Zqdoe/1",
        "Zqdoe/2": "Zqdoe/1",
        "Zqpoe": "Zqpoe",
        "Zqroe": "Zqroe",
    }
    assert catalogue_of(clinic, "folder").groups_are == "patients"


def test_the_table_decides_where_it_names_a_group(clinic):
    (clinic / "labels.csv").write_text(
        "image,fracture,patient\nZqdoe/1.dcm,1,a\nZqroe.dcm,0,a\n", encoding="utf-8"
    )
    found = groups(clinic)
    assert (found["Zqdoe/1"], found["Zqroe"], found["Zqdoe/2"]) == ("a", "a", "Zqdoe/2")


def test_a_patient_of_the_table_is_that_of_the_file(clinic, key):
    (clinic / "labels.csv").write_text(
        "image,fracture,patient\nZqdoe/1.dcm,1,zq-11\n", encoding="utf-8"
    )
    found = list(groups(clinic, key=key).values())
    assert found.count(Key.read(key).pseudonym("patient", "zq-11")) == 2


def test_a_damaged_file_is_a_group_of_its_own(clinic):
    path = clinic / "Zqdoe" / "2.dcm"
    path.write_bytes(path.read_bytes()[:200])
    assert groups(clinic)["Zqdoe/2"] == ""


def test_nothing_of_a_patient_is_in_a_data_folder(clinic, key, tmp_path, examples_of):
    burned = pydicom.dcmread(clinic / "Zqroe.dcm")
    burned.BurnedInAnnotation, burned.SOPInstanceUID = "YES", "1.2.826.98765.1.9"
    (clinic / "Zqburned.dcm").write_bytes(encoded(burned))
    (clinic / "Zqcut.dcm").write_bytes(encoded(burned)[:300])
    (clinic / "Zqcut.dcm").rename(clinic / "Zqcut.png")
    out = tmp_path / "data"
    rows, report = examples_of(Folder, clinic, out, options={"key": key})
    secret = Key.read(key)
    assert set(rows) == {secret.pseudonym("radiograph", name) for name in PATIENTS}
    assert len({row["group"] for row in rows.values()}) == 3
    assert secret.pseudonym("patient", "zq-11").encode() in {r["group"] for r in rows.values()}
    assert sorted(report.left_out.values()) == [
        "cannot be read",
        "says BurnedInAnnotation YES",
        "there is no such picture",
    ]
    names = ("doe", "roe", "poe", "burned", "cut", "gone", "fall", "-11", "-22")
    words = (*(f"zq{name}" for name in names), "826.98765", "jane")
    for path in out.rglob("*"):
        content = path.read_bytes().lower() if path.is_file() else b""
        assert [w for w in (*words, str(clinic).lower()) if w.encode() in content] == []
    assert json.loads((out / "report.json").read_text())["left_out"] == report.left_out
