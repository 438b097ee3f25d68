"""`bonefrac-data build`: radiographs and annotations into a data folder."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from bonefrac.cli.options import FOLDER, Group, load_tensorflow, progress_bar

_out = click.option("--out", type=FOLDER, required=True, help="Data folder to create or replace.")
_folds = click.option(
    "--folds",
    type=click.IntRange(3, 100),
    default=5,
    show_default=True,
    help="How many folds.",
)


@click.group(cls=Group)
def build() -> None:
    """Turn radiographs and annotations into a data folder, whole or not at all."""


@build.command()
@click.option("--source", type=FOLDER, required=True, help="FracAtlas as published, unpacked.")
@_out
@_folds
@click.option(
    "--max-side",
    type=click.IntRange(64),
    default=1024,
    show_default=True,
    help="Scale larger radiographs down to this many pixels.",
)
def fracatlas(source: Path, out: Path, folds: int, max_side: int) -> None:
    """FracAtlas (Abedeen 2023, CC BY 4.0): hand, leg, hip and shoulder, fractures outlined.

    \b
    Get it: https://doi.org/10.1038/s41597-023-02432-4
    bonefrac-data build fracatlas --source FracAtlas --out data/fracatlas
    """
    load_tensorflow()
    from bonefrac.data.datasets.builders import FracAtlas

    _build(FracAtlas, out, source=source, folds=folds, max_side=max_side)


@build.command()
@click.option(
    "--count", type=click.IntRange(1), default=600, show_default=True, help="How many to draw."
)
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the drawings."
)
@_out
@_folds
def phantom(count: int, seed: int, out: Path, folds: int) -> None:
    """Phantom radiographs: drawn long bones, half of them broken, with exact masks.

    \b
    bonefrac-data build phantom --count 600 --seed 0 --out data/phantom
    """
    load_tensorflow()
    from bonefrac.data.datasets.phantom import Phantom

    _build(Phantom, out, count=count, seed=seed, folds=folds)


def _build(make: Callable[..., Any], out: Path, **arguments: Any) -> None:
    from functools import partial

    from bonefrac.data.store import build as build_folder
    from bonefrac.schema import REPORT_FILE

    with progress_bar() as progress:
        folder, builder = build_folder(partial(make, progress=progress, **arguments), out)
    click.echo(f"{folder.path}: {sum(folder.counts.values())} radiographs")
    for name, count in folder.counts.items():
        click.echo(f"  {name:<8} {count:>6}")
    left_out = builder.report.left_out
    for name, reason in sorted(left_out.items()):
        click.echo(f"  left out {name}: {reason}")
    for note, items in builder.report.notes.items():
        click.echo(f"  {len(items)} {note.replace('_', ' ')}")
    click.echo(f"  {len(left_out)} left out; all of it in {folder.path / REPORT_FILE}")
