"""`bonefrac-export`: a trained model into files that run elsewhere."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bonefrac.cli.options import FOLDER, Command, load_tensorflow, version_option
from bonefrac.schema import EXPORT_DIR, RUN_FILE

if TYPE_CHECKING:
    from bonefrac.data.store import DataFolder
    from bonefrac.inference.card import Card


@click.command(cls=Command)
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--savedmodel", is_flag=True, help="SavedModel for TensorFlow Serving.")
@click.option("--tflite", is_flag=True, help="TFLite for phones and browsers.")
@click.option("--keras", "keras_file", is_flag=True, help="One .keras file for Python.")
@click.option(
    "-q",
    "--quantize",
    type=click.Choice(["none", "float16", "dynamic", "int8"]),
    default="none",
    show_default=True,
    help="Of the TFLite file.",
)
@click.option(
    "--data",
    type=FOLDER,
    help="Data folder whose radiographs prove the export. Default: that of the training.",
)
@click.option("-o", "--output", type=FOLDER, help="Folder to write to. Default: RUN/export.")
@version_option
def export(
    model: Path,
    savedmodel: bool,
    tflite: bool,
    keras_file: bool,
    quantize: str,
    data: Path | None,
    output: Path | None,
) -> None:
    """Export MODEL, a run or model folder.

    Each file is compared with the network on real radiographs before it gets its name.

    \b
    bonefrac-export runs/unet --savedmodel --tflite
    bonefrac-export runs/unet --tflite --quantize int8
    """
    if not (savedmodel or tflite or keras_file):
        raise click.UsageError("Nothing to export: give --savedmodel, --tflite or --keras.")
    load_tensorflow()
    from bonefrac.artifacts import export as artefact
    from bonefrac.artifacts.tflite import CALIBRATION_IMAGES
    from bonefrac.inference.runtimes import open_network

    folder, network = open_network(model)
    card = network.card
    card.require_fracture()
    source = _proof_data(folder, data)
    count = CALIBRATION_IMAGES if quantize == "int8" else artefact.PARITY_IMAGES
    squares = artefact.real_squares(
        source, _proof_split(source, card), image_size=card.image_size, count=count
    )
    target = output or folder.parent / EXPORT_DIR
    jobs = []
    if savedmodel:
        jobs.append(lambda: artefact.export_savedmodel(network, target, squares))
    if tflite:
        jobs.append(lambda: artefact.export_tflite(network, target, squares, quantize=quantize))
    if keras_file:
        jobs.append(lambda: artefact.export_keras(network, target, squares))
    for job in jobs:
        path, parity = job()
        size = sum(p.stat().st_size for p in [path, *path.rglob("*")] if p.is_file())
        click.echo(f"{path}  {size / 1e6:.2f} MB\n  {parity}")


def _proof_data(folder: Path, data: Path | None) -> "DataFolder":
    from bonefrac.data.store import open_data
    from bonefrac.errors import BonefracError

    if data is not None:
        return open_data(data)
    run = folder.parent / RUN_FILE
    if run.is_file():
        for recorded in json.loads(run.read_text(encoding="utf-8"))["data"]["paths"]:
            if Path(recorded).is_dir():
                return open_data(Path(recorded))
    raise BonefracError(
        f"The data that {folder} was trained on are not here",
        expected="radiographs to prove the export on",
        fix="Give a data folder with --data; bonefrac-data build phantom draws one",
    )


def _proof_split(source: "DataFolder", card: "Card") -> str:
    """The validation split of the data that the model was trained on; all of any other data."""
    for part in card.data.get("parts", [card.data]):
        if part["sha256"] == source.sha256:
            return part["validation"]
    return "+".join(source.counts)
