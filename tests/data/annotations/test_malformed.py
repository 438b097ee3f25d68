"""A damaged annotation file ends in one clear line, whatever is wrong with it."""

import base64
import copy
import io
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from bonefrac.data.annotations.formats import READERS, detect, read
from bonefrac.data.annotations.marks import Pictures
from bonefrac.data.radiographs import draw_mask
from bonefrac.errors import BonefracError

SQUARE = [[2, 2], [9, 2], [9, 8], [2, 8]]
FLAT = [2, 2, 9, 2, 9, 8, 2, 8]
COCO = {
    "images": [{"id": 1, "file_name": "a.png", "width": 12, "height": 10}],
    "annotations": [
        {"image_id": 1, "category_id": 2, "segmentation": [FLAT]},
        {"image_id": 1, "category_id": 2, "bbox": [1, 2, 3, 4]},
        {"image_id": 1, "category_id": 2, "segmentation": {"counts": "h3", "size": [10, 12]}},
        {"image_id": 1, "category_id": 2, "segmentation": {"counts": [7, 113], "size": [10, 12]}},
    ],
    "categories": [{"id": 2, "name": "fracture"}],
}
VIA = {
    "a.png9": {
        "filename": "a.png",
        "regions": [
            {
                "shape_attributes": {
                    "name": "polygon",
                    "all_points_x": [2, 9, 9],
                    "all_points_y": [2, 2, 8],
                },
                "region_attributes": {"class": "fracture"},
            },
            {
                "shape_attributes": {"name": "ellipse", "cx": 5, "cy": 5, "rx": 3, "ry": 2},
                "region_attributes": {"kind": {"fracture": True}},
            },
            {
                "shape_attributes": {"name": "rect", "x": 1, "y": 1, "width": 3, "height": 3},
                "region_attributes": {},
            },
        ],
    }
}


def png():
    out = io.BytesIO()
    Image.fromarray(np.eye(10, 12, dtype=np.uint8)).save(out, "PNG")
    return out.getvalue()


PNG = base64.b64encode(png()).decode()
LABELME = {
    "imagePath": "a.png",
    "imageHeight": 10,
    "imageWidth": 12,
    "shapes": [
        {"label": "fracture", "shape_type": "polygon", "points": SQUARE},
        {"label": "fracture", "shape_type": "circle", "points": [[5, 5], [7, 5]]},
        {"label": "fracture", "shape_type": "mask", "points": [[1, 1], [2, 2]], "mask": PNG},
    ],
}
VOC = (
    "<annotation><filename>a.png</filename><size><width>12</width><height>10</height></size>"
    "<object><name>fracture</name><bndbox><xmin>2</xmin><ymin>2</ymin><xmax>9</xmax>"
    "<ymax>8</ymax></bndbox></object></annotation>"
)
YOLO = "0 0.5 0.5 0.2 0.3\n1 0.1 0.1 0.4 0.1 0.4 0.6\n"

junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=4,
)


def places(value, path=()):
    """Every place inside a JSON value."""
    yield path
    children = value.items() if isinstance(value, dict) else ()
    children = enumerate(value) if isinstance(value, list) else children
    for key, child in children:
        yield from places(child, (*path, key))


@st.composite
def spoiled(draw, value):
    """A JSON value with junk in one place, or without it."""
    whole = {"": copy.deepcopy(value)}
    *parents, last = ("", *draw(st.sampled_from(list(places(value)))))
    node = whole
    for key in parents:
        node = node[key]
    if isinstance(node, dict) and last and draw(st.booleans()):
        del node[last]
    else:
        node[last] = draw(junk)
    return json.dumps(whole[""]).encode()


@st.composite
def cut(draw, data):
    """Bytes with a part replaced."""
    start = draw(st.integers(0, len(data)))
    end = draw(st.integers(start, min(len(data), start + 6)))
    return data[:start] + draw(st.binary(max_size=6)) + data[end:]


FILES = {
    "coco": ("all.json", spoiled(COCO) | cut(json.dumps(COCO).encode())),
    "via": ("via.json", spoiled(VIA)),
    "labelme": ("a.json", spoiled(LABELME)),
    "voc": ("a.xml", cut(VOC.encode())),
    "yolo": ("a.txt", cut(YOLO.encode())),
    "masks": ("a_mask.png", cut(png())),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("malformed")
    Image.fromarray(np.zeros((10, 12), np.uint8)).save(folder / "a.png")
    return folder


def draw_all(path, reader, pictures):
    annotations = reader([path], pictures)
    for marks in annotations.marks.values():
        outlines = marks.outlines(marks.occurring)
        draw_mask(outlines, (10, 12), np.zeros((10, 12)))


@pytest.mark.parametrize("name", FILES)
def test_damage_is_told_in_one_line_that_names_the_file(folder, name):
    file, contents = FILES[name]
    path = folder / file
    pictures = Pictures(folder, [folder / "a.png"])

    @settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
    @given(contents)
    def try_one(content):
        path.write_bytes(content)
        try:
            detect([path], pictures)
            draw_all(path, READERS[name], pictures)
        except BonefracError as error:
            assert path.name in str(error)

    try_one()
    path.unlink()


def test_all_readers_are_tried():
    assert set(FILES) == set(READERS)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.txt", "0 0.5 0.5 0.2", "a class number and 4 numbers"),
        ("a.txt", "0 120 80 20 30", "shares of the sides"),
        ("a.txt", "fracture 0.5 0.5 0.2 0.2", "a class number"),
        ("a.xml", VOC.replace("<xmax>9", "<xmax>1"), "a box of 0 x 7 pixels"),
        ("a.xml", VOC.replace("<name>fracture</name>", ""), "an object without name"),
        ("a.xml", "<annotation>", "no element found"),
        ("c.json", json.dumps(COCO | {"images": []}), "image_id 1, which is not in images"),
        ("c.json", '{"images": [', "is damaged"),
        ("c.json", "[" * 100_000, "is damaged"),
        ("a.json", json.dumps(LABELME).replace(PNG, "aGFo"), "is damaged"),
    ],
)
def test_common_damage_is_explained(tmp_path, name, content, said):
    Image.fromarray(np.zeros((10, 12), np.uint8)).save(tmp_path / "a.png")
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    with pytest.raises(BonefracError) as caught:
        read([path], Pictures(tmp_path, [tmp_path / "a.png"]))
    assert str(path) in caught.value.received
    assert said in str(caught.value)


def test_xml_cannot_blow_up(tmp_path):
    entities = "".join(
        f'<!ENTITY e{k + 1} "{f"&e{k};" * 10}">' if k else '<!ENTITY e1 "ha">' for k in range(12)
    )
    bomb = f"<!DOCTYPE a [{entities}]><annotation><filename>&e12;</filename></annotation>"
    (tmp_path / "a.xml").write_text(bomb)
    with pytest.raises(BonefracError, match="is damaged"):
        detect([tmp_path / "a.xml"], Pictures(tmp_path, []))


@pytest.mark.parametrize(
    "name", ["../secret.png", "/etc/secret.png", "..\\..\\secret.png", "C:\\x\\secret.png", "", "."]
)
def test_no_name_leads_out_of_the_folder(tmp_path, name):
    Image.fromarray(np.zeros((10, 12), np.uint8)).save(tmp_path / "secret.png")
    inside = tmp_path / "inside"
    inside.mkdir()
    Image.fromarray(np.zeros((10, 12), np.uint8)).save(inside / "a.png")
    coco = copy.deepcopy(COCO)
    coco["images"].append({"id": 5, "file_name": name})
    coco["annotations"].append({"image_id": 5, "category_id": 2, "bbox": [1, 1, 2, 2]})
    (inside / "c.json").write_text(json.dumps(coco))
    annotations = READERS["coco"]([inside / "c.json"], Pictures(inside, [inside / "a.png"]))
    assert list(annotations.marks) == ["a"]
    assert annotations.missing == {name: "c.json"}


def test_a_name_finds_its_picture_by_the_folders_that_it_shares():
    root = Path("/data")
    pictures = Pictures(root, [root / "train/a.png", root / "val/a.png", root / "val/b.c.png"])
    assert pictures.find("val/a.jpg") == "val/a"
    assert pictures.find("C:\\export\\train\\a.bmp") == "train/a"
    assert pictures.find("/elsewhere/b.c.png") == "val/b.c"
    assert pictures.find("c.png") is None
    with pytest.raises(BonefracError, match=r"'a\.png' may be train/a or val/a"):
        pictures.find("a.png")
    with pytest.raises(BonefracError, match="differ in their suffix only"):
        Pictures(root, [root / "a.png", root / "a.jpg"])
