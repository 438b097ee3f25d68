"""A run folder: what is needed to repeat a training, and the refusal to mix two of them."""

import json
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import bonefrac
from bonefrac import schema, storage
from bonefrac.data.sources import Source, describe
from bonefrac.errors import BonefracError
from bonefrac.training.settings import Settings


def describe_run(settings: Settings, sources: Sequence[Source], command: str) -> dict[str, Any]:
    """What `run.json` says: settings, data with their hashes, command, versions, revision."""
    paths = [str(source.data.path.resolve()) for source in sources]
    run = {
        "settings": asdict(settings),
        "data": {**describe(sources), "paths": paths},
        "command": command,
        "versions": versions(),
        "revision": revision(),
    }
    return json.loads(json.dumps(run))  # as it will be read again: lists, not tuples


def open_run(workdir: Path, run: dict[str, Any], *, recipe: str, resume: bool) -> None:
    """Begin a run folder, or make sure that it holds the run to go on with.

    Args:
        workdir: the folder.
        run: of `describe_run`.
        recipe: TOML for `--recipe` that repeats the run; none where it is empty.
        resume: whether it may hold a run.

    Raises:
        BonefracError: it holds one and `resume` is False, or another one.
    """
    path = workdir / schema.RUN_FILE
    if not path.is_file():
        workdir.mkdir(parents=True, exist_ok=True)
        if recipe:
            storage.write_text(workdir / schema.RECIPE_FILE, recipe)
        storage.write_text(path, json.dumps(run, indent=1) + "\n")
        return
    if not resume:
        raise BonefracError(
            f"{workdir} holds a run",
            expected="a new --workdir",
            fix="Add --resume to go on with it",
        )
    before = json.loads(path.read_text(encoding="utf-8"))
    # A setting that is younger than the run had its default.
    settings = {**json.loads(json.dumps(asdict(Settings("")))), **before["settings"]}
    changed = [key for key, now in run["settings"].items() if settings.get(key) != now]
    if before["data"]["sha256"] != run["data"]["sha256"]:
        changed.append("data")
    if changed:
        raise BonefracError(
            f"{workdir} was started with another {', '.join(changed)}",
            expected=f"as in {path}",
            fix="Resume with the same settings or choose a new --workdir",
        )


def versions() -> dict[str, str]:
    """Of what a training's result depends on."""
    names = ("keras", "tensorflow", "numpy")
    own = {"python": platform.python_version(), "bonefrac": bonefrac.__version__}
    return {**own, **{name: version(name) for name in names}}


def revision() -> str:
    """The git revision of the code, "-dirty" where it was changed since; "" outside git."""
    package = Path(bonefrac.__file__).parent
    # An installed copy may lie in somebody else's repository, untracked.
    if not _git(package, "ls-files", "--error-unmatch", "__init__.py"):
        return ""
    return _git(package, "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")


def _git(folder: Path, *words: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", folder, *words], capture_output=True, text=True, timeout=20
        )
    except (OSError, subprocess.TimeoutExpired):  # no git here, or a slow disk
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
