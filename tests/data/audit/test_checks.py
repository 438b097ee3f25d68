"""Each check finds the fault that was planted, and nothing in a set without faults."""

import numpy as np
import pytest
from made_up import encoded, picture
from PIL import Image

from bonefrac.data.audit.checks import CHECKS
from bonefrac.data.audit.examine import audit
from bonefrac.data.audit.finding import Severity
from bonefrac.data.outlines import Outlines, Patch, box

NAMES = {
    *("missing", "unreadable", "filler", "exif_rotation", "encodings", "colour", "two_labels"),
    *("same_file", "same_pixels", "near_duplicates", "split_copies", "split_groups"),
    *("intact_outlined", "fractured_not_outlined", "out_of_bounds", "mask_size", "mask_values"),
    *("degenerate", "target_sizes", "blank", "inverted", "exposure", "picture_sizes"),
}


@pytest.fixture
def sound(folder):
    """Twelve radiographs, odd ones fractured, all outlined."""
    for k in range(12):
        folder.add(outlines=Outlines((box(20, 30, 10 + k, 12),) if k % 2 else ()))
    return folder


def test_a_sound_set_has_no_faults(sound):
    found = sound.audit()
    assert found.keys() == {"target_sizes"}
    assert found["target_sizes"].table["width, px"]["50 %"] == "16"
    assert len(CHECKS) == len(NAMES)


def test_an_empty_and_an_unreadable_set_are_audited(folder):
    assert folder.audit() == {}
    folder.add(data=b"nothing")
    assert folder.audit().keys() == {"unreadable"}


def ids(finding):
    return [id for case in finding.cases for id in case]


def test_unreadable_and_filler(sound):
    whole = encoded(picture(50))
    sound.add("cut", data=whole[: len(whole) // 2], fracture=0)
    filled = picture(51)
    filled[80:] = np.tile(np.arange(64, dtype=np.uint8).reshape(8, 8), (5, 13))[:, :100]
    sound.add("filled", pixels=filled, data=encoded(filled, "PNG"), fracture=0)
    found = sound.audit()
    assert ids(found["unreadable"]) == ["cut"]
    assert "1 of 1 are labelled negative" in found["unreadable"].meaning
    assert ids(found["filler"]) == ["filled"]
    assert found["filler"].severity == Severity.SEVERE


def test_missing_turned_and_colour(sound):
    exif = Image.Exif()
    exif[0x0112] = 6
    sound.add("turned", data=encoded(picture(50), quality=92, exif=exif))
    sound.add("rgb", data=encoded(np.stack([picture(51)] * 3, -1), quality=92))
    sound.told = {"left_out": {"gone": "no such file", "more": "no such file"}}
    found = sound.audit()
    assert ids(found["exif_rotation"]) == ["turned"]
    assert found["exif_rotation"].details["turned"] == "EXIF orientation 6: turned by 90"
    assert ids(found["colour"]) == ids(found["encodings"]) == ["rgb"]
    assert found["encodings"].table["JPEG L, quality 92"]["radiographs"] == "13"
    assert ids(found["missing"]) == ["gone", "more"]
    assert found["missing"].table == {"no such file": {"radiographs": "2"}}


def test_copies(sound):
    first = sound.entries[0].path.read_bytes()
    decoded = np.asarray(Image.open(sound.entries[1].path))
    sound.add("file", data=first, fracture=0)
    sound.add("pixels", data=encoded(decoded, "PNG"), fracture=1)
    sound.add("mirrored", pixels=picture(2)[:, ::-1], fracture=1)
    found = sound.audit()
    assert found["same_file"].cases == (("r0000", "file"),)
    assert found["same_pixels"].cases == (("r0001", "pixels"),)
    assert found["near_duplicates"].cases == (("r0002", "mirrored"),)
    assert found["two_labels"].cases == (("r0002", "mirrored"),)
    assert found["two_labels"].details["r0002"] == "labelled negative"


def test_copies_are_compared_by_abnormality_where_fractures_are_unknown(folder):
    for k in range(2):
        folder.add(pixels=picture(1), fracture=-1, abnormality=k)
    assert "two_labels" in folder.audit()


def test_leaks_between_official_splits(sound):
    for k, split in enumerate(["train"] * 8 + ["validation"] * 2 + ["test"] * 2):
        sound.change(k, split=split)
    sound.add("leak", pixels=np.rot90(picture(0)), split="test", fracture=0)
    sound.add("no leak", pixels=picture(1)[:, ::-1], split="train")
    sound.change(2, group="one")
    sound.change(8, group="one")
    sound.told = {"groups_are": "patients"}
    found = sound.audit()
    assert found["split_copies"].cases == (("r0000", "leak"),)
    assert found["split_copies"].table == {
        "validation": {"radiographs": "2", "with one in train": "0"},
        "test": {"radiographs": "3", "with one in train": "1"},
    }
    assert found["split_groups"].cases == (("r0002", "r0008"),)
    assert "patients" in found["split_groups"].meaning


def test_a_picture_cut_short_leaks_too(sound):
    filled = picture(0)
    filled[80:] = np.tile(np.arange(64, dtype=np.uint8).reshape(8, 8), (5, 13))[:, :100]
    sound.add("filled", data=encoded(filled, "PNG"), split="validation", fracture=0)
    sound.change(0, split="train")
    assert sound.audit()["split_copies"].cases == (("r0000", "filled"),)


def test_labels_against_outlines(sound):
    sound.change(0, outlines=Outlines((box(5, 5, 9, 9),)))
    sound.change(1, outlines=None)
    sound.change(3, outlines=Outlines())
    sound.told = {"corrected": {"r0005": "called intact, but outlined"}}
    found = sound.audit()
    assert sorted(ids(found["intact_outlined"])) == ["r0000", "r0005"]
    assert found["fractured_not_outlined"].details == {
        "r0001": "no outline",
        "r0003": "an outline that is empty",
    }


def test_outlines_against_pictures(sound):
    sound.change(1, outlines=Outlines((box(90, 100, 30, 10),)))  # 100 wide
    sound.change(3, outlines=Outlines((box(0, 0, 100, 120),)))
    sound.change(5, outlines=Outlines((np.array([[3.0, 3], [9, 9]]), box(1, 1, 9, 9))))
    sound.change(7, outlines=Outlines((box(0.5, 0.5, 0.4, 0.7),), normalised=True))
    found = sound.audit()
    assert found["out_of_bounds"].details == {
        "r0001": "reaches 20 px over the edge of 100x120",
        "r0007": "reaches 24 px over the edge of 100x120",
    }
    assert found["degenerate"].details == {"r0005": "1 of 2 enclose less than a pixel"}


def test_mask_pictures(sound, tmp_path):
    inside = np.zeros((120, 100), np.uint8)
    inside[40:50, 40:60] = 255
    masks = {
        "fits": encoded(inside, "PNG"),
        "empty": encoded(np.zeros((120, 100), np.uint8), "PNG"),
        "turned": encoded(inside.T, "PNG"),
        "smooth": encoded(np.pad(inside[1:], ((1, 0), (0, 0)), constant_values=7), "PNG"),
        "broken": b"no mask",
    }
    for name, data in masks.items():
        path = tmp_path / f"{name}-mask.png"
        path.write_bytes(data)
        sound.add(name, fracture=1, outlines=Outlines(mask_path=path))
    found = sound.audit()
    assert found["mask_size"].details["turned"] == "mask 120x100, picture 100x120"
    assert found["mask_size"].details.keys() == {"turned", "broken"}
    assert found["mask_values"].details == {"smooth": "values 0, 7, 255"}
    assert ids(found["fractured_not_outlined"]) == ["empty", "broken"]


def test_masks_whose_values_are_named_may_have_several(sound, tmp_path):
    values = np.zeros((120, 100), np.uint8)
    values[:20], values[50:60, 50:60] = 3, 7
    (tmp_path / "m.png").write_bytes(encoded(values, "PNG"))
    outlines = Outlines(mask_path=tmp_path / "m.png", mask_values=(7,))
    sound.add("several", fracture=1, outlines=outlines)
    found = sound.audit()
    assert found.keys() == {"target_sizes"}
    assert found["target_sizes"].details["several"] == "100 px"


def test_painted_patches_are_outlines_too(sound):
    sound.add("in", fracture=0, outlines=Outlines(patches=(Patch(5, 6, np.ones((4, 9))),)))
    sound.add("out", fracture=1, outlines=Outlines(patches=(Patch(96, 6, np.ones((4, 9))),)))
    found = sound.audit()
    assert ids(found["intact_outlined"]) == ["in"]
    assert found["out_of_bounds"].details == {"out": "reaches 5 px over the edge of 100x120"}
    assert found["target_sizes"].details["out"] == "36 px"


def test_target_sizes_are_those_of_the_outlines(folder):
    triangle = np.array([[10.0, 10], [40, 10], [10, 50]])
    folder.add(fracture=1, outlines=Outlines((triangle,)))
    finding = folder.audit()["target_sizes"]
    assert {name: row["50 %"] for name, row in finding.table.items()} == {
        "% of the picture": "5.00",  # 600 of 12,000 pixels
        "width, px": "30",
        "height, px": "40",
        "vertices": "3",
    }
    assert "coarse" in finding.meaning


def test_exposure_and_sizes(sound):
    sound.add("blank", pixels=np.full((120, 100), 60, np.uint8))
    sound.add("inverted", pixels=255 - picture(50))
    sound.add("tiny", pixels=picture(51, 24, 20))
    sound.add("long", pixels=picture(52, 400, 100))
    found = sound.audit()
    assert ids(found["blank"]) == ["blank"]
    assert ids(found["inverted"]) == ["inverted"]
    assert "inverted" in ids(found["exposure"])
    assert found["picture_sizes"].details == {"tiny": "20x24 px", "long": "100x400 px"}


def test_findings_come_worst_first(sound):
    sound.add("rgb", data=encoded(np.stack([picture(51)] * 3, -1), quality=92))
    sound.add("cut", data=b"")
    found = audit(sound.catalogue(), progress=lambda *_: None)
    ranks = [finding.severity.rank for finding in found.findings]
    assert ranks == sorted(ranks)
    assert found.severe
    assert found.counts == {
        "radiographs": 14,
        "readable": 13,
        "positive": 7,
        "negative": 7,
        "unlabelled": 0,
        "outlined": 6,
    }
