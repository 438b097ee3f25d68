"""`bonefrac-data audit` as users type it, on a small FracAtlas, and on the real one if at hand."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bonefrac.data.datasets.fracatlas import COCO, CSV
from bonefrac.data.phantom import draw

FIELDS = (
    *("image_id", "hand", "leg", "hip", "shoulder", "mixed", "hardware", "multiscan"),
    *("fractured", "fracture_count", "frontal", "lateral", "oblique"),
)


def run(*words):
    program = Path(sys.executable).parent / "bonefrac-data"
    return subprocess.run([program, "audit", *map(str, words)], capture_output=True, text=True)


def fracatlas(root, *, cut):
    """Eight phantoms in the layout of FracAtlas, the last one cut short if wanted."""
    (root / COCO).parent.mkdir(parents=True)
    images, annotations, rows = [], [], []
    for k in range(8):
        fractured = k % 2
        name = f"IMG{50 * k:07d}.jpg"
        folder = root / "images" / ("Fractured" if fractured else "Non_fractured")
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(draw(seed=2, index=k).image).save(folder / name, quality=90)
        if fractured:
            flat = [10, 10, 40, 10, 40, 40, 10, 40]
            images.append({"id": k, "file_name": name})
            annotations.append({"image_id": k, "category_id": 0, "segmentation": [flat]})
        known = {"image_id": name, "fractured": fractured, "leg": 1, "frontal": 1}
        rows.append(dict.fromkeys(FIELDS, 0) | known)
    if cut:
        path = root / "images" / "Fractured" / name
        path.write_bytes(path.read_bytes()[:-4000])
    with (root / CSV).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, FIELDS)
        writer.writeheader()
        writer.writerows(rows)
    (root / COCO).write_text(json.dumps({"images": images, "annotations": annotations}))
    return root


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    return fracatlas(tmp_path_factory.mktemp("sound") / "FracAtlas", cut=False)


@pytest.fixture(scope="module")
def faulty(tmp_path_factory):
    return fracatlas(tmp_path_factory.mktemp("faulty") / "FracAtlas", cut=True)


def test_a_table_on_stdout_progress_on_stderr(faulty):
    done = run(faulty)
    assert done.returncode == 0, done.stderr
    assert "fracatlas" in done.stdout
    assert "8 radiographs, 7 readable" in done.stdout
    assert "IMG0000350" in done.stdout
    assert "Scanning" in done.stderr
    assert "Scanning" not in done.stdout


def test_files_and_json_are_the_same(faulty, tmp_path):
    done = run(faulty, "--output", tmp_path / "out", "--json", "--jobs", 2)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told == json.loads((tmp_path / "out" / "audit.json").read_text())
    assert told["findings"][0]["cases"] == [["IMG0000350"]]
    assert told["command"].startswith("bonefrac-data audit")
    html = (tmp_path / "out" / "audit.html").read_text(encoding="utf-8")
    assert html.count("data:image/jpeg") >= 1
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "audit.html",
        "audit.json",
    ]


def test_strict_fails_on_severe_findings_only(sound, faulty):
    assert run(faulty, "--strict", "--json").returncode == 1
    assert run(sound, "--strict", "--json").returncode == 0


@pytest.mark.parametrize("words", [["no such folder"], ["{sound}", "--name", "nonsense"]])
def test_mistakes_end_in_one_line(sound, words):
    done = run(*(word.format(sound=sound) for word in words))
    assert done.returncode == 1
    assert done.stderr.startswith("Error: ")
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_reader_that_leaves_early_is_no_error(faulty):
    program = Path(sys.executable).parent / "bonefrac-data"
    words = [program, "audit", str(faulty), "--json"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        told = process.stderr.read().decode()
    assert process.returncode == 1
    assert "Error" not in told
    assert "Traceback" not in told


def test_an_audit_never_imports_tensorflow(faulty, tmp_path):
    code = (
        "import sys; from bonefrac.cli.data_audit import audit;"
        f"audit.main([{str(faulty)!r}, '--output', {str(tmp_path / 'out')!r}],"
        " standalone_mode=False);"
        "sys.exit(', '.join(m for m in ('tensorflow', 'keras', 'tensorflow_datasets', 'matplotlib')"
        " if m in sys.modules) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "audit.json").is_file()


@pytest.fixture(scope="module")
def real(shared_data, tmp_path_factory):
    """What the audit of the FracAtlas at hand tells, and its known groups of near-duplicates."""
    source = shared_data / "fracatlas"
    out = tmp_path_factory.mktemp("real") / "out"
    done = run(source, "--output", out)
    assert done.returncode == 0, done.stderr
    told = json.loads((out / "audit.json").read_text())
    with (shared_data / "fracatlas_groups.csv").open(newline="") as file:
        groups = {Path(row["image_id"]).stem: row["group"] for row in csv.DictReader(file)}
    return {finding["check"]: finding for finding in told["findings"]}, told, groups


@pytest.mark.slow
def test_fracatlas_known_faults_are_found(real):
    found, told, _ = real
    counts = {check: finding["count"] for check, finding in found.items() if finding["count"]}
    assert told["counts"]["radiographs"] == 3543
    assert counts["unreadable"] == 57
    assert "57 of 57 are labelled negative" in found["unreadable"]["meaning"]
    assert counts["filler"] == 6
    assert counts["exif_rotation"] == 24
    assert found["intact_outlined"]["cases"] == [["IMG0003298"]]
    assert found["two_labels"]["cases"] == [
        ["IMG0002886", "IMG0004243"],
        ["IMG0002952", "IMG0004262"],
        ["IMG0002998", "IMG0004280"],
    ]
    sizes = found["target_sizes"]["table"]
    assert sizes["% of the picture"]["50 %"] == "0.25"
    assert sizes["vertices"]["50 %"] == "6"
    assert "coarse" in found["target_sizes"]["meaning"]


@pytest.mark.slow
def test_fracatlas_copies_are_those_that_are_known(real):
    found, _, groups = real
    checks = ("same_file", "same_pixels", "near_duplicates")
    cases = [case for check in checks for case in found[check]["cases"]]
    assert all(len({groups[id] for id in case}) == 1 for case in cases)
    leaked = found["split_copies"]
    assert leaked["table"]["validation"] == {"radiographs": "82", "with one in train": "20"}
    assert all(len({groups[id] for id in case}) == 1 for case in leaked["cases"])


@pytest.mark.slow
def test_fracatlas_shortcuts_are_found(real):
    found, told, _ = real
    shortcuts = {shortcut["feature"]: shortcut for shortcut in told["shortcuts"]}
    assert shortcuts["hardware"]["telling"] == ["78 of 80 with “yes” are positive"]
    assert shortcuts["body part"]["interval"][0] > 0.6
    assert shortcuts["order of ids"]["interval"][0] > 0.6
    assert {"shortcut_hardware", "shortcut_body_part"} <= found.keys()
    rates = {part: row["rate"] for part, row in shortcuts["body part"]["table"].items()}
    assert float(rates["hand"][:-1]) > 2 * float(rates["leg"][:-1])
    assert np.argmax([shortcut["auc"] for shortcut in told["shortcuts"]]) == 0
