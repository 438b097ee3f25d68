"""A run folder tells all that is needed to repeat the run."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import bonefrac
from bonefrac.training.fit import fit
from bonefrac.training.run_folder import revision

PROGRAM = Path(sys.executable).parent / "bonefrac-train"


def train(*words):
    done = subprocess.run([PROGRAM, *map(str, words)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_it_names_versions_and_data(trained_run, phantom_data):
    run = json.loads((trained_run / "run.json").read_text())
    assert {"python", "bonefrac", "keras", "tensorflow", "numpy"} <= run["versions"].keys()
    assert run["data"]["sha256"] == phantom_data.sha256
    assert run["settings"]["seed"] == 0


def test_the_revision_is_that_of_the_code():
    package = Path(bonefrac.__file__).parent
    if shutil.which("git") is None or not (package.parent / ".git").exists():
        pytest.skip("no git repository here")
    head = subprocess.run(
        ["git", "-C", package, "rev-parse", "HEAD"], capture_output=True, text=True, check=True
    ).stdout.strip()
    assert revision().removesuffix("-dirty") == head


def test_code_outside_git_has_no_revision(tmp_path, monkeypatch):
    copy = tmp_path / "bonefrac" / "__init__.py"
    copy.parent.mkdir()
    copy.write_text("")
    monkeypatch.setattr(bonefrac, "__file__", str(copy))
    assert revision() == ""
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)  # somebody else's
    assert revision() == ""


@pytest.mark.slow
def test_its_recipe_repeats_it(phantom_data, tmp_path):
    words = ["--data", phantom_data.path, "--preset", "unet_tiny", "--image-size", 32]
    words += ["--epochs", 1, "--batch-size", 3, "--augment", "light", "--no-sliding"]
    train(*words, "--weight", 2.5, "--seed", 4, "--workdir", tmp_path / "one")
    train("--recipe", tmp_path / "one" / "recipe.toml", "--workdir", tmp_path / "two")
    one, two = (json.loads((tmp_path / run / "run.json").read_text()) for run in ("one", "two"))
    assert one["settings"] == two["settings"]
    assert one["data"] == two["data"]
    files = [tmp_path / run / "model" / "model.weights.h5" for run in ("one", "two")]
    assert files[0].read_bytes() == files[1].read_bytes()


@pytest.mark.slow
def test_a_run_from_before_a_setting_existed_resumes(
    trained_run, phantom_data, run_settings, tmp_path
):
    run = tmp_path / "run"
    shutil.copytree(trained_run, run)
    told = json.loads((run / "run.json").read_text())
    for younger in ("devices", "finetune", "freeze", "encoder_rate"):
        del told["settings"][younger]
    (run / "run.json").write_text(json.dumps(told))
    assert fit(run_settings, data=phantom_data, workdir=run, resume=True, command="").is_dir()
