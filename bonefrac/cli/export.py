"""`bonefrac-export`: a trained model into files that run elsewhere."""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from bonefrac.cli.export_jobs import proof_data, write_all
from bonefrac.cli.options import FOLDER, Command, load_tensorflow, version_option
from bonefrac.cli.table import print_table
from bonefrac.schema import EXPORT_DIR, EXPORT_PLOT, EXPORT_REPORT, MODEL_DIR

_TFLITE = ("tflite", "tflite-float16", "tflite-dynamic", "tflite-int8")
_ONNX_EXTRA = ("onnx", "onnxruntime", "tf2onnx")


@click.command(cls=Command)
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--savedmodel", is_flag=True, help="SavedModel for TensorFlow Serving.")
@click.option("--tflite", is_flag=True, help="TFLite for phones and browsers.")
@click.option("--onnx", is_flag=True, help="ONNX, for ONNX Runtime and Triton; extra 'onnx'.")
@click.option("--keras", is_flag=True, help="One .keras file for Python.")
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="All of them, TFLite in all four forms; ONNX where its extra is installed.",
)
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
    answers, and a Dice and an AUC that did not fall. What was found is kept in export.json and
    export.md beside the files.

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
    failed = 0
    if kinds:
        source = proof_data(folder, options["data"])
        failed = write_all(network, kinds, source=source, target=target, options=options)
    if not failed or (target / EXPORT_REPORT).is_file():
        _tell(report.read(target), target, options)
    if failed:
        raise SystemExit(1)


def _tell(told: dict[str, Any], target: Path, options: dict[str, Any]) -> None:
    if options["as_json"]:
        click.echo(json.dumps(told))
    elif options["compare"]:
        _print_comparison(told)
    if options["compare"]:
        _plot(told, target / EXPORT_PLOT, quiet=options["as_json"])


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
        return ["savedmodel", "keras", *_TFLITE, *_onnx_if_installed()]
    tflite = "tflite" if options["quantize"] == "none" else f"tflite-{options['quantize']}"
    asked = {"savedmodel": "savedmodel", "tflite": tflite, "onnx": "onnx", "keras": "keras"}
    return [kind for option, kind in asked.items() if options[option]]


def _onnx_if_installed() -> list[str]:
    absent = [name for name in _ONNX_EXTRA if find_spec(name) is None]
    if not absent:
        return ["onnx"]
    click.echo(
        f"Left out ONNX: {', '.join(absent)} not installed (pip install 'bonefrac[onnx]').",
        err=True,
    )
    return []


def _print_comparison(told: dict[str, Any]) -> None:
    from bonefrac.artifacts.report import COLUMNS, comparison

    print_table([list(COLUMNS), *comparison(told)])


def _plot(told: dict[str, Any], path: Path, *, quiet: bool) -> None:
    from bonefrac.artifacts.plot import draw_comparison

    if draw_comparison(told, path) and not quiet:
        click.echo(f"Plot: {path}")
