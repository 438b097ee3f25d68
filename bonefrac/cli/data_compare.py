"""`bonefrac-data compare`: real radiographs and phantoms on one sheet."""

import json
from pathlib import Path

import click

from bonefrac.cli.options import Command, load_tensorflow


@click.command(cls=Command)
@click.argument("source", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="PNG to write.",
)
@click.option(
    "--body-part", help="Only this one; or what the pictures show, where nothing says it."
)
@click.option(
    "--count",
    type=click.IntRange(1, 12),
    default=4,
    show_default=True,
    help="Real radiographs, and phantoms, a body part.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the draws.")
@click.option(
    "--difficulty",
    type=click.Choice(["close", "easy", "medium", "hard"]),
    default="medium",
    show_default=True,
    help="Of the phantoms.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
def compare(
    source: Path,
    output: Path,
    body_part: str | None,
    count: int,
    seed: int,
    difficulty: str,
    as_json: bool,
) -> None:
    """Lay radiographs of SOURCE and phantoms of the same body part side by side.

    SOURCE is a data folder, FracAtlas as published, or any folder of pictures. Beneath are their
    grey levels and power spectra: solid lines are real, dashed ones drawn.

    \b
    bonefrac-data compare FracAtlas --output sheet.png
    """
    load_tensorflow()
    from bonefrac.data.compare import differences, pairs, write_sheet
    from bonefrac.storage import write_aside

    found = pairs(source, body_part=body_part, count=count, seed=seed, difficulty=difficulty)  # type: ignore[arg-type]
    with write_aside(output) as aside:
        write_sheet(found, aside)
    told = {pair.body_part: differences(pair) for pair in found}
    if as_json:
        click.echo(json.dumps({"sheet": str(output), "body_parts": told}))
        return
    click.echo(f"{output}")
    for part, numbers in told.items():
        values = ", ".join(
            f"{name.replace('_', ' ')} {value:.2f}" for name, value in numbers.items()
        )
        click.echo(f"  {part or '(unknown)'}: {values}")
