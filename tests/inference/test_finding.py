"""A finding holds exactly the lesions of its mask, and its files and JSON say the same."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bonefrac.errors import BonefracError
from bonefrac.inference.finding import Box, Finding, Thresholds, find, not_assessable
from bonefrac.inference.lesions import SPECK_SHARE
from bonefrac.radiograph.radiograph import Radiograph, Spacing
from bonefrac.schema import (
    VERDICT_DOUBT,
    VERDICT_FRACTURE,
    VERDICT_NONE,
    VERDICT_NOT_ASSESSABLE,
)

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
THRESHOLDS = Thresholds(sure=0.6, doubt=0.3, mask=0.5)


def found(mask_probability, *, probability=0.9, image="wrist.png", **changes) -> Finding:
    pixels = np.full(np.shape(mask_probability), 90, np.float32)
    given = {"thresholds": THRESHOLDS, "model": "unet_tiny", "elapsed_ms": 12.34} | changes
    return find(
        radiograph=Radiograph(pixels, image),
        mask_probability=np.asarray(mask_probability),
        probability=probability,
        **given,
    )


def picture_with(*areas, height=60, width=80) -> np.ndarray:
    probability = np.full((height, width), 0.1, np.float32)
    for rows, columns, value in areas:
        probability[rows, columns] = value
    return probability


def problems(value, schema) -> list[str]:
    """What a JSON value breaks in a schema, for the keywords that the published schema uses."""
    types = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float)}
    types["null"] = type(None)
    if value is None and "null" in schema.get("type", ()):
        return []
    patterns = schema.get("patternProperties", ())
    checks = {
        "type": lambda wanted: (
            isinstance(value, tuple(types[name] for name in np.atleast_1d(wanted)))
            and not isinstance(value, bool)
        ),
        "exclusiveMinimum": lambda bound: value > bound,
        "enum": lambda wanted: value in wanted,
        "minimum": lambda least: value >= least,
        "maximum": lambda most: value <= most,
        "required": lambda names: set(names) <= set(value),
        "additionalProperties": lambda rule: all(
            name in schema.get("properties", ())
            or any(re.search(p, name) for p in patterns)
            or (rule and not problems(value[name], rule))
            for name in value
        ),
        "patternProperties": lambda inner: (
            not any(
                problems(value[name], rule)
                for pattern, rule in inner.items()
                for name in value
                if re.search(pattern, name)
            )
        ),
        "dependentRequired": lambda rule: all(
            set(rule[k]) <= set(value) for k in rule if k in value
        ),
        "properties": lambda inner: (
            not any(problems(value[k], inner[k]) for k in set(value) & set(inner))
        ),
        "items": lambda inner: not any(problems(item, inner) for item in value),
    }
    rules = {k: v for k, v in schema.items() if k not in ("$schema", "title", "description")}
    return [keyword for keyword, wanted in rules.items() if not checks[keyword](wanted)]


@pytest.fixture(scope="module")
def schema() -> dict:
    return json.loads((REFERENCE / "finding.schema.json").read_text(encoding="utf-8"))


@settings(deadline=None)  # the first example imports scikit-image
@given(
    x=st.integers(0, 70), y=st.integers(0, 50), width=st.integers(2, 40), height=st.integers(2, 40)
)
def test_rectangle_is_its_own_mask_and_box(x, y, width, height):
    width, height = min(width, 80 - x), min(height, 60 - y)
    probability = picture_with((slice(y, y + height), slice(x, x + width), 0.75))
    finding = found(probability)
    np.testing.assert_array_equal(finding.mask, probability == 0.75)
    assert finding.mask.dtype == np.uint8
    assert finding.boxes == (Box(x, y, width, height, 0.75, width * height),)


@settings(deadline=None)  # the first example imports scikit-image
@given(
    seed=st.integers(0, 2**32 - 1),
    height=st.integers(4, 40),
    width=st.integers(4, 40),
    threshold=st.floats(0.2, 0.95),
)
def test_boxes_hold_their_lesions(seed, height, width, threshold):
    probability = np.random.default_rng(seed).random((height, width))
    finding = found(probability, thresholds=replace(THRESHOLDS, mask=threshold))
    covered = np.zeros((height, width), bool)
    for box in finding.boxes:
        assert 0 <= box.x < box.x + box.width <= width
        assert 0 <= box.y < box.y + box.height <= height
        assert threshold <= box.score <= 1
        inside = finding.mask[box.y : box.y + box.height, box.x : box.x + box.width]
        assert all(side.any() for side in (inside[0], inside[-1], inside[:, 0], inside[:, -1]))
        covered[box.y : box.y + box.height, box.x : box.x + box.width] = True
    assert not finding.mask[~covered].any()
    assert not finding.mask[probability < threshold].any()
    assert list(finding.boxes) == sorted(finding.boxes, key=lambda box: -box.score)


def test_pixels_that_touch_by_a_corner_are_one_lesion():
    areas = (slice(5, 10), slice(5, 10), 0.8), (slice(10, 15), slice(10, 15), 0.8)
    assert len(found(picture_with(*areas)).boxes) == 1


def test_lesions_come_highest_score_first():
    low, high = (slice(5, 10), slice(5, 10), 0.6), (slice(30, 40), slice(30, 40), 0.9)
    assert [box.x for box in found(picture_with(low, high)).boxes] == [30, 5]


def test_score_is_the_mean_of_the_highest_tenth():
    probability = picture_with((slice(0, 10), slice(0, 10), 0.5), (0, slice(0, 10), 0.9))
    probability[0, 0] = 1.0
    assert found(probability).boxes[0].score == pytest.approx((9 * 0.9 + 1.0) / 10)


@pytest.mark.parametrize(
    ("size", "side", "kept"),
    [((40, 40), (1, 3), False), ((40, 40), (2, 2), True), ((2000, 500), (1, 19), False),
     ((2000, 500), (4, 5), True)],
)  # fmt: skip
def test_specks_are_dropped(size, side, kept):
    assert round(SPECK_SHARE * 2000 * 500, 9) == 20
    area = slice(3, 3 + side[0]), slice(3, 3 + side[1]), 0.9
    finding = found(picture_with(area, height=size[0], width=size[1]))
    assert (len(finding.boxes) == 1) == kept == finding.mask.any()


@pytest.mark.parametrize(
    ("probability", "verdict"),
    [(1.0, VERDICT_FRACTURE), (0.6, VERDICT_FRACTURE), (0.59, VERDICT_DOUBT),
     (0.3, VERDICT_DOUBT), (0.29, VERDICT_NONE), (0.0, VERDICT_NONE)],
)  # fmt: skip
def test_verdict_changes_at_the_thresholds(probability, verdict):
    assert found(picture_with(), probability=probability).verdict == verdict


def test_no_fracture_shows_no_lesion():
    finding = found(picture_with((slice(5, 20), slice(5, 20), 0.9)), probability=0.1)
    assert finding.boxes == ()
    assert not finding.mask.any()


@pytest.mark.parametrize("probability", [float("nan"), -0.1, 1.1, None])
def test_probability_must_be_one(probability):
    with pytest.raises(BonefracError, match=r"probability = .*from 0 to 1"):
        found(picture_with(), probability=probability)


@pytest.mark.parametrize("value", [float("nan"), -3.0, 4.0, float("inf")])
def test_mask_must_hold_probabilities(value):
    with pytest.raises(BonefracError, match="sigmoid"):
        found(picture_with((0, 0, value)))


def test_mask_must_have_the_size_of_the_radiograph():
    with pytest.raises(BonefracError, match=r"\(4, 4\).*\(6, 8\)"):
        find(
            radiograph=Radiograph(np.zeros((6, 8), np.float32), "wrist.png"),
            mask_probability=np.zeros((4, 4)),
            probability=0.5,
            thresholds=THRESHOLDS,
            model="unet_tiny",
            elapsed_ms=1.0,
        )


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"sure": 1.2}, "threshold sure = 1.2"), ({"mask": float("nan")}, "threshold mask"),
     ({"doubt": None}, "threshold doubt = None"), ({"doubt": 0.7}, "sure = 0.6 below doubt = 0.7")],
)  # fmt: skip
def test_thresholds_are_checked(changes, message):
    with pytest.raises(BonefracError, match=message):
        replace(THRESHOLDS, **changes)


def test_not_assessable_tells_why_and_nothing_else(schema, tmp_path):
    radiograph = Radiograph(np.full((60, 80), 90, np.float32), "cat.png", notes=("A note",))
    finding = not_assessable(radiograph, "A photograph.", model="unet_tiny", elapsed_ms=1.0)
    assert (finding.verdict, finding.probability) == (VERDICT_NOT_ASSESSABLE, None)
    assert (finding.boxes, finding.mask.any(), finding.mask.shape) == ((), False, (60, 80))
    record = finding.save(tmp_path)
    assert problems(record, schema) == []
    assert (record["probability"], record["reason"]) == (None, "A photograph.")
    assert record["notes"] == ["A note"]


def test_json_tells_sizes_only_with_a_spacing_of_the_patient(schema):
    told = {}
    for provenance in ("calibrated", "detector"):
        radiograph = Radiograph(
            np.full((60, 80), 90, np.float32), "a.dcm", spacing=Spacing(0.3, 0.1, provenance)
        )
        finding = find(
            radiograph=radiograph,
            mask_probability=picture_with((slice(5, 20), slice(5, 30), 0.7)),
            probability=0.9,
            thresholds=THRESHOLDS,
            model="unet_tiny",
            elapsed_ms=1.0,
        )
        told[provenance] = finding.to_json()
        assert problems(told[provenance], schema) == []
        assert told[provenance]["spacing"]["provenance"] == provenance
    sizes = {"width_mm": 2.5, "height_mm": 4.5, "length_mm": 5.15, "area_mm2": 11.25}
    plain = told["detector"]["boxes"][0]
    assert told["calibrated"]["boxes"] == [plain | sizes]
    assert not sizes.keys() & plain.keys()


def test_json_is_rounded_and_plain():
    probability = picture_with((slice(5, 20), slice(5, 30), np.float32(0.7)))
    record = found(
        probability, probability=np.float32(0.123456), thresholds=Thresholds(0.5, 0.1, 0.5)
    )
    assert json.loads(json.dumps(record.to_json(), allow_nan=False)) == {
        "image": "wrist.png",
        "probability": 0.1235,
        "verdict": "doubt",
        "reason": "",
        "uncertainty": None,
        "boxes": [{"x": 5, "y": 5, "width": 25, "height": 15, "score": 0.7, "area": 375}],
        "spacing": None,
        "model": "unet_tiny",
        "elapsed_ms": 12.3,
        "notes": [],
    }


@pytest.mark.parametrize("probability", [0.0, 0.5, 1.0])
def test_json_keeps_to_the_schema(schema, tmp_path, probability):
    finding = found(picture_with((slice(5, 20), slice(5, 30), 0.7)), probability=probability)
    assert problems(finding.to_json(), schema) == []
    assert problems(finding.save(tmp_path), schema) == []


@pytest.mark.parametrize(
    "changes", [{"probability": 2}, {"boxes": [{"x": 1.5}]}, {"verdict": "maybe"}, {"extra": 1},
                {"mask_path": "a.png"}, {"image": None}],
)  # fmt: skip
def test_schema_refuses(schema, changes):
    assert problems(found(picture_with()).to_json() | changes, schema)


def test_reference_shows_a_valid_finding(schema):
    page = (REFERENCE / "finding.md").read_text(encoding="utf-8")
    example = json.loads(re.search(r"```json\n(.*?)```", page, re.DOTALL)[1])
    assert problems(example, schema) == []
    assert set(example) == set(schema["properties"])
    assert all(f"| `{name}` |" in page for name in schema["properties"])


def test_save_writes_mask_overlay_and_json(tmp_path):
    finding = found(picture_with((slice(5, 20), slice(5, 30), 0.7)), image="a/b/left.wrist.png")
    record = finding.save(tmp_path / "new")
    names = ["left.wrist.json", "left.wrist.mask.png", "left.wrist.overlay.png"]
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == names
    np.testing.assert_array_equal(np.asarray(Image.open(record["mask_path"])), finding.mask * 255)
    np.testing.assert_array_equal(np.asarray(Image.open(record["overlay_path"])), finding.overlay())
    assert json.loads((tmp_path / "new" / names[0]).read_text(encoding="utf-8")) == record
    assert record.items() >= finding.to_json().items()


def test_save_refuses_the_name_of_another_image(tmp_path):
    first = found(picture_with(), image="left/wrist.png")
    other = found(picture_with(), image="right/wrist.png")
    first.save(tmp_path)
    first.save(tmp_path)
    with pytest.raises(BonefracError, match=r"right/wrist\.png.*stem="):
        other.save(tmp_path)
    assert other.save(tmp_path, "right_wrist")["mask_path"].endswith("right_wrist.mask.png")
    other.save(tmp_path, stem="wrist")
    assert json.loads((tmp_path / "wrist.json").read_text())["image"] == "right/wrist.png"


def test_save_never_takes_two_nameless_pictures_for_one(tmp_path):
    finding = found(picture_with(), image="<bytes>")
    assert Path(finding.save(tmp_path)["mask_path"]).name == "bytes.mask.png"
    with pytest.raises(BonefracError, match="stem="):
        finding.save(tmp_path)


def test_save_respects_a_file_that_is_no_finding(tmp_path):
    (tmp_path / "wrist.json").write_text("[1, 2]")
    with pytest.raises(BonefracError, match="another picture"):
        found(picture_with()).save(tmp_path)


@pytest.mark.parametrize("stem", ["", "..", "a/b", "a\\b"])
def test_stem_must_be_a_file_name(tmp_path, stem):
    with pytest.raises(BonefracError, match="a file name"):
        found(picture_with()).save(tmp_path, stem)
    assert not list(tmp_path.iterdir())


def test_import_is_light():
    heavy = "{'cv2', 'skimage', 'scipy', 'matplotlib', 'tensorflow', 'keras'}"
    code = f"import sys, bonefrac.inference.finding; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
