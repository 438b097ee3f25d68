"""`bonefrac-predict` over many radiographs: in order, resumed, never stopped by one of them."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import pytest
from PIL import Image

from bonefrac.data.phantom import draw

PROGRAM = Path(sys.executable).parent / "bonefrac-predict"
COUNT = 24
TREE = ("a/one.png", "a/two.png", "b/one.png", "b/c/x.png")


def predict(*words):
    done = subprocess.run([PROGRAM, *map(str, words)], capture_output=True, text=True)
    # A slow machine gets lines of progress, too.
    told = [line for line in done.stderr.splitlines(True) if not line.startswith("images: ")]
    done.stderr = "".join(told)
    return done


def lines(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


def told(done):
    """What does not depend on the clock."""
    return [{k: v for k, v in line.items() if k != "elapsed_ms"} for line in lines(done)]


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    root = tmp_path_factory.mktemp("tree")
    for index, name in enumerate(TREE):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(root / name), draw(seed=5, index=index).image)
    (root / "b" / "broken.png").write_bytes((root / "b" / "one.png").read_bytes()[:5000])
    return root


def test_several_processes_answer_as_one_does_in_order(tflite, tree, tmp_path):
    table = tmp_path / "all.csv"
    done = [
        predict("-m", tflite, "--json", tree, *more)
        for more in (("--trusted",), ("--jobs", 2, "--csv", table))
    ]
    assert told(done[0]) == told(done[1])
    names = ["a/one.png", "a/two.png", "b/broken.png", "b/one.png", "b/c/x.png"]
    assert [line["image"] for line in lines(done[1])] == [str(tree / name) for name in names]
    for one in done:
        assert one.returncode == 1
        error, summary = one.stderr.splitlines()
        assert "broken.png cannot be decoded" in error
        assert summary == "1 of 5 radiographs failed"
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["image"] for row in rows] == [str(tree / name) for name in names]
    assert "cannot be decoded" in rows[2]["error"]
    for row, line in zip(rows, lines(done[1]), strict=True):
        if "error" not in line:
            assert float(row["probability"]) == line["probability"]
            assert row["verdict"] == line["verdict"]
            assert int(row["lesions"]) == len(line["boxes"]) == len(row["scores"].split("; ")) or (
                row["lesions"] == "0" and not row["boxes"]
            )


def test_what_is_done_is_not_done_again(tflite, tree, tmp_path):
    out = tmp_path / "out"
    words = ("-m", tflite, "--json", "-o", out, tree / "a", tree / "b" / "c")
    first = predict(*words)
    assert first.returncode == 0, first.stderr
    assert (out / "one.json").is_file()
    second = predict(*words)
    assert second.stderr == "3 of 3 radiographs were done before\n"
    assert second.stdout == first.stdout
    os.utime(tree / "a" / "two.png")
    (out / "x.mask.png").unlink()
    assert predict(*words).stderr == "1 of 3 radiographs were done before\n"
    assert predict(*words, "--again").stderr == ""
    other = tmp_path / "other.tflite"
    other.write_bytes(tflite.read_bytes() + b"\0")
    assert predict("-m", other, *words[2:]).stderr == ""


def whole(folder):
    """The radiographs that are done; fails on a file that is not whole."""
    for path in folder.rglob("[!.]*.png"):
        with Image.open(path) as image:
            image.load()
    return {path.stem: json.loads(path.read_text()) for path in folder.rglob("[!.]*.json")}


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_stopped_leaves_whole_files_and_goes_on(tflite, tmp_path, end):
    folder, out, table = tmp_path / "in", tmp_path / "out", tmp_path / "all.csv"
    folder.mkdir()
    # Large, so that the run is not over before it can be stopped.
    image = cv2.resize(draw(seed=5, index=0).image, None, fx=4, fy=4)
    for number in range(COUNT):
        cv2.imwrite(str(folder / f"{number:02d}.png"), image)
    words = ("-m", tflite, "-o", out, folder, "--jobs", 2, "--csv", table)
    # A shell starts what runs in the background, such as these tests, deaf to Ctrl-C.
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from bonefrac.cli.predict import predict; predict()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.stdout.readline()
    process.send_signal(end)
    process.communicate(timeout=60)
    assert process.returncode != 0
    before = {}
    while before != (before := whole(out)):  # workers of a killed process end a moment later
        time.sleep(0.2)
    assert 0 < len(before) < COUNT
    assert not table.exists()
    done = predict(*words)
    assert done.returncode == 0, done.stderr
    assert int(done.stderr.split()[0]) >= len(before)
    after = whole(out)
    assert len(after) == COUNT
    assert all(after[name] == record for name, record in before.items())
    assert len(table.read_text().splitlines()) == COUNT + 1
    assert not list(tmp_path.rglob(".partial-*"))


def test_a_file_name_that_is_a_formula_is_quoted_in_the_table(tflite, tmp_path):
    name = tmp_path / "=1+1.png"
    cv2.imwrite(str(name), draw(seed=5, index=0).image)
    table = tmp_path / "t.csv"
    done = subprocess.run(
        [PROGRAM, "-m", tflite, name.name, "--csv", table], cwd=tmp_path, capture_output=True
    )
    assert done.returncode == 0, done.stderr
    assert table.read_text().splitlines()[1].startswith("'=1+1.png,")


def test_the_folder_of_radiographs_is_no_output(tflite, tree):
    done = predict("-m", tflite, tree, "-o", tree)
    assert done.returncode == 2
    assert "--output is a folder of radiographs" in done.stderr


def test_no_process_imports_tensorflow(tflite, tree, tmp_path):
    # Each process that starts runs this first, the workers' and the decoders' Python too.
    (tmp_path / "sitecustomize.py").write_text(
        "import atexit, os, sys\n"
        "note = lambda: open(os.environ.get('NOTES', '/dev/null'), 'a').write("
        "f'{\"tensorflow\" in sys.modules}\\n')\n"
        "atexit.register(note)\n"
    )
    notes = tmp_path / "notes"
    env = os.environ | {"PYTHONPATH": str(tmp_path), "NOTES": str(notes)}
    done = subprocess.run([PROGRAM, "-m", tflite, tree / "a", "--untrusted"], env=env)
    assert done.returncode == 0
    assert "True" not in notes.read_text()


def test_a_file_that_crashes_its_decoder_is_one_line(tflite):
    crashing = Path(__file__).parents[1] / "radiograph" / "damaged" / "gdcm_abort.dcm"
    done = predict("-m", tflite, crashing)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "crashed its decoder (SIGABRT)" in line
