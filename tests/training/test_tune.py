"""A search draws what it was told to, keeps what is finished, and outlives a trial that fails."""

import json
import math
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bonefrac.cli.tune import table_of
from bonefrac.errors import BonefracError
from bonefrac.training.tune import Trial, best_of, draw_values, read_space

SPACE = {
    "augment": ["light", "strong"],
    "learning_rate": {"low": 1e-4, "high": 1e-1, "log": True},
    "batch_size": {"low": 2, "high": 5},
    "encoder_rate": {"low": 0.25, "high": 0.75},
}


@given(st.integers(0, 2**31), st.integers(1, 1000))
def test_values_lie_in_their_ranges_and_follow_seed_and_number(seed, number):
    space = read_space(SPACE, source="")
    values = draw_values(space, seed=seed, number=number)
    assert values == draw_values(space, seed=seed, number=number)
    assert values["augment"] in SPACE["augment"]
    assert 1e-4 <= values["learning_rate"] <= 1e-1
    assert values["batch_size"] in (2, 3, 4, 5)
    assert 0.25 <= values["encoder_rate"] <= 0.75


def test_a_logarithmic_range_is_even_in_the_logarithm():
    space = read_space(SPACE, source="")
    drawn = [draw_values(space, seed=0, number=k)["learning_rate"] for k in range(2000)]
    below = sum(value < math.sqrt(1e-4 * 1e-1) for value in drawn)
    assert 900 < below < 1100


@pytest.mark.parametrize(
    "entry",
    [
        [],
        3,
        {"low": 1},
        {"low": 2, "high": 1},
        {"low": 0, "high": 1, "log": True},
        {"low": "a", "high": "b"},
        {"low": 0, "high": 1, "step": 2},
    ],
)
def test_what_is_no_range_is_refused(entry):
    with pytest.raises(BonefracError, match="tunes learning_rate over"):
        read_space({"learning_rate": entry}, source="recipe.toml")


def test_an_empty_table_is_refused():
    with pytest.raises(BonefracError, match=r"recipe.toml has no \[tune\] table"):
        read_space({}, source="recipe.toml")


def test_the_table_is_aligned_and_tells_of_failures():
    trials = [
        Trial(2, {"learning_rate": 0.01}, 0.5, 3),
        Trial(1, {"learning_rate": 1e3}, failure="The loss is nan"),
    ]
    assert table_of(trials) == (
        "trial  learning_rate  validation  epoch\n"
        "    2           0.01      0.5000      3\n"
        "    1         1000.0      failed"
    )


def test_a_search_in_which_all_fail_is_an_error():
    with pytest.raises(BonefracError, match="All 1 trials failed, the first: nan"):
        best_of([Trial(1, {}, failure="nan")])


def run(*words):
    program = Path(sys.executable).parent / "bonefrac-train"
    return subprocess.run([program, *map(str, words)], capture_output=True, text=True)


@pytest.fixture
def recipe(tmp_path, phantom_data):
    path = tmp_path / "recipe.toml"
    path.write_text(
        f'data = "{phantom_data.path}"\npreset = "unet_tiny"\nimage_size = 32\nepochs = 1\n'
        "preview_every = 0\n[tune]\nlearning_rate = [1e-3, 1e30]\n"
        "batch_size = {low = 2, high = 4}\n"
    )
    return path


def test_wrong_usage_of_a_search(tmp_path, recipe, phantom_data):
    options = ("--data", phantom_data.path, "--preset", "unet_tiny", "--workdir", tmp_path / "w")
    assert "--tune needs a --recipe" in (done := run(*options, "--tune", 2)).stderr
    assert done.returncode == 2
    recipe.write_text(recipe.read_text() + 'augmnt = ["light"]\n')
    done = run("--recipe", recipe, "--workdir", tmp_path / "w", "--tune", 2)
    assert (done.returncode, "tunes augmnt; expected only" in done.stderr) == (2, True)
    recipe.write_text(recipe.read_text().replace("augmnt", "augment").replace("light", "wild"))
    done = run("--recipe", recipe, "--workdir", tmp_path / "w", "--tune", 9)
    assert (done.returncode, "wild" in done.stderr) == (2, True)
    assert not (tmp_path / "w").exists()


@pytest.mark.slow
def test_a_search_ends_in_a_table_and_the_best_recipe_and_resumes(tmp_path, recipe):
    words = ("--recipe", recipe, "--workdir", tmp_path / "w", "--tune")
    done = run(*words, 3)
    assert done.returncode == 0, done.stderr
    header, *rows = done.stdout.splitlines()[:4]
    assert header.split() == ["trial", "learning_rate", "batch_size", "validation", "epoch"]
    assert sorted(row.split()[0] for row in rows) == ["1", "2", "3"]
    best = tomllib.loads((tmp_path / "w" / "best.toml").read_text())
    assert best["batch_size"] == int(rows[0].split()[2])
    trial = tmp_path / "w" / f"trial-00{rows[0].split()[0]}"
    told = json.loads((trial / "run.json").read_text())["settings"]
    assert told["learning_rate"] == best["learning_rate"]

    before = (trial / "model" / "card.json").stat().st_mtime_ns
    assert "Add --resume" in run(*words, 3).stderr
    more = run(*words, 4, "--resume")
    assert more.returncode == 0, more.stderr
    assert len(more.stdout.splitlines()) == len(done.stdout.splitlines()) + 1
    assert (trial / "model" / "card.json").stat().st_mtime_ns == before
    other = run(*words, 4, "--resume", "--seed", 1)
    assert "a search of another [tune] table or --seed" in other.stderr
