"""What files, folders, globs and a DICOMDIR mean, and what their results are called."""

import shutil

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom import DataElement, Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from bonefrac.errors import BonefracError
from bonefrac.inference.batch.sources import find_sources

PREAMBLE = b"\0" * 128 + b"DICM"


def put(path, content=b""):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def found(*names, **options):
    return find_sources(map(str, names), stdin=iter([b"piped"]), **options)


def stems(*names, **options):
    return [source.stem for source in found(*names, **options)]


def test_a_folder_is_mirrored_and_holds_dicom_of_any_name(tmp_path):
    put(tmp_path / "in" / "b.PNG")
    put(tmp_path / "in" / "a" / "x.jpeg")
    put(tmp_path / "in" / "a" / "IM0001", PREAMBLE)
    put(tmp_path / "in" / "a" / "1.2.840.5", PREAMBLE)
    put(tmp_path / "in" / "a" / "1.2.840.6", PREAMBLE)
    for name in ("notes.txt", "._b.png", ".hidden/c.png", "IM0002"):
        put(tmp_path / "in" / name, b"text")
    put(tmp_path / "in" / "DICOMDIR", PREAMBLE)
    assert stems(tmp_path / "in") == ["b", "a/1.2.840.5", "a/1.2.840.6", "a/IM0001", "a/x"]


def test_no_two_radiographs_have_one_name(tmp_path):
    for folder in ("one", "two"):
        for name in ("x.png", "x.jpg"):
            put(tmp_path / folder / name)
    assert stems(tmp_path / "*" / "x.*") == ["x", "x.png", "x.jpg", "two/x.png"]
    assert stems(tmp_path / "one", tmp_path / "two")[-1] == "two/x.png"
    taken = stems(tmp_path / "two", *(tmp_path / "one" / n for n in ("x.png", "x.jpg")))
    assert taken == ["x", "x.png", "one/x.png", "x.jpg"]
    assert not any(stem.startswith("/") or ".." in stem for stem in taken)


def test_a_file_that_is_named_twice_is_read_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = put(tmp_path / "a" / "x.png")
    assert len(found(path, tmp_path, "a", "a/../a/x.png", "a/*")) == 1


def test_stdin_a_missing_file_and_a_glob_of_folders(tmp_path):
    put(tmp_path / "a" / "x.png")
    piped, missing, real = found("-", tmp_path / "no.png", tmp_path / "*", "-")
    assert (piped.picture, piped.name, piped.stem) == (b"piped", "<bytes>", "stdin")
    assert missing.path == tmp_path / "no.png"
    assert real.stem == "x"


def test_the_output_folder_is_left_out(tmp_path):
    put(tmp_path / "x.png")
    put(tmp_path / "out" / "x.overlay.png")
    assert stems(tmp_path, leave_out=tmp_path / "out") == ["x"]
    assert stems(tmp_path, leave_out=tmp_path / "not-there") == ["x", "out/x.overlay"]


def record(kind, *parts):
    made = Dataset()
    made.OffsetOfTheNextDirectoryRecord = made.OffsetOfReferencedLowerLevelDirectoryEntity = 0
    made.RecordInUseFlag, made.DirectoryRecordType = 0xFFFF, kind
    if parts:
        parts = list(parts)
        made.add(DataElement(0x00041500, "CS", parts, validation_mode=pydicom.config.IGNORE))
    return made


def write_dicomdir(path, *records):
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.1.3.10"
    made.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    made.FileSetID = "DISC"
    made.DirectoryRecordSequence = list(records)
    made.save_as(path, enforce_file_format=True)


@pytest.fixture
def disc(tmp_path):
    for name in ("IM1", "IM2", "REPORT"):
        put(tmp_path / "disc" / "PT1" / name, PREAMBLE)
    images = [record("IMAGE", "PT1", name) for name in ("IM1", "IM2")]
    others = [record("PATIENT"), record("SR DOCUMENT", "PT1", "REPORT")]
    write_dicomdir(tmp_path / "disc" / "DICOMDIR", *others, *images)
    return tmp_path / "disc"


def test_a_dicomdir_means_the_images_that_it_lists(disc):
    listed = found(disc / "DICOMDIR")
    assert len(listed) == 2
    assert all(source.path.is_file() for source in listed)
    assert all(source.stem == source.path.relative_to(disc).as_posix() for source in listed)


@pytest.mark.parametrize("parts", [["..", "secret"], ["/etc", "passwd"], ["LINK", "secret"]])
def test_a_dicomdir_does_not_lead_out_of_its_folder(disc, tmp_path, parts):
    put(tmp_path / "elsewhere" / "secret", PREAMBLE)
    put(tmp_path / "secret", PREAMBLE)
    (disc / "LINK").symlink_to(tmp_path / "elsewhere")
    write_dicomdir(disc / "DICOMDIR", record("IMAGE", *parts), record("IMAGE", "PT1", "IM1"))
    bad, good = found(disc / "DICOMDIR")
    with pytest.raises(BonefracError, match="below its own folder"):
        _ = bad.picture
    assert good.picture.is_file()


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.9])
def test_a_dicomdir_that_is_cut_short_is_told(disc, share):
    path = disc / "DICOMDIR"
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    for source in found(path):
        if source.error is not None:
            assert "DICOMDIR cannot be read" in str(source.error)
            assert "\n" not in str(source.error)


def test_a_disc_is_a_folder_too(disc, tmp_path):
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(disc / "a.png")
    moved = shutil.copytree(disc, tmp_path / "moved")
    assert len(found(moved)) == 4
