"""MURA v1.1 as published: labels are the studies', the open validation set is the test set."""

import pytest

from bonefrac.data.datasets import catalogue_of, recognise
from bonefrac.data.datasets.builders import Mura
from bonefrac.errors import BonefracError

TRAIN = [
    ("XR_WRIST/patient00006/study1_positive", 2),
    ("XR_WRIST/patient00006/study2_negative", 1),
    ("XR_ELBOW/patient00011/study1_negative", 2),
    ("XR_SHOULDER/patient00001/study1_positive", 1),
    ("XR_HAND/patient00007/study1_negative", 1),
    ("XR_FINGER/patient00008/study1_negative", 1),
]
VALID = [
    ("XR_HUMERUS/patient11185/study1_positive", 1),
    ("XR_FOREARM/patient11186/study1_negative", 2),
]


@pytest.fixture(scope="module")
def source(tmp_path_factory, write_picture, write_csv):
    root = tmp_path_factory.mktemp("mura") / "MURA-v1.1"
    index = 0
    for folder, studies in (("train", TRAIN), ("valid", VALID)):
        paths, labels = [], []
        for study, count in studies:
            labels.append([f"MURA-v1.1/{folder}/{study}/", int(study.endswith("positive"))])
            for number in range(1, count + 1):
                name = f"{folder}/{study}/image{number}.png"
                write_picture(root / name, index)
                paths.append([f"MURA-v1.1/{name}"])
                index += 1
        write_csv(root / f"{folder}_image_paths.csv", paths)
        write_csv(root / f"{folder}_labeled_studies.csv", labels)
    (root / "train/XR_WRIST/patient00006/study1_positive/._image1.png").write_bytes(b"Mac OS X")
    return root


@pytest.fixture(scope="module")
def entries(source):
    return {entry.id: entry for entry in catalogue_of(source).entries}


def test_it_is_recognised_by_itself_and_by_the_folder_around_it(source):
    assert recognise(source) == recognise(source.parent) == "mura"
    ids = [[e.id for e in catalogue_of(folder).entries] for folder in (source, source.parent)]
    assert ids[0] == ids[1]


def test_the_label_is_the_study_s_and_no_fracture(entries):
    assert len(entries) == 11
    for name, entry in entries.items():
        assert entry.abnormality == ("positive" in name)
        assert entry.fracture == -1
        assert entry.outlines is None


def test_groups_splits_and_parts_come_from_the_path(entries):
    entry = entries["train/XR_WRIST/patient00006/study2_negative/image1"]
    assert (entry.group, entry.split, entry.body_part) == ("patient00006", "train", "wrist")
    entry = entries["valid/XR_FOREARM/patient11186/study1_negative/image2"]
    assert (entry.group, entry.split, entry.body_part) == ("patient11186", "test", "forearm")
    assert len({e.group for e in entries.values()}) == 7


def test_resource_files_of_macos_are_no_pictures(source):
    assert catalogue_of(source).left_out == {}


def test_the_study_stays_in_the_id_of_an_example(source, tmp_path, examples_of):
    examples, _ = examples_of(Mura, source, tmp_path / "data")
    found = examples["train/XR_WRIST/patient00006/study1_positive/image2"]
    assert (found["abnormality"], found["fracture"], found["has_mask"]) == (1, -1, False)
    assert found["body_part"] == b"wrist"


def test_what_does_not_fit_is_left_out_and_told(tmp_path, write_picture, write_csv):
    study = "train/XR_HAND/patient00001/study1_negative"
    for number in (1, 2):
        write_picture(tmp_path / study / f"image{number}.png", number)
    other = "train/XR_HAND/patient00002/study1_negative/image1.png"
    write_picture(tmp_path / other, 3)
    listed = [f"{study}/image1.png", f"{study}/image3.png", other]
    write_csv(tmp_path / "train_image_paths.csv", [[f"MURA-v1.1/{name}"] for name in listed])
    write_csv(tmp_path / "train_labeled_studies.csv", [[f"MURA-v1.1/{study}/", 0]])
    write_csv(tmp_path / "valid_image_paths.csv", [])
    write_csv(tmp_path / "valid_labeled_studies.csv", [])
    assert catalogue_of(tmp_path).left_out == {
        f"{study}/image2": "not in train_image_paths.csv",
        f"{study}/image3": "no such file",
        other[:-4]: "its study is not in train_labeled_studies.csv",
    }


@pytest.mark.parametrize(
    ("table", "row", "said"),
    [
        ("train_image_paths.csv", "MURA-v1.1/../../etc/passwd", "train_image_paths.csv"),
        ("train_labeled_studies.csv", "MURA-v1.1/train/XR_HAND/patient1/", "the row"),
        ("train_labeled_studies.csv", "MURA-v1.1/train/XR_HAND/patient1/,2", "the row"),
    ],
)
def test_a_table_of_another_kind_is_refused(tmp_path, table, row, said):
    for split in ("train", "valid"):
        for name in ("image_paths", "labeled_studies"):
            (tmp_path / f"{split}_{name}.csv").write_text("")
    (tmp_path / table).write_text(row + "\n")
    with pytest.raises(BonefracError, match=said):
        catalogue_of(tmp_path, "mura")


def test_an_absent_table_is_told_with_the_address(tmp_path):
    with pytest.raises(BonefracError, match=r"train_labeled_studies.csv does not exist.*stanford"):
        catalogue_of(tmp_path, "mura")
