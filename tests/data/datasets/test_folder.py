"""A user's own folder: pictures, what is drawn on them, and what a table says of them."""

import json

import numpy as np
import pytest
from PIL import Image

from bonefrac.data.datasets import catalogue_of, recognise
from bonefrac.data.datasets.builders import Folder
from bonefrac.data.outlines import box, fill
from bonefrac.data.radiographs import draw_mask
from bonefrac.errors import BonefracError

SIDE = 24
SQUARE = [4, 4, 12, 4, 12, 10, 4, 10]


def blank(path, size=(SIDE, SIDE), **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.zeros(size, np.uint8)).save(path, **options)


def coco(path, drawn, classes=("fracture",)):
    """`drawn`: picture -> classes of the squares on it."""
    whole = {"images": [], "annotations": []}
    whole["categories"] = [{"id": k, "name": name} for k, name in enumerate(classes)]
    for number, (name, labels) in enumerate(drawn.items()):
        whole["images"].append({"id": number, "file_name": name})
        whole["annotations"] += [
            {"image_id": number, "category_id": classes.index(label), "segmentation": [SQUARE]}
            for label in labels
        ]
    path.write_text(json.dumps(whole), encoding="utf-8")


def entries(source, **options):
    return {entry.id: entry for entry in catalogue_of(source, "folder", **options).entries}


@pytest.fixture
def three(tmp_path):
    """Three pictures: one fractured, one that somebody looked at, one that nobody mentions."""
    for name in ("broken", "looked-at", "unmarked"):
        blank(tmp_path / f"{name}.png")
    coco(tmp_path / "all.json", {"broken.png": ["fracture"], "looked-at.png": []})
    return tmp_path


def test_pictures_that_nobody_mentions_stay_unknown(three):
    found = entries(three)
    assert {name: e.fracture for name, e in found.items()} == {
        "broken": 1,
        "looked-at": 0,
        "unmarked": -1,
    }
    assert found["looked-at"].outlines.empty
    assert found["unmarked"].outlines is None
    assert recognise(three) == "folder"


def test_or_they_are_intact_if_the_user_says_so(three):
    found = entries(three, unmarked="intact")["unmarked"]
    assert found.fracture == 0
    assert found.outlines.empty


def test_the_table_adds_what_it_knows(three):
    (three / "labels.csv").write_text(
        "Image,Patient,fracture,body_part,view,hardware,split\n"
        "broken.png,p1,,Wrist,Lateral,yes,train\n"
        "looked-at,p1,1,,,0,val\n"
        "unmarked.png,p2,no,,,,\n"
        "gone.png,p3,1,,,,\n"
    )
    catalogue = catalogue_of(three)
    found = {entry.id: entry for entry in catalogue.entries}
    broken, looked_at, unmarked = (found[name] for name in ("broken", "looked-at", "unmarked"))
    assert (broken.group, broken.body_part, broken.view) == ("p1", "wrist", "lateral")
    assert (broken.fracture, broken.hardware, broken.split) == (1, 1, "train")
    # The table calls it fractured, and nobody drew where.
    assert (looked_at.fracture, looked_at.outlines, looked_at.split) == (1, None, "validation")
    assert (unmarked.fracture, unmarked.hardware, unmarked.outlines.empty) == (0, -1, True)
    assert catalogue.left_out == {"gone.png": "in labels.csv, no such picture"}
    assert catalogue.groups_are == "the table's groups"


def test_a_drawn_fracture_is_one_whatever_the_table_says(three):
    (three / "labels.csv").write_text("id,fracture\nbroken,0\n")
    assert entries(three)["broken"].fracture == 1


def test_a_table_alone_is_enough(tmp_path):
    blank(tmp_path / "images" / "a.png")
    (tmp_path / "t.csv").write_text("\ufeffid;fracture\n".replace(";", ",") + "a,1\n", "utf-8")
    (entry,) = entries(tmp_path, table=tmp_path / "t.csv").values()
    assert (entry.fracture, entry.outlines) == (1, None)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("image,fracture\na.png,maybe\n", "line 2: fracture 'maybe'; expected 1, 0 or nothing"),
        ("image,fracture\na.png,1\na,0\n", "line 3: a a second time"),
        ("image,split\na.png,holdout\n", "line 2: split 'holdout'; expected train"),
        ("name,fracture\na.png,1\n", "columns name, fracture"),
        ("image,diagnosis\na.png,1\n", "columns image, diagnosis"),
        ("", "columns (none)"),
        ('image,fracture\n"a.png,1\n', "is damaged"),
    ],
)
def test_a_table_that_cannot_be_read_is_told_by_its_line(tmp_path, table, said):
    blank(tmp_path / "a.png")
    (tmp_path / "labels.csv").write_text(table)
    with pytest.raises(BonefracError) as caught:
        catalogue_of(tmp_path)
    assert said in str(caught.value)
    assert "labels.csv" in str(caught.value)


def test_rows_that_are_too_long_or_short_are_read(tmp_path):
    blank(tmp_path / "a.png")
    blank(tmp_path / "b.png")
    (tmp_path / "labels.csv").write_text("image,fracture,view\na.png,1,ap,more,cells\nb.png\n")
    assert [e.fracture for e in entries(tmp_path).values()] == [1, -1]


@pytest.mark.parametrize("where", ["{kind}/{split}/{name}", "{split}/{kind}/{name}"])
def test_pictures_are_told_apart_by_their_folders(tmp_path, where):
    for split, label in (("train", "0 0.5 0.5 0.5 0.5\n"), ("val", "")):
        blank(tmp_path / where.format(kind="images", split=split, name="a.png"))
        labels = tmp_path / where.format(kind="labels", split=split, name="a.txt")
        labels.parent.mkdir(parents=True)
        labels.write_text(label)
    found = entries(tmp_path)
    assert [entry.fracture for entry in found.values()] == [1, 0]


def test_where_there_are_images_nothing_else_is_a_picture(tmp_path):
    blank(tmp_path / "images" / "a.png")
    blank(tmp_path / "thumbnails" / "a.png")
    (tmp_path / "a.txt").write_text("")
    assert list(entries(tmp_path)) == ["a"]


def test_hidden_files_are_not_pictures(three):
    (three / "._broken.png").write_bytes(b"Mac OS X")
    blank(three / ".cache" / "other.png")
    assert len(entries(three)) == 3


def test_which_classes_are_fractures(tmp_path):
    blank(tmp_path / "a.png")
    blank(tmp_path / "b.png")
    drawn = {"a.png": ["bone", "Radius Fracture"], "b.png": ["no_fracture", "bone"]}
    coco(tmp_path / "c.json", drawn, classes=("bone", "Radius Fracture", "no_fracture"))
    assert [e.fracture for e in entries(tmp_path).values()] == [1, 0]
    assert [e.fracture for e in entries(tmp_path, classes=["bone"]).values()] == [1, 1]
    with pytest.raises(BonefracError, match=r"class 'Bone'.*Radius Fracture, bone, no_fracture"):
        entries(tmp_path, classes=["Bone"])
    coco(tmp_path / "c.json", {"a.png": ["break"], "b.png": ["bone"]}, classes=("break", "bone"))
    with pytest.raises(BonefracError, match="--classes out of bone, break"):
        entries(tmp_path)
    coco(tmp_path / "c.json", {"a.png": ["break"]}, classes=("break",))
    assert entries(tmp_path)["a"].fracture == 1
    coco(tmp_path / "c.json", {"a.png": ["normal"]}, classes=("normal",))
    with pytest.raises(BonefracError, match="--classes out of normal"):
        entries(tmp_path)


def test_yolo_names_are_read_as_exporters_write_them(tmp_path):
    blank(tmp_path / "a.png")
    (tmp_path / "a.txt").write_text("1 0.5 0.5 0.5 0.5\n")
    for name, text in (
        ("data.yaml", "train: images\nnames: ['bone', \"fracture\"]  # two\nnc: 2\n"),
        ("data.yaml", "names:\n- bone\n- fracture\nnc: 2\n"),
        ("data.yaml", "names:\n  0: bone\n  1: fracture\n\npath: x\n"),
        ("data.yaml", "names: {0: bone, 1: fracture}\n"),
        ("data.yaml", "names: [\n  bone,\n  fracture\n]\n"),
        ("classes.txt", "bone\nfracture\n"),
    ):
        (tmp_path / name).write_text(text)
        assert entries(tmp_path)["a"].fracture == 1, text
        (tmp_path / "a.txt").write_text("0 0.5 0.5 0.5 0.5\n")
        assert entries(tmp_path)["a"].fracture == 0, text
        (tmp_path / "a.txt").write_text("1 0.5 0.5 0.5 0.5\n")
        (tmp_path / name).unlink()


def test_two_formats_are_not_mixed(three):
    (three / "broken.txt").write_text("0 0.5 0.5 0.5 0.5\n")
    with pytest.raises(BonefracError, match=r"1 of coco, 1 of yolo.*--format"):
        catalogue_of(three)
    assert entries(three, format="yolo")["broken"].outlines.coarse
    assert not entries(three, format="coco")["broken"].outlines.coarse
    with pytest.raises(BonefracError, match="format voc; expected files of coco or yolo"):
        entries(three, format="voc")


def test_a_point_is_no_outline_unless_it_does_not_matter(tmp_path):
    blank(tmp_path / "a.png")
    shapes = [
        {"label": "fracture", "shape_type": "polygon", "points": [[1, 1], [9, 1], [9, 9]]},
        {"label": "centre", "shape_type": "point", "points": [[1, 1]]},
    ]
    (tmp_path / "a.json").write_text(json.dumps({"shapes": shapes, "imagePath": "a.png"}))
    assert entries(tmp_path)["a"].fracture == 1
    with pytest.raises(BonefracError, match=r"a\.json marks 'centre' by a point"):
        entries(tmp_path, classes=["centre"])


def test_masks_of_several_values_need_classes(tmp_path):
    blank(tmp_path / "a.png")
    mask = fill([box(2, 2, 6, 6)], (SIDE, SIDE)) + 2 * fill([box(12, 2, 6, 6)], (SIDE, SIDE))
    (tmp_path / "masks").mkdir()
    Image.fromarray(mask).save(tmp_path / "masks" / "a.png")
    with pytest.raises(BonefracError, match="--classes out of 1, 2"):
        catalogue_of(tmp_path)
    found = entries(tmp_path, classes=["2"])["a"]
    drawn = draw_mask(found.outlines, (SIDE, SIDE), np.zeros((SIDE, SIDE)))
    assert (drawn == (mask == 2)).all()


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "I;16"])
def test_masks_of_every_kind_of_png_are_read(tmp_path, mode):
    blank(tmp_path / "a.png")
    blank(tmp_path / "b.png")
    mask = fill([box(2, 3, 6, 7)], (SIDE, SIDE))
    image = Image.fromarray(mask.astype(np.uint16) if mode == "I;16" else mask * 255)
    if mode == "P":
        image = Image.fromarray(mask)
        image.putpalette([0, 0, 0, 255, 0, 0])
    elif mode != "I;16":
        image = image.convert(mode)
    image.save(tmp_path / "a_mask.png")
    blank(tmp_path / "b_mask.png")
    found = entries(tmp_path)
    assert (found["a"].fracture, found["b"].fracture) == (1, 0)
    drawn = draw_mask(found["a"].outlines, (SIDE, SIDE), np.zeros((SIDE, SIDE)))
    assert (drawn == mask).all()


def test_masks_that_are_none_are_told(tmp_path):
    blank(tmp_path / "a.png")
    mask = tmp_path / "a_mask.png"
    blank(mask, (SIDE, SIDE - 1))
    with pytest.raises(BonefracError, match=r"a_mask\.png is for a\.png of 23x24 pixels.*24x24"):
        catalogue_of(tmp_path)
    Image.fromarray(np.arange(SIDE * SIDE, dtype=np.uint16).reshape(SIDE, SIDE)).save(mask)
    with pytest.raises(BonefracError, match=r"a_mask\.png holds 576 values"):
        catalogue_of(tmp_path)
    Image.fromarray(np.eye(SIDE * 3, dtype=np.uint8).reshape(SIDE, -1, 3)[:, :SIDE]).save(mask)
    with pytest.raises(BonefracError, match=r"a_mask\.png: colours \(RGB\)"):
        catalogue_of(tmp_path)


def test_annotations_fit_the_upright_picture(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    blank(tmp_path / "a.jpg", (20, 30), exif=exif)
    blank(tmp_path / "a_mask.png", (30, 20))
    assert entries(tmp_path)["a"].fracture == 0
    blank(tmp_path / "a_mask.png", (20, 30))
    with pytest.raises(BonefracError, match="of 30x20 pixels, which has 20x30"):
        catalogue_of(tmp_path)


def test_bare_pictures_can_be_audited_but_not_built(tmp_path):
    blank(tmp_path / "clinic" / "a.png")
    (entry,) = catalogue_of(tmp_path / "clinic", "folder").entries
    assert not entry.known
    quiet = {"progress": lambda *_: None, "data_dir": tmp_path / "out"}
    builder = Folder(source=tmp_path / "clinic", folds=3, **quiet)
    with pytest.raises(BonefracError, match="has 1 pictures, and nothing known of them"):
        builder.records()


@pytest.mark.parametrize("made", ["nothing", "no pictures", "other names"])
def test_a_folder_that_cannot_be_used_says_why(tmp_path, made):
    source = tmp_path / "clinic"
    said = {"nothing": "does not exist", "no pictures": "holds no picture"}
    said |= {"other names": "which is not there"}
    if made != "nothing":
        source.mkdir()
    if made == "other names":
        blank(source / "a.png")
        coco(source / "c.json", {"b.png": ["fracture"]})
    with pytest.raises(BonefracError, match=said[made]):
        catalogue_of(source, "folder")


def test_a_data_folder_holds_what_was_drawn(tmp_path, write_picture, examples_of):
    source = tmp_path / "clinic"
    phantoms = {}
    for index in range(12):
        name = f"image-{index:02d}"
        phantoms[name] = write_picture(source / "images" / f"{name}.png", index)
        (source / "masks").mkdir(exist_ok=True)
        Image.fromarray(phantoms[name].mask * 255).save(source / "masks" / f"{name}.png")
    examples, report = examples_of(Folder, source, tmp_path / "data")
    assert report.left_out == {}
    assert examples.keys() == phantoms.keys()
    for name, phantom in phantoms.items():
        assert (examples[name]["mask"][..., 0] == phantom.mask).all()
        assert examples[name]["fracture"] == phantom.mask.any()
        assert examples[name]["has_mask"]
        assert not examples[name]["mask_coarse"]


def test_an_option_reaches_the_catalogue(three):
    builder = Folder(
        source=three,
        folds=3,
        progress=lambda *_: None,
        data_dir=three / "out",
        options={"unmarked": "intact"},
    )
    assert [entry.fracture for entry in builder.catalogue().entries] == [1, 0, 0]
