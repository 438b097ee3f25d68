"""The docs cannot lie: generated pages are current, recipes are valid, links lead somewhere."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from bonefrac.cli.train import train

ROOT = Path(__file__).parent.parent
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def test_generated_pages_are_current():
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "generate.py", "--check"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("recipe", sorted((ROOT / "recipes").glob("*.toml")), ids=lambda p: p.stem)
def test_recipe_tells_what_to_expect_and_sets_known_options(recipe):
    text = recipe.read_text()
    comment = re.match(r"(#.*\n)+", text)[0]
    for word in (f"bonefrac-train --recipe recipes/{recipe.name}", "Hardware", "Time", "Dice"):
        assert word in comment
    assert tomllib.loads(text).keys() <= {param.name for param in train.params}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_relative_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        if not target.startswith(("http://", "https://")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_commands_in_code_blocks_exist(page):
    blocks = re.findall(r"```(?:bash|console|sh)\n(.*?)```", page.read_text(encoding="utf-8"), re.S)
    verbs = ("data", "train", "evaluate", "export", "predict", "serve")
    known = {"bonefrac", *(f"bonefrac-{verb}" for verb in verbs)}
    options = {f"bonefrac-{c.name}": c for c in _commands()}
    for line in re.findall(r"^\$? ?(bonefrac\S*)(.*)$", "\n".join(blocks), re.M):
        name, rest = line
        assert name in known, f"{page.name}: {name}"
        if name in options:
            flags = set(re.findall(r"(?<=\s)(--[a-z-]+)", rest))
            allowed = {
                flag
                for c in _tree(options[name])
                for p in c.params
                for flag in (*p.opts, *p.secondary_opts)
            }
            assert flags <= allowed | {"--help", "--version"}, f"{page.name}: {name}{rest}"


def _commands():
    from bonefrac.cli.main import main

    return main.commands.values()


def _tree(command):
    return [
        command,
        *(c for child in getattr(command, "commands", {}).values() for c in _tree(child)),
    ]
