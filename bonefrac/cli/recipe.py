"""Recipes: a command's options as TOML, read and written."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

TUNE = "tune"
PHANTOM = "phantom"  # data that are drawn, not a folder
# Where a run lies and what is done in it once is no part of how to repeat it.
_NOT_IN_RECIPES = {"recipe", "workdir", "resume", TUNE, "help", "version"}


def read_recipe(ctx: click.Context, _: click.Parameter, path: Path | None) -> Path | None:
    """Make a recipe's values the defaults, so that options on the command line still win."""
    if path is None:
        return None
    values = read_toml(path)
    values.pop(TUNE, None)
    known = known_options(ctx)
    if unknown := sorted(values.keys() - known):
        raise click.BadParameter(
            f"{path} sets {', '.join(unknown)}; expected only {', '.join(sorted(known))}"
        )
    several = {param.name for param in ctx.command.params if param.multiple}
    for name in several & values.keys():
        values[name] = values[name] if isinstance(values[name], list) else [values[name]]
    ctx.default_map = {**(ctx.default_map or {}), **values}
    return path


def read_toml(path: Path) -> dict[str, Any]:
    """The values of a file; a file that is no TOML is wrong usage."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise click.BadParameter(f"{path} is not TOML ({error})") from None


def known_options(ctx: click.Context) -> set[str]:
    """The options that a recipe may set."""
    return {param.name for param in ctx.command.params if param.name} - _NOT_IN_RECIPES


def write_recipe(ctx: click.Context, changed: Mapping[str, Any]) -> str:
    """The options of this call as a recipe, paths made absolute.

    Args:
        ctx: of the call.
        changed: values to put in the place of the call's own.
    """
    values = {name: ctx.params[name] for name in sorted(known_options(ctx))}
    values |= changed
    values["data"] = [_absolute(name) for name in values["data"]]
    for name in ("finetune", "teacher"):
        if values.get(name):
            values[name] = _absolute(values[name])
    lines = ["# bonefrac-train --recipe THIS_FILE --workdir NEW_FOLDER"]
    lines += [f"{name} = {_toml(value)}" for name, value in values.items() if _is_set(value)]
    return "\n".join(lines) + "\n"


def _absolute(name: str) -> str:
    path = Path(name)
    return str(path.resolve()) if path.exists() and name != PHANTOM else name


def _is_set(value: Any) -> bool:
    return value is not None and value != () and value != ""


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    # JSON writes a character outside the first plane as two halves, which is no TOML.
    plain = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in plain) + '"'
