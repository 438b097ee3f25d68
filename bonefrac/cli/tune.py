"""`bonefrac-train --tune`: many short trainings, a table, and the best one as a recipe."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bonefrac.cli.recipe import TUNE, read_toml, write_recipe
from bonefrac.errors import BonefracError

if TYPE_CHECKING:
    from bonefrac.training.tune import Trial

BEST_FILE, SEARCH_FILE = "best.toml", "search.json"

Train = Callable[[dict[str, Any], Path, bool], object]  # (values, run folder, resume)


def search(
    ctx: click.Context,
    train: Train,
    *,
    count: int,
    tunable: set[str],
    workdir: Path,
    resume: bool,
) -> None:
    """Search, print the table, and write the best trial's recipe.

    Args:
        ctx: of the call.
        train: trains one trial.
        count: of trials.
        tunable: options that the table may name.
        workdir: gets a run folder a trial, and `best.toml`.
        resume: whether it may hold a search.
    """
    from bonefrac.training import tune

    table, seed = _table(ctx, tunable), ctx.params["seed"]
    space = tune.read_space(table, source=str(ctx.params["recipe"]))
    for number in range(1, count + 1):  # a choice that no option takes is told before the first
        _cast(ctx, tune.draw_values(space, seed=seed, number=number))
    _open(workdir, {"seed": seed, TUNE: table}, resume=resume)
    trials = tune.search(
        space,
        lambda values, folder, again: train(_cast(ctx, values), folder, again),
        workdir,
        count=count,
        seed=seed,
    )
    click.echo(table_of(trials))
    _write_best(ctx, tune.best_of(trials), workdir, count=count)


def table_of(trials: Sequence["Trial"]) -> str:
    """The trials as aligned columns, in their order."""
    names = list(trials[0].values)
    rows = [["trial", *names, "validation", "epoch"]]
    for trial in trials:
        told = ["failed", ""] if trial.score is None else [f"{trial.score:.4f}", str(trial.epoch)]
        rows.append([str(trial.number), *(str(trial.values[name]) for name in names), *told])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(c.rjust(w) for c, w in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


def _table(ctx: click.Context, tunable: set[str]) -> dict[str, Any]:
    recipe = ctx.params["recipe"]
    if recipe is None:
        raise click.UsageError("--tune needs a --recipe with a [tune] table.")
    table = read_toml(recipe).get(TUNE, {})
    if unknown := sorted(table.keys() - tunable):
        names = ", ".join(sorted(tunable))
        raise click.UsageError(f"{recipe} tunes {', '.join(unknown)}; expected only {names}.")
    return table


def _open(workdir: Path, told: dict[str, Any], *, resume: bool) -> None:
    """Begin a search, or make sure that the folder holds the one to go on with."""
    from bonefrac import storage

    path = workdir / SEARCH_FILE
    if not path.is_file():
        storage.write_text(path, json.dumps(told, indent=1) + "\n")
    elif not resume:
        raise BonefracError(
            f"{workdir} holds a search",
            expected="a new --workdir",
            fix="Add --resume to go on with it",
        )
    elif json.loads(path.read_text(encoding="utf-8")) != told:
        raise BonefracError(
            f"{workdir} holds a search of another [tune] table or --seed",
            expected=f"as in {path}",
            fix="Resume with the same ones or choose a new --workdir",
        )


def _write_best(ctx: click.Context, best: "Trial", workdir: Path, *, count: int) -> None:
    from bonefrac import storage
    from bonefrac.schema import MODEL_DIR

    head = (
        f"# Trial {best.number} of {count}: {best.score:.4f} in validation, mean of its scores.\n"
    )
    text = write_recipe(ctx, _cast(ctx, best.values))
    storage.write_text(workdir / BEST_FILE, head + text)
    click.echo(f"Best:    {workdir / BEST_FILE}")
    click.echo(f"Model:   {workdir / f'trial-{best.number:03d}' / MODEL_DIR}")


def _cast(ctx: click.Context, values: dict[str, Any]) -> dict[str, Any]:
    """Values as the options of their names take them; what they do not take is wrong usage."""
    params = {param.name: param for param in ctx.command.params}
    return {name: params[name].type_cast_value(ctx, value) for name, value in values.items()}
