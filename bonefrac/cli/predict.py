"""`bonefrac-predict`: radiographs in, findings out."""

import glob
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bonefrac.cli.options import FOLDER, Command, load_tensorflow, version_option

if TYPE_CHECKING:
    from bonefrac.inference.finding import Finding
    from bonefrac.inference.predictor import Predictor

_STDIN = "-"


@click.command(cls=Command)
@click.argument("images", nargs=-1)
@click.option("--image", "more", multiple=True, help="A radiograph; may be given several times.")
@click.option(
    "-m",
    "--model",
    required=True,
    type=click.Path(path_type=Path),
    help="Run folder, model folder, SavedModel folder, .tflite or .keras.",
)
@click.option("-o", "--output", type=FOLDER, help="Folder for overlay, mask and JSON.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@version_option
def predict(
    images: tuple[str, ...], more: tuple[str, ...], model: Path, output: Path | None, as_json: bool
) -> None:
    """Find fractures on IMAGES: files, folders, globs, or - for one picture on stdin.

    DICOM, PNG, JPEG and TIFF. A picture that cannot be read is reported and the rest goes on;
    the exit code is then 1. Research use only, not a medical device.

    \b
    bonefrac-predict --model runs/unet --image xray.jpg --output out
    bonefrac-predict --model unet.tflite --json folder/ > findings.jsonl
    """
    sources = list(_expand([*images, *more]))
    if not sources:
        raise click.UsageError("No radiograph: give a file, a folder, a glob or - for stdin.")
    predictor = _load(model)
    failed = 0
    stems: set[str] = set()
    for source in sources:
        stem = _unique(Path(source).stem if source != _STDIN else "stdin", stems)
        failed += not _predict_one(predictor, source, stem, output=output, as_json=as_json)
    if failed and len(sources) > 1:
        click.echo(f"{failed} of {len(sources)} radiographs failed", err=True)
    sys.exit(1 if failed else 0)


def _load(model: Path) -> "Predictor":
    from bonefrac.inference.predictor import load_model

    if model.suffix != ".tflite":
        load_tensorflow()
    predictor = load_model(model)
    predictor.card.require_fracture()  # once, not for every radiograph
    return predictor


def _predict_one(
    predictor: "Predictor", source: str, stem: str, *, output: Path | None, as_json: bool
) -> bool:
    from bonefrac.errors import BonefracError

    try:
        content = sys.stdin.buffer.read() if source == _STDIN else source
        finding = predictor.predict(content)
        told = finding.to_json() if output is None else finding.save(output, stem=stem)
    except BonefracError as error:
        click.echo(f"Error: {' '.join(str(error).split())}", err=True)
        return False
    click.echo(json.dumps(told) if as_json else _line(finding, told))
    return True


def _line(finding: "Finding", told: dict) -> str:
    regions = len(finding.boxes)
    outlined = f"{regions} region{'s' if regions != 1 else ''} outlined"
    line = f"{finding.image}: {finding.verdict}, probability {finding.probability:.2f}, {outlined}"
    below = [*finding.notes, *([told["overlay_path"]] if "overlay_path" in told else [])]
    return "\n  ".join([line, *below])


def _expand(names: list[str]) -> Iterator[str]:
    from bonefrac.radiograph.reader import SUFFIXES

    for name in names:
        path = Path(name)
        if name == _STDIN or path.is_file():
            yield name
        elif path.is_dir():
            files = sorted(path.rglob("*"))
            yield from (str(f) for f in files if f.is_file() and f.suffix.lower() in SUFFIXES)
        else:
            # Nothing matched: the name itself goes on, to be reported as missing.
            # pathlib takes no absolute pattern.
            yield from sorted(glob.glob(name, recursive=True)) or [name]  # noqa: PTH207


def _unique(stem: str, taken: set[str]) -> str:
    name, number = stem, 2
    while name in taken:
        name, number = f"{stem}-{number}", number + 1
    taken.add(name)
    return name
