"""The files of a report: valid, self-contained, and telling the same."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from bonefrac.errors import BonefracError
from bonefrac.evaluation.evaluate import Observed, measure
from bonefrac.evaluation.report.architectures import architecture, architecture_table
from bonefrac.evaluation.report.pictures import draw_cases, pick
from bonefrac.evaluation.report.write import cases_csv, read_report, to_json, write_report
from bonefrac.inference.finding import Thresholds, find
from bonefrac.radiograph.reader import Radiograph

SCHEMA = Path(__file__).parents[2] / "docs" / "reference" / "report.schema.json"


def heading(**changes):
    model = {
        "name": "unet_tiny", "path": "runs/<unet>", "sha256": "ab" * 32, "preset": "unet_tiny",
        "image_size": 64,
        "calibration": {"temperature": 1.0, "bias": 0.0, "sure": 0.6, "doubt": 0.3, "mask": 0.5},
        "calibrated_on": "the card's validation data", "trained_on": {}, "trained_by": "",
        "split": "fold0", "trivial_models_fitted_on": "fold1",
    } | changes  # fmt: skip
    return {
        "format": 1, "kind": "evaluation", "use": "Research use only.", "created": "2026-11-24",
        "command": "bonefrac-evaluate <run>", "versions": {"bonefrac": "0.1.0"}, "models": [model],
        "data": {"name": "made up", "sha256": "cd" * 32, "split": "folds", "split_sha256": "ef"},
        "protocol": {"resolution": "a", "empty_masks": "b", "hit_rule": "c", "interval": "d",
                     "rounds": 200, "seed": 0},
        "warnings": ["it has seen <these>"],
    }  # fmt: skip


@pytest.fixture(scope="module")
def report(many_cases):
    trivial = {"body part": np.full(len(many_cases), 0.4)}
    measured = measure(Observed(many_cases, trivial), rounds=200)
    folds = [{"split": "fold0", "model": "a", "scores": {"auc": 0.8, "dice": None}}]
    differences = [
        {
            "model": "b",
            "against": "a",
            "scores": {
                "auc": {"value": 0.02, "low": 0.01, "high": 0.03},
                "dice": {"value": -0.02, "low": -0.05, "high": 0.03},
            },
        }
    ]
    return heading() | measured | {"folds": folds, "differences": differences}


def problems(value, schema):
    types = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float)}
    inner = schema.get("properties", {})
    found = []
    if "type" in schema and not isinstance(value, types[schema["type"]]):
        found.append(f"{value!r} is no {schema['type']}")
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{value!r} is none of {schema['enum']}")
    for name in schema.get("required", []):
        found += [] if name in value else [f"no {name}"]
    if schema.get("additionalProperties") is False:
        found += [f"{name} is not known" for name in set(value) - set(inner)]
    for name in set(inner) & set(value if isinstance(value, dict) else ()):
        found += problems(value[name], inner[name])
    for item in value if "items" in schema else ():
        found += problems(item, schema["items"])
    return found


def test_json_keeps_to_the_published_schema(report):
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    assert problems(json.loads(to_json(report)), schema) == []
    assert problems({**report, "extra": 1}, schema) == ["extra is not known"]


def test_files_are_written_and_read_again(report, many_cases, tmp_path):
    write_report(report, tmp_path, cases=many_cases)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"report.html", "report.md", "report.json", "cases.csv"}
    assert read_report(tmp_path) == read_report(tmp_path / "report.json")
    assert read_report(tmp_path)["scores"] == report["scores"]


def test_what_is_no_report_is_told(tmp_path):
    (tmp_path / "report.json").write_text('{"format": 1}')
    with pytest.raises(BonefracError, match="expected a report of format 1"):
        read_report(tmp_path)
    with pytest.raises(BonefracError, match="FileNotFoundError"):
        read_report(tmp_path / "none.json")


class Page(HTMLParser):
    """Checks that tags close in order, and gathers what the page refers to."""

    VOID = ("meta", "img", "br")

    def __init__(self, text):
        super().__init__()
        self.open, self.links, self.words = [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.links += [value for name, value in attrs if name in ("src", "href")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def test_page_is_well_formed_and_needs_no_network(report, many_cases, tmp_path):
    mask = np.zeros((100, 100), np.uint8)
    mask[20:40, 20:40] = 1
    found = find(
        radiograph=Radiograph(np.full((100, 100), 80, np.float32), "x"),
        mask_probability=mask * 0.9, probability=0.9, thresholds=Thresholds(0.6, 0.3, 0.5),
        model="net", elapsed_ms=0,
    )  # fmt: skip
    chosen = pick(many_cases)
    drawn = draw_cases(many_cases, chosen, lambda split, ids: dict.fromkeys(ids, (found, mask)))
    write_report(report, tmp_path, cases=many_cases, pictures=drawn)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    page = Page(text)
    assert all(link.startswith("data:") for link in page.links)
    assert len(page.links) == 2 * sum(map(len, chosen.values()))
    assert not re.search(r"https?://", text)
    for svg in re.findall(r"<svg.*?</svg>", text, re.S):
        ElementTree.fromstring(svg)
    assert "Research use only. Not a medical device." in text
    words = "".join(page.words)
    assert "it has seen <these>" in words
    assert "NaN" not in words
    for told in report["scores"].values():
        assert told["value"] is None or f"{told['value']:.1f}" in words


def test_a_comparison_shows_each_and_the_difference(report, tmp_path):
    each = [{"model": name, "scores": report["scores"]} for name in ("net <a>", "net b")]
    told = heading() | {"kind": "comparison", "of_each": each}
    told["differences"] = report["differences"]
    write_report(told, tmp_path)
    words = "".join(Page((tmp_path / "report.html").read_text(encoding="utf-8")).words)
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    for shown in (words, text):
        for expected in ("net <a>", "net b", "+0.020", "0.010 to 0.030", "no difference shown"):
            assert expected in shown, expected
    assert {path.name for path in tmp_path.iterdir()} == {"report.html", "report.md", "report.json"}


def test_a_report_of_one_class_is_written_too(case, tmp_path):
    from bonefrac.evaluation.cases import Cases

    cases = Cases([case(id=str(k), group=str(k)) for k in range(4)])
    report = heading() | measure(Observed(cases, {}), rounds=100)
    write_report(report, tmp_path, cases=cases)
    Page((tmp_path / "report.html").read_text(encoding="utf-8"))


def test_the_worst_are_shown_and_none_twice(many_cases):
    chosen = pick(many_cases)
    shown = [k for rows in chosen.values() for k in rows]
    assert len(shown) == len(set(shown)) == 12
    broken = many_cases.probability[many_cases.label == 1]
    assert many_cases.probability[chosen["worst"][0]] == broken.min()
    intact = many_cases.probability[many_cases.label == 0]
    assert many_cases.probability[chosen["alarms"][0]] == intact.max()


def test_table_of_cases_has_a_row_each(many_cases):
    import csv
    import io

    rows = list(csv.DictReader(io.StringIO(cases_csv(many_cases))))
    assert [row["id"] for row in rows] == many_cases.id.tolist()
    first = many_cases.rows[0]
    assert float(rows[0]["probability"]) == pytest.approx(first.probability, abs=1e-6)
    assert {row["verdict"] for row in rows} == {"fracture", "doubt", "no fracture"}
    hit = sum(int(row["lesions_hit"]) for row in rows)
    assert 0 < hit < sum(int(row["lesions"]) for row in rows)


def test_architectures_stand_in_order_beside_claims_and_the_trivial(many_cases):
    measured = measure(Observed(many_cases, {}), rounds=100)
    presets = ("attention_unet_tiny", "vit_small_patch16", "unet_tiny", "r2unet_small")
    reports = [heading(preset=preset) | measured for preset in presets]
    lines = architecture_table(reports).splitlines()
    names = [line.split("|")[1].split("(")[0].strip() for line in lines[2:6]]
    assert names == ["U-Net", "R2U-Net", "ViT", "Attention U-Net"]
    assert "0.94 / 0.87 / 0.82" in lines[2]
    assert lines[6].startswith("| trivial: larger class")
    assert "| 0.000 | 0.000 |" in lines[6]
    share = (many_cases.label == 0).mean()
    assert f"| {share:.3f} | {share:.3f} |" in lines[7]


def test_reports_on_other_radiographs_are_no_table(many_cases):
    measured = measure(Observed(many_cases, {}), rounds=100)
    part = measure(Observed(many_cases.take(np.arange(50)), {}), rounds=100)
    with pytest.raises(BonefracError, match="2 different sets of radiographs"):
        architecture_table([heading() | measured, heading() | part])


def test_presets_are_known_by_their_architecture():
    names = {
        "unet_small": "unet", "r2unet_base": "r2unet", "attention_unet_tiny": "attention_unet",
        "vit_small_patch16": "vit", "segformer_b0": "segformer_b0",
    }  # fmt: skip
    assert {preset: architecture(preset) for preset in names} == names
