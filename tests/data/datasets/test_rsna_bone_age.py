"""The bone age challenge, in RSNA's folders and in Kaggle's."""

import math

import pytest

from bonefrac.data.datasets import catalogue_of, recognise
from bonefrac.data.datasets.builders import RsnaBoneAge
from bonefrac.errors import BonefracError

AGES = {1377: 180, 1378: 12, 1379: 94, 1380: 120, 1381: 82, 1382: 138, 1383: 150}
VALIDATION = {1386: 30.0, 1392: 162.0, 1397: 18.0}
HEADER = ["id", "boneage", "male"]
VALIDATION_HEADER = ["Image ID", "male", "Bone Age (months)"]


@pytest.fixture(params=["kaggle", "kaggle once", "rsna"])
def source(request, tmp_path, write_picture, write_csv):
    train, one, two = tmp_path, tmp_path, tmp_path
    table = train / "boneage-training-dataset.csv"
    if request.param == "kaggle":
        train, one, two = (folder / "boneage-training-dataset" for folder in (train, one, two))
        one = two = tmp_path / "boneage-validation-dataset" / "boneage-validation-dataset"
        train = train / "boneage-training-dataset"
        validation_table = tmp_path / "boneage-validation-dataset" / "Validation Dataset.csv"
    elif request.param == "kaggle once":
        train = train / "boneage-training-dataset"
        one = two = tmp_path / "boneage-validation-dataset"
        validation_table = tmp_path / "boneage-validation-dataset.csv"
    else:
        outer = tmp_path / "Bone Age Validation Set"
        train = tmp_path / "Bone Age Training Set" / "boneage-training-dataset"
        table = tmp_path / "Bone Age Training Set" / "train.csv"
        one = outer / "boneage-validation-dataset-1"
        two = outer / "boneage-validation-dataset-2" / "boneage-validation-dataset-2"
        validation_table = outer / "Validation Dataset.csv"
    for index, number in enumerate(AGES):
        write_picture(train / f"{number}.png", index)
    for index, number in enumerate(VALIDATION):
        write_picture((one if index < 2 else two) / f"{number}.png", 10 + index)
    write_picture(tmp_path / "boneage-test-dataset" / "4360.png", 20)
    write_csv(tmp_path / "boneage-test-dataset.csv", [["Case ID", "Sex"], [4360, "M"]])
    write_csv(table, [HEADER, *([n, age, age % 2 == 0] for n, age in AGES.items())])
    rows = [[n, False, age] for n, age in VALIDATION.items()]
    write_csv(validation_table, [VALIDATION_HEADER, *rows])
    return tmp_path


def test_every_layout_gives_the_same_catalogue(source):
    assert recognise(source) == "rsna_bone_age"
    catalogue = catalogue_of(source)
    found = {entry.id: entry.bone_age_months for entry in catalogue.entries}
    expected = {f"train/{n}": age for n, age in AGES.items()}
    assert found == expected | {f"validation/{n}": age for n, age in VALIDATION.items()}
    assert catalogue.left_out == {}
    for entry in catalogue.entries:
        assert (entry.body_part, entry.fracture, entry.outlines) == ("hand", -1, None)
        assert entry.split == entry.id.partition("/")[0]
        assert entry.path.stem == entry.id.partition("/")[2]


def test_months_come_back_from_a_data_folder(tmp_path, write_picture, write_csv, examples_of):
    source = tmp_path / "rsna"
    ages = {number: number % 19 * 12.0 for number in range(2000, 2016)}
    for index, number in enumerate(ages):
        write_picture(source / "boneage-training-dataset" / f"{number}.png", index)
    rows = [[n, age, True] for n, age in ages.items()]
    write_csv(source / "boneage-training-dataset.csv", [HEADER, *rows])
    examples, _ = examples_of(RsnaBoneAge, source, tmp_path / "data")
    found = {name: e["bone_age_months"] for name, e in examples.items()}
    assert found == {f"train/{n}": age for n, age in ages.items()}
    assert all(e["fracture"] == -1 and not e["has_mask"] for e in examples.values())


def test_pictures_and_rows_without_each_other_are_told(tmp_path, write_picture, write_csv):
    folder = tmp_path / "boneage-training-dataset"
    write_picture(folder / "1.png", 0)
    write_picture(folder / "2.png", 1)
    write_csv(tmp_path / "boneage-training-dataset.csv", [HEADER, [1, 100, True], [3, 50, True]])
    catalogue = catalogue_of(tmp_path)
    assert [entry.id for entry in catalogue.entries] == ["train/1"]
    assert catalogue.left_out == {
        "train/2": "in no table of bone ages",
        "train/3": "no such file",
    }


def test_an_age_that_is_no_number_is_told_with_its_file(tmp_path, write_csv):
    write_csv(tmp_path / "boneage-training-dataset.csv", [HEADER, [1, "old", True]])
    with pytest.raises(BonefracError, match=r"boneage-training-dataset.csv is damaged .*old"):
        catalogue_of(tmp_path, "rsna_bone_age")
    write_csv(tmp_path / "boneage-training-dataset.csv", [HEADER, [1, math.nan, True]])
    with pytest.raises(BonefracError, match="nan"):
        catalogue_of(tmp_path, "rsna_bone_age")


def test_without_a_table_the_address_is_told(tmp_path):
    with pytest.raises(BonefracError, match=r"no table of bone ages.*https://www.rsna.org"):
        catalogue_of(tmp_path, "rsna_bone_age")
