"""`bonefrac-data show`: radiographs of a data folder on one sheet."""

from pathlib import Path

import click

from bonefrac.cli.options import FOLDER, Command, load_tensorflow


@click.command(cls=Command)
@click.argument("folder", type=FOLDER)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="Picture to write, .png or .jpg.",
)
@click.option("--split", help="Only these, such as fold0 or fold0+fold2.  [default: all]")
@click.option("--count", type=click.IntRange(1, 400), default=24, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the choice.")
@click.option(
    "--only",
    type=click.Choice(["fractured", "intact", "unknown", "outlined"]),
    help="Choose among these alone.",
)
def show(
    folder: Path, output: Path, split: str | None, count: int, seed: int, only: str | None
) -> None:
    """Draw radiographs of FOLDER on a dark sheet, with outlines, ids and labels.

    \b
    bonefrac-data show data/fracatlas --only fractured --output sheet.png
    """
    if output.suffix.lower() not in (".png", ".jpg", ".jpeg"):
        raise click.BadParameter(f"{output} is neither .png nor .jpg", param_hint="--output")
    load_tensorflow()
    from bonefrac.data.sheet import write_sheet
    from bonefrac.data.store import open_data

    data = open_data(folder)
    chosen = split or "+".join(data.counts)
    unknown = sorted(set(chosen.split("+")) - set(data.counts))
    if unknown:
        known = ", ".join(data.counts)
        raise click.BadParameter(f"{unknown[0]} is none of {known}", param_hint="--split")
    choice = write_sheet(data, output, split=chosen, count=count, seed=seed, only=only)
    click.echo(f"{output}: {min(count, choice)} of {choice} radiographs")
