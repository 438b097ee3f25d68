"""Whatever tool somebody drew with, the same outline gives the same mask."""

import base64
import io
import json
from itertools import groupby

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bonefrac.data.datasets import catalogue_of
from bonefrac.data.outlines import box, fill
from bonefrac.data.phantom import draw
from bonefrac.data.radiographs import draw_mask

HEIGHT, WIDTH = 40, 56


def text(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")


def coco(folder, **segmentation):
    segmentation = {"image_id": 7, "category_id": 3} | segmentation
    images = [{"id": 7, "file_name": "a.png", "height": HEIGHT, "width": WIDTH}]
    categories = [{"id": 3, "name": "fracture"}]
    whole = {"images": images, "annotations": [segmentation], "categories": categories}
    text(folder / "all.json", json.dumps(whole))


def coco_polygon(folder, outline):
    coco(folder, segmentation=[outline.ravel().tolist()], bbox=[0, 0, 1, 1])


def yolo_polygon(folder, outline):
    shares = outline / [WIDTH, HEIGHT]
    text(folder / "labels" / "a.txt", "0 " + " ".join(map(repr, shares.ravel().tolist())) + "\n")
    text(folder / "data.yaml", "nc: 1\nnames:\n  0: fracture\n")


def via(folder, **shape):
    region = {"shape_attributes": shape, "region_attributes": {"class": "fracture"}}
    whole = {"a.png123": {"filename": "a.png", "size": 123, "regions": [region]}}
    text(folder / "via.json", json.dumps(whole))


def via_polygon(folder, outline):
    x, y = outline.T.tolist()
    via(folder, name="polygon", all_points_x=x, all_points_y=y)


def labelme(folder, **shape):
    whole = {"imagePath": "a.png", "imageHeight": HEIGHT, "imageWidth": WIDTH}
    whole["shapes"] = [{"label": "fracture"} | shape]
    text(folder / "a.json", json.dumps(whole))


def labelme_polygon(folder, outline):
    labelme(folder, shape_type="polygon", points=outline.tolist())


def mask_beside(folder, outline):
    mask = fill([outline], (HEIGHT, WIDTH)) * 255
    Image.fromarray(mask).save(folder / "a_mask.png")


def mask_folder(folder, outline):
    (folder / "masks").mkdir()
    mask = fill([outline], (HEIGHT, WIDTH)) > 0
    Image.fromarray(mask).save(folder / "masks" / "a.png")


def runs(mask):
    """Lengths of runs down the columns, zeros first."""
    flat = mask.T.ravel().tolist()
    counts = [len(list(group)) for _, group in groupby(flat)]
    return [0, *counts] if flat[0] else counts


def squeezed(counts):
    """Runs as COCO's tools write them; see common/maskApi.c, rleToString."""
    out = ""
    for k, count in enumerate(counts):
        value = count - counts[k - 2] if k > 2 else count
        more = True
        while more:
            bits, value = value & 31, value >> 5
            more = value != (-1 if bits & 16 else 0)
            out += chr(48 + bits + 32 * more)
    return out


def coco_runs(folder, outline):
    counts = runs(fill([outline], (HEIGHT, WIDTH)))
    coco(folder, segmentation={"counts": counts, "size": [HEIGHT, WIDTH]}, iscrowd=1)


def coco_squeezed_runs(folder, outline):
    counts = squeezed(runs(fill([outline], (HEIGHT, WIDTH))))
    coco(folder, segmentation={"counts": counts, "size": [HEIGHT, WIDTH]})


def labelme_painted(folder, outline):
    left, top = 3, 2
    mask = fill([outline - [left, top]], (HEIGHT - top, WIDTH - left)) > 0
    png = io.BytesIO()
    Image.fromarray(mask).save(png, "PNG")
    data = base64.b64encode(png.getvalue()).decode()
    labelme(folder, shape_type="mask", points=[[left, top], [WIDTH - 1, HEIGHT - 1]], mask=data)


def coco_box(folder, left, top, width, height):
    coco(folder, bbox=[left, top, width, height], segmentation=[])


def yolo_box(folder, left, top, width, height):
    x, y = (left + width / 2) / WIDTH, (top + height / 2) / HEIGHT
    text(folder / "a.txt", f"0 {x} {y} {width / WIDTH} {height / HEIGHT}\n")
    text(folder / "classes.txt", "fracture\n")


def voc_box(folder, left, top, width, height):
    edges = {"xmin": left + 1, "ymin": top + 1, "xmax": left + width, "ymax": top + height}
    inner = "".join(f"<{k}>{v}</{k}>" for k, v in edges.items())
    size = f"<size><width>{WIDTH}</width><height>{HEIGHT}</height><depth>1</depth></size>"
    found = f"<object><name>fracture</name><bndbox>{inner}</bndbox></object>"
    whole = f"<annotation><filename>a.png</filename>{size}{found}</annotation>"
    text(folder / "Annotations" / "a.xml", whole)


def via_box(folder, left, top, width, height):
    via(folder, name="rect", x=left, y=top, width=width, height=height)


def labelme_box(folder, left, top, width, height):
    points = [[left + width, top], [left, top + height]]  # drawn from right to left
    labelme(folder, shape_type="rectangle", points=points)


TRACED = [
    *(coco_polygon, yolo_polygon, via_polygon, labelme_polygon, mask_beside, mask_folder),
    *(coco_runs, coco_squeezed_runs, labelme_painted),
]
BOXED = [coco_box, yolo_box, voc_box, via_box, labelme_box]


@pytest.fixture(scope="module")
def folder_of(tmp_path_factory):
    """A folder with one picture, annotated by one of the functions above."""

    def make(write, *drawn):
        folder = tmp_path_factory.mktemp("folder")
        Image.fromarray(np.zeros((HEIGHT, WIDTH), np.uint8)).save(folder / "a.png")
        write(folder, *drawn)
        return folder

    return make


def mask_of(folder, scale=1.0):
    (entry,) = catalogue_of(folder, "folder").entries
    assert entry.fracture == 1
    pixels = np.zeros((round(HEIGHT * scale), round(WIDTH * scale)))
    return draw_mask(entry.outlines, (HEIGHT, WIDTH), pixels), entry.outlines


# Corners on a grid that no pixel centre lies on: shares of the sides round in the last digit.
@st.composite
def traced(draw):
    x = draw(st.lists(st.integers(16, 4 * WIDTH - 9), min_size=3, max_size=9))
    y = draw(st.lists(st.integers(12, 4 * HEIGHT - 9), min_size=len(x), max_size=len(x)))
    return np.stack([np.array(x) / 4 + 0.1371, np.array(y) / 4 + 0.0913], 1)


@settings(max_examples=15)
@given(traced())
def test_a_polygon_gives_the_same_mask_in_every_format(folder_of, outline):
    expected = fill([outline], (HEIGHT, WIDTH))
    for write in TRACED:
        if not expected.any() and write in TRACED[4:]:
            continue  # what was painted is nothing, so it is no fracture
        mask, outlines = mask_of(folder_of(write, outline))
        assert (mask == expected).all(), write.__name__
        assert not outlines.coarse, write.__name__


@settings(max_examples=15)
@given(st.integers(0, WIDTH - 1), st.integers(0, HEIGHT - 1), st.data())
def test_a_box_gives_the_same_mask_in_every_format(folder_of, left, top, data):
    width = data.draw(st.integers(1, WIDTH - left))
    height = data.draw(st.integers(1, HEIGHT - top))
    expected = np.zeros((HEIGHT, WIDTH), np.uint8)
    expected[top : top + height, left : left + width] = 1
    for write in BOXED:
        mask, outlines = mask_of(folder_of(write, left, top, width, height))
        assert (mask == expected).all(), write.__name__
        assert outlines.coarse, write.__name__


@pytest.mark.parametrize("write", TRACED)
def test_masks_are_scaled_with_their_radiographs(folder_of, write):
    outline = box(8.1, 6.1, 24, 16)
    mask, _ = mask_of(folder_of(write, outline), scale=0.5)
    expected = np.zeros((HEIGHT // 2, WIDTH // 2), np.uint8)
    expected[3:11, 4:16] = 1
    assert mask.shape == expected.shape
    assert np.count_nonzero(mask != expected) <= 20  # at most the rim, by half a pixel


def test_circles_and_ellipses_are_filled_and_coarse(folder_of):
    rows, columns = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    round_one = np.hypot(columns - 20.2, rows - 15.3) <= 9.1
    for write in (
        lambda f: via(f, name="circle", cx=20.2, cy=15.3, r=9.1),
        lambda f: via(f, name="ellipse", cx=20.2, cy=15.3, rx=9.1, ry=9.1, theta=0.7),
        lambda f: labelme(f, shape_type="circle", points=[[20.2, 15.3], [29.3, 15.3]]),
    ):
        mask, outlines = mask_of(folder_of(write))
        assert outlines.coarse
        assert np.count_nonzero(mask != round_one) <= 2
    leaning, _ = mask_of(
        folder_of(lambda f: via(f, name="ellipse", cx=20, cy=20, rx=15, ry=3, theta=np.pi / 2))
    )
    assert leaning[7:33, 20].all()
    assert not leaning[:, 25:].any()


def test_a_phantom_traced_by_its_own_mask_comes_back(tmp_path):
    phantom = draw(seed=4, index=0, fracture="displaced")
    Image.fromarray(phantom.image).save(tmp_path / "p.png")
    counts = squeezed(runs(phantom.mask))
    whole = {
        "images": [{"id": 0, "file_name": "p.png"}],
        "annotations": [
            {
                "image_id": 0,
                "category_id": 0,
                "segmentation": {"counts": counts, "size": list(phantom.mask.shape)},
            }
        ],
    }
    text(tmp_path / "c.json", json.dumps(whole))
    (entry,) = catalogue_of(tmp_path).entries
    assert (draw_mask(entry.outlines, phantom.mask.shape, phantom.image) == phantom.mask).all()
