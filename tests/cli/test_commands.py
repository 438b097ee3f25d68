"""The commands as users type them, in real processes."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from bonefrac.data.phantom import draw

VERBS = ("data", "train", "evaluate", "export", "predict", "serve")
COMMANDS = ("bonefrac", *(f"bonefrac-{verb}" for verb in VERBS))


def run(*words, stdin=None):
    program = Path(sys.executable).parent / str(words[0])
    arguments = [str(word) for word in words[1:]]
    return subprocess.run([program, *arguments], input=stdin, capture_output=True)


def assert_one_line_error(done, *parts):
    assert done.returncode == 1, done
    lines = done.stderr.decode().strip().splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("Error: ")
    for part in parts:
        assert part in lines[0]


@pytest.fixture
def xray(tmp_path):
    path = tmp_path / "xray.png"
    cv2.imwrite(str(path), draw(seed=4, index=0).image)
    return path


@pytest.mark.parametrize("name", COMMANDS)
def test_help_and_version_import_nothing_heavy(name):
    heavy = "('tensorflow', 'keras', 'numpy', 'matplotlib', 'rich', 'PIL', 'cv2')"
    code = (
        "import sys; from importlib.metadata import entry_points;"
        f"(entry,) = entry_points(group='console_scripts', name={name!r});"
        "command = entry.load();"
        "command.main(['--help'], standalone_mode=False);"
        f"sys.exit(', '.join(m for m in {heavy} if m in sys.modules) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Usage:" in done.stdout
    assert run(name, "--version").stdout.decode().strip().endswith("0.1.0")


def test_importing_the_package_imports_nothing_heavy():
    code = "import sys, bonefrac; sys.exit(any(m in sys.modules for m in ('tensorflow', 'numpy')))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_build_info_train_export_predict(tmp_path, xray):
    data, work = tmp_path / "data", tmp_path / "run"
    done = run("bonefrac-data", "build", "phantom", "--count", 24, "--folds", 3, "--out", data)
    assert done.returncode == 0, done.stderr
    assert b"24 radiographs" in done.stdout

    info = json.loads(run("bonefrac-data", "info", data, "--json").stdout)
    assert sum(row["radiographs"] for row in info["tables"]["split"].values()) == 24

    recipe = tmp_path / "recipe.toml"
    recipe.write_text(f'preset = "unet_tiny"\ndata = "{data}"\nimage_size = 32\nepochs = 9\n')
    done = run("bonefrac-train", "--recipe", recipe, "--epochs", 1, "--batch-size", 4, "-w", work)
    assert done.returncode == 0, done.stderr
    assert b"Test:" in done.stdout
    settings = json.loads((work / "run.json").read_text())["settings"]
    assert (settings["image_size"], settings["epochs"], settings["batch_size"]) == (32, 1, 4)

    # A network of one epoch has scores of chance; that they fall is tested elsewhere.
    done = run("bonefrac-export", work, "--tflite", "--limit", 4, "--max-fall", 1)
    assert done.returncode == 0, done.stderr
    made = sorted(p.name for p in (work / "export").iterdir())
    assert made == ["export.json", "export.md", "unet_tiny.tflite"]

    done = run("bonefrac-predict", "--model", work, "--image", xray, "--output", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    overlay = cv2.imread(str(tmp_path / "out" / "xray.overlay.png"))
    assert overlay.shape[:2] == cv2.imread(str(xray)).shape[:2]


def test_json_lines_name_each_picture(tflite, xray):
    done = run("bonefrac-predict", "-m", tflite, "--json", xray, xray.parent)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["image"] for line in lines] == [str(xray)]
    assert done.stderr == b""


def test_pictures_of_one_name_do_not_overwrite_each_other(tflite, xray, tmp_path):
    other = tmp_path / "other" / "xray.png"
    other.parent.mkdir()
    other.write_bytes(xray.read_bytes())
    out = tmp_path / "out"
    assert run("bonefrac-predict", "-m", tflite, "-o", out, xray, other).returncode == 0
    names = {p.name for p in out.iterdir()}
    assert {"xray.overlay.png", "xray.png.overlay.png", "xray.json", "xray.png.json"} <= names


def test_globs_folders_and_stdin_are_read(tflite, xray, tmp_path):
    (tmp_path / "notes.txt").write_text("no picture")
    for argument in (tmp_path, tmp_path / "*.png", tmp_path / "**" / "x*.png"):
        done = run("bonefrac-predict", "-m", tflite, "--json", argument)
        assert len(done.stdout.splitlines()) == 1, done
    done = run("bonefrac-predict", "-m", tflite, "--json", "-", stdin=xray.read_bytes())
    assert json.loads(done.stdout)["image"] == "<bytes>"


def test_one_bad_picture_does_not_stop_the_rest(tflite, xray, tmp_path):
    cut = tmp_path / "a-cut.jpg"
    cv2.imwrite(str(cut), draw(seed=4, index=1).image)
    cut.write_bytes(cut.read_bytes()[:4000])
    (tmp_path / "b-text.jpg").write_text("this is no picture")
    out = tmp_path / "out"
    done = run("bonefrac-predict", "-m", tflite, tmp_path, "--json", "-o", out)
    assert done.returncode == 1
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert ["error" in line for line in told] == [True, True, False]
    assert [Path(line["image"]).name for line in told] == ["a-cut.jpg", "b-text.jpg", "xray.png"]
    errors = [e for e in done.stderr.decode().splitlines() if not e.startswith("images: ")]
    assert "a-cut.jpg" in errors[0]
    assert "b-text.jpg" in errors[1]
    assert errors[2] == "2 of 3 radiographs failed"
    assert {p.name.split(".")[0] for p in out.iterdir()} == {"xray"}


def test_wrong_usage_exits_2(tflite, tmp_path):
    for words in (
        ("bonefrac-predict", "-m", tflite),
        ("bonefrac-export", tmp_path),
        ("bonefrac-train", "--data", "phantom"),
        ("bonefrac-data", "build", "fracatlas"),
    ):
        done = run(*words)
        assert done.returncode == 2, words
        assert b"Traceback" not in done.stderr


def test_bad_input_is_told_in_one_line(tflite, xray, tmp_path, trained_run, phantom_data):
    missing = tmp_path / "missing.png"
    done = run("bonefrac-predict", "-m", tflite, missing)
    assert_one_line_error(done, "missing.png does not exist", "expected a picture file")
    done = run("bonefrac-predict", "-m", tmp_path / "nothing", xray)
    assert_one_line_error(done, "nothing does not exist", "bonefrac-train")
    done = run("bonefrac-data", "build", "fracatlas", "--source", tmp_path, "--out", tmp_path / "d")
    assert_one_line_error(done, "COCO_fracture_masks.json does not exist", "--source")
    assert not (tmp_path / "d").exists()
    words = ("--data", phantom_data.path, "--preset", "unet_tny", "-w", tmp_path / "w")
    assert_one_line_error(run("bonefrac-train", *words), "Did you mean 'unet_tiny'")
    words = ("--data", phantom_data.path, "--preset", "unet_tiny", "-w", trained_run)
    assert_one_line_error(run("bonefrac-train", *words), "--resume")
    words = ("--data", phantom_data.path, "--preset", "unet_tiny", "-w", tmp_path / "w")
    done = run("bonefrac-train", *words, "--image-size", 60)
    assert_one_line_error(done, "60x60", "multiples of 16", "48 or 64")


@pytest.mark.slow
def test_splits_are_chosen_warned_about_and_repeated(tmp_path):
    build = ("bonefrac-data", "build", "phantom", "--count", 12, "--folds", 3, "--out")
    done = run(*build, tmp_path / "a", "--split", "official")
    assert_one_line_error(done, "12 radiographs without an official split", "Use --split folds")
    done = run(*build, tmp_path / "a", "--split", "no.csv")
    assert_one_line_error(done, "no.csv: no such file", "random-images or the path of a CSV file")
    assert not (tmp_path / "a").exists()
    done = run(*build, tmp_path / "a", "--split", "random-images")
    assert b"Warning: scores of this split flatter: 0 groups lie in several folds" in done.stderr
    table = tmp_path / "a" / "split.csv"
    done = run(*build, tmp_path / "b", "--split", table)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "b" / "split.csv").read_bytes() == table.read_bytes()


@pytest.mark.parametrize("keep", [0.0, 0.5])
def test_a_cut_shard_is_told_in_one_line(phantom_data, tmp_path, keep):
    import shutil

    data = shutil.copytree(phantom_data.path, tmp_path / "data")
    shard = next(data.glob("*fold1*"))
    shard.write_bytes(shard.read_bytes()[: int(keep * shard.stat().st_size)])
    work = tmp_path / "run"
    done = run("bonefrac-train", "--data", data, "--preset", "unet_tiny", "-w", work)
    assert_one_line_error(done, shard.name, "is damaged", "Build it again")
    assert not work.exists()


def test_a_recipe_with_an_unknown_key_is_told(tmp_path):
    recipe = tmp_path / "r.toml"
    recipe.write_text("batchsize = 4\n")
    done = run("bonefrac-train", "--recipe", recipe, "-w", tmp_path / "w")
    assert done.returncode == 2
    assert b"sets batchsize; expected only" in done.stderr


def test_sixteen_bit_tiff_and_colour_jpeg_are_read(tflite, tmp_path):
    image = draw(seed=4, index=2).image
    cv2.imwrite(str(tmp_path / "a.tif"), image.astype(np.uint16) * 16)
    cv2.imwrite(str(tmp_path / "b.jpg"), cv2.cvtColor(image, cv2.COLOR_GRAY2BGR))
    done = run("bonefrac-predict", "-m", tflite, tmp_path, "--json")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 2
