"""`bonefrac-predict`: radiographs in, findings out. Each module brings its options."""

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bonefrac.cli.assess import AssessChoice, assess_options
from bonefrac.cli.dicom_output import DicomChoice, dicom_options
from bonefrac.cli.dicomweb import ArchiveChoice, archive_options
from bonefrac.cli.options import Command, progress_bar, version_option
from bonefrac.cli.predict_batch import BatchChoice, batch_options
from bonefrac.cli.predict_explain import ExplainChoice, explain_options
from bonefrac.cli.predict_model import ModelChoice, model_options
from bonefrac.cli.predict_output import OutputChoice, output_options

if TYPE_CHECKING:
    from bonefrac.inference.batch.job import Job
    from bonefrac.inference.batch.sources import Source


@click.command(cls=Command)
@click.argument("images", nargs=-1)
@click.option("--image", "more", multiple=True, help="A radiograph; may be given several times.")
@model_options
@assess_options
@output_options
@explain_options
@dicom_options
@batch_options
@archive_options
@version_option
def predict(
    images: tuple[str, ...],
    more: tuple[str, ...],
    model: ModelChoice,
    assess: AssessChoice,
    output: OutputChoice,
    explain: ExplainChoice,
    dicom: DicomChoice,
    batch: BatchChoice,
    archive: ArchiveChoice,
) -> None:
    """Find fractures on IMAGES: files, folders, globs, a DICOMDIR, or - for one picture on stdin.

    DICOM, PNG, JPEG and TIFF. A picture that cannot be read is reported and the rest goes on;
    the exit code is then 1. What --output holds from an earlier run is not done again.
    Research use only, not a medical device.

    \b
    bonefrac-predict --image xray.jpg --output out
    bonefrac-predict --model runs/unet --image xray.jpg --output out
    bonefrac-predict --model unet.tflite --json folder/ > findings.jsonl
    bonefrac-predict --model unet.tflite --jobs 4 --output out --csv out.csv archive/
    bonefrac-predict --model unet.tflite --dicomweb URL --study UID --store seg,sr,sc
    """
    from bonefrac.inference.batch.job import Job

    names = [*images, *more]
    if archive.url is not None and names:
        raise click.UsageError("--dicomweb goes without IMAGES.")
    asked, deliver = assess.gated(model), archive.delivery()
    writers = (*explain.writers(model, output, asked=asked), *dicom.writers(output.output))
    sources = _sources(names, output) if archive.url is None else archive.sources()
    guarded = batch.guarded([source.name for source in sources])
    job = Job(asked, output.output, writers, deliver, again=batch.again, guarded=guarded)
    sys.exit(1 if _work(job, sources, output, jobs=min(batch.jobs, len(sources))) else 0)


def _work(job: "Job", sources: "list[Source]", output: OutputChoice, *, jobs: int) -> int:
    """Tell each finding; how many there are none of."""
    from bonefrac.inference.batch.job import run

    several = len(sources) > 1
    bar = progress_bar(transient=True) if several else contextlib.nullcontext()
    failed = kept = 0
    with output.open() as tell, bar as progress:
        for done, outcome in enumerate(run(job, sources, jobs=jobs), start=1):
            tell(outcome)
            failed, kept = failed + (outcome.record is None), kept + outcome.is_kept
            if progress is not None:
                progress("images", done, len(sources))
    if kept:
        click.echo(f"{kept} of {len(sources)} radiographs were done before", err=True)
    if failed and several:
        click.echo(f"{failed} of {len(sources)} radiographs failed", err=True)
    return failed


def _sources(names: list[str], output: OutputChoice) -> "list[Source]":
    from bonefrac.inference.batch.sources import find_sources, is_same

    for name in names:
        if output.output is not None and Path(name).is_dir() and is_same(Path(name), output.output):
            raise click.UsageError("--output is a folder of radiographs: give another one.")
    stdin = iter(sys.stdin.buffer.read, None)
    sources = find_sources(names, stdin=stdin, leave_out=output.output)
    if not sources:
        raise click.UsageError("No radiograph: give a file, a folder, a glob or - for stdin.")
    return sources
