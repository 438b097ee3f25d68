"""`bonefrac-evaluate`: how good a model is, with intervals and beside what is trivial."""

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

if TYPE_CHECKING:
    from bonefrac.evaluation.jobs import Job, Model

_MODES = ("compare", "pool", "table")


@click.command(cls=Command)
@click.argument("models", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--data", type=FOLDER, help="Data folder of bonefrac-data.")
@click.option(
    "--split",
    help="train, validation, test, all, or splits of the data such as fold0+fold2.  "
    "[default: test; all of data in folds that the model never saw]",
)
@click.option(
    "--fold",
    type=click.IntRange(0),
    help="The fold that 'test' means; the next one is 'validation'.  [default: the model's own]",
)
@click.option(
    "--compare",
    is_flag=True,
    help="Score every model on the same radiographs, and each later one against the first.",
)
@click.option(
    "--pool",
    is_flag=True,
    help="MODELS are those of a k-fold cross-validation: score each on its own test fold, all "
    "folds together.",
)
@click.option(
    "--table",
    is_flag=True,
    help="One Markdown table of MODELS, which may be reports (report.json or its folder).",
)
@click.option(
    "--calibrate",
    metavar="SPLIT",
    help="Fit calibration and thresholds anew on this split, and score at those.",
)
@click.option("--tta", is_flag=True, help="Ask every model in eight views, and take the mean.")
@click.option("--write-card", is_flag=True, help="Keep them in the card of the model folder.")
@click.option(
    "-o", "--output", type=FOLDER, help="Folder for report.html, .md, .json and cases.csv."
)
@click.option(
    "--pictures/--no-pictures",
    default=True,
    show_default=True,
    help="Radiographs in report.html.",
)
@click.option("--json", "as_json", is_flag=True, help="The report as JSON instead of tables.")
@click.option(
    "--rounds",
    type=click.IntRange(100),
    default=1000,
    show_default=True,
    help="Resamples of the intervals.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the resamples.")
@version_option
def evaluate(models: tuple[Path, ...], data: Path | None, **options: Any) -> None:
    """Score MODELS on radiographs that they have not seen.

    MODELS are run folders, model folders, SavedModels, .tflite or .keras files; those joined by +
    answer as one. Every score has a 95 % interval, bootstrapped by patient or group, and stands
    beside what is trivial.

    \b
    bonefrac-evaluate runs/unet --data data/fracatlas --output report
    bonefrac-evaluate runs/unet runs/vit --data data/fracatlas --compare
    bonefrac-evaluate runs/unet runs/unet+runs/vit --data data/fracatlas --compare
    bonefrac-evaluate runs/fold* --data data/fracatlas --pool --output report
    bonefrac-evaluate --table reports/unet reports/vit
    """
    _check(models, data, options)
    if options["table"]:
        click.echo(_table(models, data, options), nl=False)
        return
    assert data is not None
    with progress_bar() as progress:
        job = _job(models, data, options, progress)
        report, cases = _run(job, options)
        if options["output"] is not None:
            _write(job, report, cases, options)
    if options["write_card"]:
        _write_card(job.models[0], cases, data)
    _print(report, options)


def _check(models: Sequence[Path], data: Path | None, options: dict[str, Any]) -> None:
    chosen = [f"--{mode}" for mode in _MODES if options[mode]]
    if len(chosen) > 1:
        raise click.UsageError(f"{' and '.join(chosen)}: choose one.")
    if len(models) > 1 and not chosen:
        raise click.UsageError(
            f"{len(models)} models: add --compare, --pool (the folds of one) or --table."
        )
    if data is None and not options["table"]:
        raise click.UsageError("Missing option '--data'.")
    if options["write_card"] and (chosen or not options["calibrate"]):
        raise click.UsageError("--write-card keeps what --calibrate fits to one model.")
    if options["write_card"] and options["tta"]:
        raise click.UsageError(
            "--write-card keeps what a model is asked once for: leave out --tta."
        )


def _job(models: Sequence[Path], data: Path, options: dict[str, Any], progress: Any) -> "Job":
    load_tensorflow()
    from bonefrac.data.store import open_data
    from bonefrac.evaluation.jobs import Job, open_model

    folder = open_data(data)
    given = {key: options[key] for key in ("split", "fold", "calibrate", "tta")}
    opened = [open_model(path, folder, **given, progress=progress) for path in models]
    job = Job(opened, folder, options["rounds"], options["seed"], command_line(), progress)
    for line in dict.fromkeys(line for model in opened for line in model.choice.warnings):
        click.echo(f"Warning: {line}", err=True)
    return job


def _run(job: "Job", options: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    from bonefrac.evaluation import jobs

    if options["compare"]:
        return jobs.compare(job), None
    return jobs.cross_validate(job) if options["pool"] else jobs.evaluate_one(job)


def _write(job: "Job", report: dict[str, Any], cases: Any, options: dict[str, Any]) -> None:
    from bonefrac.evaluation.jobs import finder
    from bonefrac.evaluation.report.pictures import draw_cases, pick
    from bonefrac.evaluation.report.write import write_report

    pictures = None
    if cases is not None and options["pictures"]:
        pictures = draw_cases(cases, pick(cases), finder(job))
    write_report(report, options["output"], cases=cases, pictures=pictures)


def _write_card(model: "Model", cases: Any, data: Path) -> None:
    from bonefrac.evaluation.observe import outputs_of
    from bonefrac.evaluation.protocol import score
    from bonefrac.evaluation.recalibrate import write_calibration

    calibration, choice = model.observer.calibration, model.choice
    scored = outputs_of(cases, calibration)
    answers = {choice.calibrate: model.fitted, choice.split: scored}
    scores = {split: score(out, calibration) for split, out in answers.items() if out}
    how = f"on {choice.calibrate} of {data.name}: {command_line()}"
    folder = write_calibration(model.path, calibration, scores=scores, how=how)
    click.echo(f"Wrote the card of {folder}", err=True)


def _print(report: dict[str, Any], options: dict[str, Any]) -> None:
    from bonefrac.evaluation.report.terminal import show
    from bonefrac.schema import REPORT_PAGE

    if options["as_json"]:
        click.echo(json.dumps(report, ensure_ascii=False, allow_nan=False))
        return
    show(report)
    if options["output"] is not None:
        click.echo(f"\n{options['output'] / REPORT_PAGE}")


def _table(models: Sequence[Path], data: Path | None, options: dict[str, Any]) -> str:
    from bonefrac.evaluation.report.architectures import architecture_table
    from bonefrac.evaluation.report.write import is_report, read_report

    reports = []
    for path in models:
        if is_report(path):
            reports.append(read_report(path))
            continue
        if data is None:
            raise click.UsageError(f"{path} is no report: add --data to score it as a model.")
        with progress_bar() as progress:
            reports.append(_run(_job([path], data, options, progress), options)[0])
    return architecture_table(reports)
