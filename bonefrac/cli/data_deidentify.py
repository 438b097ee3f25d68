"""`bonefrac-data deidentify`: DICOM files without their patients."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bonefrac.cli.options import FOLDER, Command, progress_bar

if TYPE_CHECKING:
    from bonefrac.radiograph.deidentify.files import Outcome


@click.command(cls=Command)
@click.argument("source", metavar="IN", type=click.Path(path_type=Path))
@click.argument("out", metavar="OUT", type=FOLDER)
@click.option(
    "--key",
    "key_file",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="File with a secret of at least 32 bytes: the same key gives the same pseudonyms.",
)
@click.option(
    "--burned-in",
    is_flag=True,
    help="Also take secondary captures, screen saves and images that say that text is burned in. "
    "Their pixels are not cleaned.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
def deidentify(source: Path, out: Path, key_file: Path, burned_in: bool, as_json: bool) -> None:
    """Write the DICOM file IN, or those of a folder tree, to OUT without their patients.

    Only attributes on a list stay; names, dates, free texts and private attributes go; patients
    and UIDs become pseudonyms. Pixels are not looked at. Exit code 1 if any file was refused.

    \b
    openssl rand -hex 32 > key
    bonefrac-data deidentify clinic shared --key key
    """
    from bonefrac.errors import BonefracError
    from bonefrac.radiograph.deidentify.files import deidentify_files
    from bonefrac.radiograph.deidentify.key import Key

    if key_file.resolve().is_relative_to(out.resolve()):
        raise BonefracError(
            f"The key {key_file} lies in {out}",
            expected="it apart from what is given away",
            fix="Move it",
        )
    key = Key.read(key_file)
    with progress_bar() as progress:
        outcome = deidentify_files(source, out, key=key, burned_in=burned_in, progress=progress)
    if as_json:
        click.echo(json.dumps(_as_json(outcome)))
    else:
        _show(outcome, out)
    if outcome.refused:
        raise click.ClickException(f"{_count(len(outcome.refused), 'file')} refused.")


def _as_json(outcome: "Outcome") -> dict[str, object]:
    return {
        "written": {str(path): str(made) for path, made in outcome.written.items()},
        "patients": outcome.patients,
        "refused": {str(path): why for path, why in outcome.refused.items()},
        "not_dicom": [str(path) for path in outcome.others],
        "silent_on_burned_in": [str(made) for made in outcome.silent],
    }


def _show(outcome: "Outcome", out: Path) -> None:
    files = _count(len(set(outcome.written.values())), "file")
    click.echo(f"{out}: {files} of {_count(outcome.patients, 'patient')}")
    for why in outcome.refused.values():
        click.echo(f"  refused: {why}")
    if outcome.others:
        click.echo(f"  {len(outcome.others)} left behind: no DICOM files")
    if outcome.silent:
        click.echo(f"  {len(outcome.silent)} silent on burned-in text: look at the pixels")


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
