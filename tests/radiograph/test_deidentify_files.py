"""Folder trees are de-identified file by file, and no name of theirs is taken along."""

import pytest
from dicom_files import dataset, encoded, ramp

from bonefrac.errors import BonefracError
from bonefrac.radiograph.deidentify.files import deidentify_files
from bonefrac.radiograph.deidentify.key import Key
from bonefrac.radiograph.reader import read

KEY = Key(b"k" * 32)


@pytest.fixture
def tree(tmp_path):
    """Two patients in three files, a screen save and a letter."""
    source = tmp_path / "source"
    for name, tags in {
        "Doe_Jane/1.dcm": {"SOPInstanceUID": "1.2.1"},
        "Doe_Jane/2": {"SOPInstanceUID": "1.2.2"},
        "Roe/1.dcm": {"SOPInstanceUID": "1.2.3", "PatientID": "p2"},
        "Roe/screen.dcm": {"SOPInstanceUID": "1.2.4", "BurnedInAnnotation": "YES"},
    }.items():
        path = source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encoded(dataset(ramp(16, 8), **tags)))
    (source / "letter.txt").write_text("Dear Jane", encoding="utf-8")
    return source


def run(source, out, **options):
    return deidentify_files(source, out, key=KEY, progress=lambda *_: None, **options)


def written(out):
    return sorted(path for path in out.rglob("*") if path.is_file())


def test_each_file_lies_under_its_patient_and_nothing_else_is_there(tree, tmp_path):
    out = tmp_path / "out"
    outcome = run(tree, out)
    files = written(out)
    assert sorted(out / path for path in outcome.written.values()) == files
    assert len(files) == 3
    assert outcome.patients == 2
    assert {path.relative_to(out).parts[0] for path in files} == {
        KEY.pseudonym("patient", "p1"),
        KEY.pseudonym("patient", "p2"),
    }
    assert all(len(path.relative_to(out).parts) == 3 for path in files)
    assert not any(word in str(p.relative_to(out)) for p in files for word in ("Doe", "Roe"))
    assert [path.name for path in outcome.others] == ["letter.txt"]
    assert [path.name for path in outcome.refused] == ["screen.dcm"]
    assert len(outcome.silent) == 3


def test_again_it_is_the_same(tree, tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    for out in (one, one, other):
        run(tree, out)
    assert [p.relative_to(one) for p in written(one)] == [
        p.relative_to(other) for p in written(other)
    ]
    assert [p.read_bytes() for p in written(one)] == [p.read_bytes() for p in written(other)]


def test_one_file_is_enough(tree, tmp_path):
    source = tree / "Doe_Jane" / "2"
    run(source, tmp_path / "out")
    (made,) = written(tmp_path / "out")
    assert (read(made).pixels == read(source.read_bytes()).pixels).all()


def test_two_files_of_one_uid_are_not_written_over_each_other(tree, tmp_path):
    copy = tree / "Doe_Jane" / "copy.dcm"
    copy.write_bytes((tree / "Doe_Jane" / "1.dcm").read_bytes())
    assert not [path for path in run(tree, tmp_path / "out").refused if path == copy]
    copy.write_bytes(encoded(dataset(ramp(16, 9), SOPInstanceUID="1.2.1")))
    outcome = run(tree, tmp_path / "out")
    assert "SOP Instance UID of another file" in outcome.refused[copy]


def test_a_uid_is_never_a_path(tree, tmp_path):
    (tree / "x.dcm").write_bytes(
        encoded(dataset(ramp(8, 8), SOPInstanceUID="1.2.9", PatientID="../../up")).replace(
            b"1.2.9", b"../up"
        )
    )
    run(tree, tmp_path / "out")
    assert {path.name for path in tmp_path.iterdir()} == {"source", "out"}
    assert len(written(tmp_path / "out")) == 4


def test_the_new_folder_does_not_lie_in_the_old_one(tree):
    with pytest.raises(BonefracError, match="lies in"):
        run(tree, tree / "out")
    with pytest.raises(BonefracError, match="does not exist"):
        run(tree / "none", tree / "out")
