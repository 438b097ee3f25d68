"""GRAZPEDWRI-DX as published: boxes become coarse masks, empty cells mean no."""

import json

import numpy as np
import pytest
from PIL import Image

from bonefrac.data.datasets import catalogue_of, recognise
from bonefrac.data.datasets.builders import GrazPedWri
from bonefrac.errors import BonefracError

HEADER = [
    *("filestem", "patient_id", "study_number", "timehash", "gender", "age", "laterality"),
    *("projection", "initial_exam", "ao_classification", "cast", "diagnosis_uncertain"),
    *("osteopenia", "fracture_visible", "metal", "pixel_spacing", "device_manufacturer"),
]
TEXT = "8 0.1 0.1 0.05 0.05\n"
BOX = "3 0.5 0.4 0.2 0.1\n"
# name, part, cells of the table, label file (None: there is none)
PICTURES = [
    ("0001_1_01_WRI-L1_M014", 1, {"projection": 1, "fracture_visible": 1}, TEXT + BOX),
    ("0001_1_01_WRI-L2_M014", 1, {"projection": 2, "fracture_visible": 1}, TEXT),
    ("0002_1_02_WRI-R1_F012", 2, {"projection": 1, "diagnosis_uncertain": 1}, TEXT),
    ("0003_1_03_WRI-R1_F009", 3, {"projection": 3, "metal": 1, "cast": 1}, TEXT + "4 .5 .5 .1 .1"),
    ("0004_1_04_WRI-L1_M008", 4, {"projection": 1, "cast": 1}, None),
    ("0005_1_05_WRI-L1_M010", 4, {"projection": 1, "ao_classification": "23r-M/2.1"}, ""),
    ("0006_1_06_WRI-L1_M011", 2, {"projection": 2}, BOX),
]


def table_row(stem, cells):
    fixed = {"filestem": stem, "patient_id": int(stem[:4]), "study_number": 1, "laterality": "L"}
    row = dict.fromkeys(HEADER, "") | fixed | cells
    return [row[name] for name in HEADER]


@pytest.fixture(scope="module")
def source(tmp_path_factory, write_picture, write_csv):
    root = tmp_path_factory.mktemp("graz") / "GRAZPEDWRI-DX"
    labels = root / "folder_structure" / "yolov5" / "labels"
    labels.mkdir(parents=True)
    for index, (stem, part, _, boxes) in enumerate(PICTURES):
        write_picture(root / f"images_part{part}" / f"{stem}.png", index, depth=16)
        if boxes is not None:
            (labels / f"{stem}.txt").write_text(boxes)
    rows = [table_row(stem, cells) for stem, _, cells, _ in PICTURES]
    write_csv(root / "dataset.csv", [HEADER, *rows])
    return root


@pytest.fixture(scope="module")
def entries(source):
    return [next(e for e in catalogue_of(source).entries if e.id == stem) for stem, *_ in PICTURES]


def test_it_is_recognised(source):
    assert recognise(source) == "grazpedwri"
    assert len(catalogue_of(source).entries) == len(PICTURES)


def test_fractures_are_boxed_visible_doubtful_or_none(entries):
    assert [entry.fracture for entry in entries] == [1, 1, -1, 0, 0, 0, 1]
    known = [entry.outlines is not None for entry in entries]
    assert known == [True, False, False, True, True, True, True]
    boxed = [entry.outlines is not None and not entry.outlines.empty for entry in entries]
    assert boxed == [True, False, False, False, False, False, True]


def test_the_rest_comes_from_the_table(entries):
    views = ["frontal", "lateral", "frontal", "", "frontal", "frontal", "lateral"]
    assert [entry.view for entry in entries] == views
    assert [entry.hardware for entry in entries] == [0, 0, 0, 1, 0, 0, 0]
    assert entries[0].group == entries[1].group == "patient1"
    assert {entry.body_part for entry in entries} == {"wrist"}


def test_boxes_become_coarse_masks_and_16_bits_are_windowed(
    source, tmp_path, write_picture, examples_of
):
    examples, report = examples_of(GrazPedWri, source, tmp_path / "data")
    assert report.left_out == {}
    found = examples[PICTURES[0][0]]
    phantom = write_picture(tmp_path / "p.png", 0)
    height, width = phantom.image.shape
    assert found["mask_coarse"]
    assert found["has_mask"]
    rows, columns = np.nonzero(found["mask"][..., 0])
    box = np.array([rows.min(), rows.max() + 1, columns.min(), columns.max() + 1])
    wanted = np.array([0.35 * height, 0.45 * height, 0.4 * width, 0.6 * width])
    assert np.abs(box - wanted).max() <= 0.5
    assert len(rows) == (box[1] - box[0]) * (box[3] - box[2])
    image = found["image"][..., 0].astype(float)
    assert np.corrcoef(image.ravel(), phantom.image.ravel())[0, 1] > 0.995
    assert not examples[PICTURES[3][0]]["mask_coarse"]


def test_coco_boxes_serve_as_well(source, tmp_path, entries):
    coco = {
        "images": [{"id": 1, "file_name": f"{PICTURES[0][0]}.png"}],
        "annotations": [{"image_id": 1, "category_id": 1, "bbox": [10, 20, 30, 40]}],
        "categories": [{"id": 1, "name": "fracture"}],
    }
    root = tmp_path / "graz"
    (root / "images").mkdir(parents=True)
    for path in source.glob("images_part*/*.png"):
        (root / "images" / path.name).symlink_to(path)
    (root / "dataset.csv").write_text((source / "dataset.csv").read_text())
    with pytest.raises(BonefracError, match="0 COCO files"):
        catalogue_of(root)
    (root / "boxes.json").write_text(json.dumps(coco))
    first = catalogue_of(root).entries[0]
    assert first.outlines.coarse
    assert first.outlines.polygons[0].tolist() == [[10, 20], [40, 20], [40, 60], [10, 60]]


def test_what_is_absent_is_told_with_the_address(tmp_path, write_csv):
    with pytest.raises(BonefracError, match=r"dataset.csv does not exist.*10\.1038"):
        catalogue_of(tmp_path, "grazpedwri")
    write_csv(tmp_path / "dataset.csv", [["filestem", "patient_id"]])
    with pytest.raises(BonefracError, match="no column projection, metal, fracture_visible"):
        catalogue_of(tmp_path, "grazpedwri")
    write_csv(tmp_path / "dataset.csv", [HEADER])
    with pytest.raises(BonefracError, match=r"no images_part1"):
        catalogue_of(tmp_path, "grazpedwri")


def test_pictures_and_rows_without_each_other_are_told(tmp_path, write_csv):
    (tmp_path / "images_part1").mkdir()
    (tmp_path / "labels").mkdir()
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(tmp_path / "images_part1" / "b.png")
    write_csv(tmp_path / "dataset.csv", [HEADER, table_row("0001_a", {})])
    left_out = {"0001_a": "no such file", "b": "not in dataset.csv"}
    assert catalogue_of(tmp_path).left_out == left_out
