"""`bonefrac-train`: train a preset on a data folder."""

from pathlib import Path
from typing import Any

import click

from bonefrac.cli.objective import as_settings, objective_options
from bonefrac.cli.options import (
    FOLDER,
    Command,
    command_line,
    load_tensorflow,
    progress_bar,
    version_option,
)
from bonefrac.cli.recipe import PHANTOM, read_recipe, write_recipe
from bonefrac.cli.running import finetune_options, running_options, say_how_to_go_on
from bonefrac.cli.tune import search
from bonefrac.schema import AUGMENTATIONS

_PHANTOM_COUNT = 600


@click.command(cls=Command)
@click.option(
    "--data",
    multiple=True,
    required=True,
    help="Data folder of bonefrac-data, or 'phantom'; may be given several times.",
)
@click.option(
    "--weight",
    multiple=True,
    type=click.FloatRange(0, min_open=True),
    help="Share of each --data in an epoch, in their order. Default: their sizes.",
)
@click.option("-p", "--preset", required=True, help="Network to train, such as unet_small.")
@click.option("-w", "--workdir", type=FOLDER, required=True, help="Run folder to create.")
@click.option("--epochs", type=click.IntRange(1), default=30, show_default=True)
@click.option("--batch-size", type=click.IntRange(1), default=8, show_default=True)
@click.option(
    "--learning-rate",
    type=click.FloatRange(0, min_open=True),
    default=1e-3,
    show_default=True,
    help="The peak, after the warm-up.",
)
@click.option(
    "--image-size",
    type=click.IntRange(16),
    default=256,
    show_default=True,
    help="Side of the square that radiographs are fitted to, pixels.",
)
@click.option(
    "--seed", type=int, default=0, show_default=True, help="Of weights, order and augmentation."
)
@click.option(
    "--fold",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Fold to test on; the next one validates, the rest trains. Of data in folds only.",
)
@click.option(
    "--augment",
    type=click.Choice(AUGMENTATIONS),
    default="default",
    show_default=True,
    help="How much each radiograph is changed while training.",
)
@objective_options
@finetune_options
@running_options
@click.option("--resume", is_flag=True, help="Go on with the run in --workdir.")
@click.option(
    "--recipe",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    callback=read_recipe,
    is_eager=True,
    help="TOML file with values for these options.",
)
@click.option(
    "--tune",
    type=click.IntRange(1),
    metavar="TRIALS",
    help="Search the ranges of the recipe's [tune] table at random, a training each.",
)
@version_option
@click.pass_context
def train(
    ctx: click.Context,
    data: tuple[str, ...],
    weight: tuple[float, ...],
    workdir: Path,
    resume: bool,
    recipe: Path | None,
    tune: int | None,
    checkpoint_minutes: float,
    preview_every: int,
    tensorboard: bool,
    **settings: Any,
) -> None:
    """Train a network; leave a run folder with the model, its card, metrics and curves.

    Several data sets train one network: what one of them does not know is not learned from it.
    A run that was stopped or killed goes on with --resume, to the same weights.

    \b
    bonefrac-train --data data/fracatlas --preset unet_small --workdir runs/unet
    bonefrac-train --recipe recipes/unet_tiny_phantom.toml --data phantom --workdir runs/demo
    bonefrac-train --data data/fracatlas --preset unet_small --workdir runs/unet --resume
    bonefrac-train --data data/fracatlas --data data/mura --preset unet_small --workdir runs/both
    bonefrac-train --data data/fracatlas --preset unet_small --finetune runs/both -w runs/fine
    """
    from bonefrac.models.presets import get_preset

    if len(weight) not in (0, len(data)):
        raise click.UsageError(f"{len(weight)} --weight for {len(data)} --data: give one for each.")
    as_settings(settings)  # wrong usage is told before TensorFlow is loaded
    get_preset(settings["preset"])
    load_tensorflow()
    from bonefrac.data.store import open_data
    from bonefrac.training.fit import fit
    from bonefrac.training.running import Running
    from bonefrac.training.settings import Settings

    def run(changed: dict[str, Any], folder: Path, again: bool) -> Path | None:
        folders = [_draw_phantoms(workdir) if name == PHANTOM else Path(name) for name in data]
        how = Running(checkpoint_minutes, preview_every, tensorboard, write_recipe(ctx, changed))
        return fit(
            Settings(**as_settings({**settings, **changed}), weights=weight),
            data=[open_data(path) for path in folders],
            workdir=folder,
            resume=again,
            command=command_line(),
            running=how,
        )

    with say_how_to_go_on(ctx):
        if tune:
            search(ctx, run, count=tune, tunable=set(settings), workdir=workdir, resume=resume)
        else:
            model = run({}, workdir, resume)
            if model:  # of several processes the first one tells
                _print_scores(model, workdir)


def _draw_phantoms(workdir: Path) -> Path:
    """The phantoms of a run, drawn once: a pure function of their number and seed 0."""
    from functools import partial

    from bonefrac.data.datasets.phantom import Phantom
    from bonefrac.data.store import build

    folder = workdir / "phantom"
    if not folder.exists():
        with progress_bar() as progress:
            make = partial(Phantom, count=_PHANTOM_COUNT, seed=0, folds=5, progress=progress)
            build(make, folder)
    return folder


def _print_scores(model: Path, workdir: Path) -> None:
    from bonefrac.inference.card import Card
    from bonefrac.schema import CARD_FILE, TEST

    scores = Card.read(model / CARD_FILE).scores
    for part in [name for name in scores if name.startswith(TEST)]:
        _print_part(part.capitalize(), scores[part])
    click.echo(f"Model:   {model}")
    click.echo(f"Metrics: {workdir / 'metrics.csv'}")
    click.echo(f"Curves:  {workdir / 'curves.png'}")


def _print_part(title: str, test: dict[str, Any]) -> None:
    images, fractured = test["images"], test["fractured"]
    click.echo(f"{title}: {images} radiographs never trained on, {fractured} fractured")
    rows = {name: row for name, row in test.items() if isinstance(row, dict)}
    width = max(len("accuracy") + 1, *map(len, rows))
    for name, row in rows.items():
        if row["value"] is None:
            click.echo(f"  {name:<{width}} not defined here")
            continue
        interval = f"95 % interval {row['low']:.3f} to {row['high']:.3f}"
        trivial = f"trivial {row['baseline']:.3f}"
        click.echo(f"  {name:<{width}} {row['value']:.3f}  {interval}, {trivial}")
