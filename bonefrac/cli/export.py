"""`bonefrac-export`: a trained model into files that run elsewhere."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bonefrac.cli.options import (
    FOLDER,
    Command,
    command_line,
    load_tensorflow,
    progress_bar,
    version_option,
)
from bonefrac.errors import BonefracError, in_one_line
from bonefrac.schema import EXPORT_DIR, EXPORT_PLOT, MODEL_DIR, RUN_FILE

if TYPE_CHECKING:
    from bonefrac.artifacts.export import Exported, Terms
    from bonefrac.data.store import DataFolder
    from bonefrac.inference.card import Card
    from bonefrac.inference.runtimes import KerasRuntime

_TFLITE = ("tflite", "tflite-float16", "tflite-dynamic", "tflite-int8")


@click.command(cls=Command)
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--savedmodel", is_flag=True, help="SavedModel for TensorFlow Serving.")
@click.option("--tflite", is_flag=True, help="TFLite for phones and browsers.")
@click.option("--onnx", is_flag=True, help="ONNX, for ONNX Runtime and Triton; extra 'onnx'.")
@click.option("--keras", is_flag=True, help="One .keras file for Python.")
@click.option("--all", "everything", is_flag=True, help="All of them, TFLite in all four forms.")
@click.option(
    "-q",
    "--quantize",
    type=click.Choice(["none", "float16", "dynamic", "int8"]),
    default="none",
    show_default=True,
    help="Of the TFLite file.",
)
@click.option(
    "--image-size",
    "sizes",
    multiple=True,
    type=click.IntRange(16),
    help="Side of the square that it takes, pixels; several make several. Default: as trained.",
)
@click.option(
    "--data",
    type=FOLDER,
    help="Data folder whose radiographs prove the export. Default: that of the training.",
)
@click.option(
    "--split", help="Of the data.  [default: validation; all of data it was not trained on]"
)
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=300,
    show_default=True,
    help="Radiographs to score each artefact on.",
)
@click.option(
    "--max-fall",
    type=click.FloatRange(0, 1),
    default=0.01,
    show_default=True,
    help="Of Dice or AUC; an artefact that loses more is not written.",
)
@click.option("--force", is_flag=True, help="Write it all the same; its report says so.")
@click.option("--compare", is_flag=True, help="Print one table of all artefacts, and plot them.")
@click.option("--json", "as_json", is_flag=True, help="The report as JSON instead of text.")
@click.option("-o", "--output", type=FOLDER, help="Folder to write to. Default: RUN/export.")
@version_option
def export(model: Path, **options: Any) -> None:
    """Export MODEL: a run folder, a model folder, or the name of a model that comes with bonefrac.

    Each file is held against the network on real radiographs before it gets its name: the same
    answers, and Dice, AUC and verdicts that did not fall. What was found is kept in export.json
    and export.md beside the files.

    \b
    bonefrac-export runs/unet --tflite
    bonefrac-export runs/unet --tflite --quantize int8 --image-size 192 --image-size 256
    bonefrac-export runs/unet --all --compare
    """
    kinds = _kinds(options)
    if not kinds and not options["compare"]:
        raise click.UsageError(
            "Nothing to export: give --savedmodel, --tflite, --onnx, --keras or --all."
        )
    target = options["output"] or _beside(model)
    load_tensorflow()
    from bonefrac.artifacts import report
    from bonefrac.inference.runtimes import open_network

    folder, network = open_network(model)
    network.card.require_fracture()
    failures = []
    if kinds:
        source = _proof_data(folder, options["data"])
        failures = _export(network, kinds, source, target, options)
    told = report.read(target)
    if options["as_json"]:
        click.echo(json.dumps(told))
    elif options["compare"]:
        _print_comparison(told)
    if options["compare"]:
        _plot(told, target / EXPORT_PLOT, quiet=options["as_json"])
    if len(failures) == 1:
        raise failures[0]
    if failures:
        raise SystemExit(1)


def _beside(model: Path) -> Path:
    """Where the exports of a run go."""
    from bonefrac.inference.shipped import shipped_folder

    if shipped_folder(model):
        raise click.UsageError(f"{model} comes with bonefrac: say where to with --output.")
    run = model if (model / MODEL_DIR).is_dir() else model.parent
    return run / EXPORT_DIR


def _kinds(options: dict[str, Any]) -> list[str]:
    """What is asked for, as `bonefrac.artifacts.kinds` names it."""
    if options["everything"]:
        return ["savedmodel", "keras", *_TFLITE, "onnx"]
    tflite = "tflite" if options["quantize"] == "none" else f"tflite-{options['quantize']}"
    asked = {"savedmodel": "savedmodel", "tflite": tflite, "onnx": "onnx", "keras": "keras"}
    return [kind for option, kind in asked.items() if options[option]]


def _export(
    network: "KerasRuntime",
    kinds: Sequence[str],
    source: "DataFolder",
    target: Path,
    options: dict[str, Any],
) -> list[BonefracError]:
    """Write every artefact in every size; what could not be written."""
    from bonefrac.artifacts import export as artefact
    from bonefrac.artifacts import report
    from bonefrac.artifacts.proof import Proof
    from bonefrac.artifacts.tflite import CALIBRATION_IMAGES

    split = options["split"] or _proof_split(source, network.card)
    heading = {
        "command": command_line(),
        "model": network.card.name,
        "data": source.name,
        "split": split,
        "most_fall": options["max_fall"],
        "versions": _versions(),
    }
    trained = network.card.image_size
    failures = []
    with progress_bar(transient=True) as progress:
        proof = Proof(source, split, options["limit"], progress)
        terms = artefact.Terms(proof, options["max_fall"], options["force"])
        for size in dict.fromkeys(options["sizes"] or [trained]):
            resized = artefact.at_size(network, size)
            squares = artefact.real_squares(
                source, split, image_size=size, count=CALIBRATION_IMAGES
            )
            for kind in kinds:
                try:
                    made = _one(kind, resized, target, squares, terms, trained)
                except BonefracError as error:
                    failures.append(error)
                    if len(kinds) > 1:
                        click.echo(f"Error: {in_one_line(error)}", err=True)
                    continue
                report.keep(target, [made], heading=heading)
                if not options["as_json"]:
                    click.echo(_line(made))
    return failures


def _one(
    kind: str,
    network: "KerasRuntime",
    target: Path,
    squares: Any,
    terms: "Terms",
    trained: int,
) -> "Exported":
    from bonefrac.artifacts import export as artefact

    return artefact.export(kind, network, target, squares, terms=terms, trained_size=trained)


def _line(made: "Exported") -> str:
    proof = made.told["proof"]
    changes = ", ".join(
        f"{name} {proof['changes'][key]['value']:+.4f}"
        for key, name in (("dice", "Dice"), ("auc", "AUC"))
        if proof["changes"].get(key, {}).get("value") is not None
    )
    forced = f"\n  forced: {made.told['forced']}" if made.told["forced"] else ""
    return (
        f"{made.path}  {made.told['bytes'] / 1e6:.2f} MB\n  {made.parity}\n"
        f"  on {proof['images']} radiographs: {changes or 'no scores'}, "
        f"{proof['verdicts_changed']} verdicts changed{forced}"
    )


def _print_comparison(told: dict[str, Any]) -> None:
    from bonefrac.artifacts.report import COLUMNS, comparison

    rows = [list(COLUMNS), *comparison(told)]
    widths = [max(len(row[k]) for row in rows) for k in range(len(COLUMNS))]
    for row in rows:
        click.echo("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip())


def _plot(told: dict[str, Any], path: Path, *, quiet: bool) -> None:
    from bonefrac.artifacts.plot import draw_comparison

    if draw_comparison(told, path) and not quiet:
        click.echo(f"Plot: {path}")


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    from bonefrac import __version__

    names = ("tensorflow", "keras", "ai-edge-litert")
    return {"bonefrac": __version__, **{name: version(name) for name in names}}


def _proof_data(folder: Path, data: Path | None) -> "DataFolder":
    from bonefrac.data.store import open_data

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
