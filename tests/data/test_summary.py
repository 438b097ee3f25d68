"""The summary of a data folder counts every radiograph once."""

import numpy as np
import pytest

from bonefrac.data.features import example
from bonefrac.data.phantom import draw
from bonefrac.data.summary import summarise


@pytest.fixture(scope="module")
def summary(phantom_data):
    return summarise(phantom_data)


@pytest.fixture(scope="module")
def drawn():
    return [draw(seed=7, index=index) for index in range(30)]


def table(summary, title):
    return summary["tables"][title]


def test_every_table_counts_every_radiograph_once(summary):
    for title in ("split", "body part", "view", "hardware"):
        rows = table(summary, title).values()
        assert sum(row["radiographs"] for row in rows) == 30
        for row in rows:
            assert row["fractured"] + row["not"] + row["unknown"] == row["radiographs"]


def test_it_says_what_was_drawn(summary, drawn):
    for title, name in (("body part", "body_part"), ("view", "view")):
        for value, row in table(summary, title).items():
            part = [p for p in drawn if getattr(p, name) == value]
            broken = [p for p in part if p.fracture != "none"]
            assert (row["radiographs"], row["fractured"]) == (len(part), len(broken))
            assert row["outlined"] == sum(p.mask.any() for p in part)
            assert row["groups"] == len(part)


def test_it_names_the_folder(summary, phantom_data):
    assert summary["name"] == "phantom"
    assert summary["path"] == str(phantom_data.path)
    assert summary["sha256"] == phantom_data.sha256
    assert {k: v["radiographs"] for k, v in table(summary, "split").items()} == phantom_data.counts


def test_mask_sizes_are_percentiles_of_the_outlined_ones(summary, drawn):
    masks = [p.mask for p in drawn if p.mask.any()]
    sizes = table(summary, "mask")
    for percent in (5, 50, 95):
        share = np.percentile([100 * m.mean() for m in masks], percent)
        pixels = np.percentile([m.sum() for m in masks], percent)
        assert float(sizes["% of picture"][f"{percent} %"]) == pytest.approx(share, abs=0.006)
        assert float(sizes["pixels"][f"{percent} %"]) == pytest.approx(pixels, abs=0.6)


def test_unknown_labels_and_missing_outlines_are_counted_as_such(build_examples, tmp_path):
    image = np.full((40, 30), 90, np.uint8)
    bare = [
        example(id=f"{n}", group=f"{n // 2}", image=image, hardware=n % 3 - 1) for n in range(24)
    ]
    summary = summarise(build_examples(bare, tmp_path / "data"))
    (row,) = table(summary, "body part").values()
    assert row == {
        "radiographs": 24,
        "fractured": 0,
        "not": 0,
        "unknown": 24,
        "outlined": 0,
        "in boxes": 0,
        "groups": 12,
    }
    hardware = {k: v["radiographs"] for k, v in table(summary, "hardware").items()}
    assert hardware == {"no": 8, "unknown": 8, "yes": 8}
    assert table(summary, "mask") == {}


def test_masks_of_boxes_are_counted(build_examples, tmp_path):
    image = np.full((40, 30), 90, np.uint8)
    boxed = [
        example(id=f"{n}", group=f"{n}", image=image, mask=image > 0, mask_coarse=n % 4 == 0)
        for n in range(24)
    ]
    (row,) = table(summarise(build_examples(boxed, tmp_path / "data")), "view").values()
    assert (row["outlined"], row["in boxes"]) == (24, 6)
