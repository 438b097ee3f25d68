"""`bonefrac-predict`: radiographs in, findings out. Each module brings its options."""

import sys
from typing import TYPE_CHECKING

import click

from bonefrac.cli.options import Command, version_option
from bonefrac.cli.predict_model import ModelChoice, model_options
from bonefrac.cli.predict_output import OutputChoice, output_options

if TYPE_CHECKING:
    from bonefrac.inference.batch.sources import Source


@click.command(cls=Command)
@click.argument("images", nargs=-1)
@click.option("--image", "more", multiple=True, help="A radiograph; may be given several times.")
@model_options
@output_options
@click.option("--jobs", default=1, show_default=True, type=click.IntRange(1), help="Processes.")
@version_option
def predict(
    images: tuple[str, ...],
    more: tuple[str, ...],
    model: ModelChoice,
    output: OutputChoice,
    jobs: int,
) -> None:
    """Find fractures on IMAGES: files, folders, globs, a DICOMDIR, or - for one picture on stdin.

    DICOM, PNG, JPEG and TIFF. A picture that cannot be read is reported and the rest goes on;
    the exit code is then 1. Research use only, not a medical device.

    \b
    bonefrac-predict --model runs/unet --image xray.jpg --output out
    bonefrac-predict --model unet.tflite --json folder/ > findings.jsonl
    """
    from bonefrac.inference.batch.job import Job, run

    sources = _sources([*images, *more], output)
    failed = 0
    for outcome in run(Job(model, output.output), sources, jobs=jobs):
        output.tell(outcome)
        failed += outcome.record is None
    if failed and len(sources) > 1:
        click.echo(f"{failed} of {len(sources)} radiographs failed", err=True)
    sys.exit(1 if failed else 0)


def _sources(names: list[str], output: OutputChoice) -> "list[Source]":
    from bonefrac.inference.batch.sources import find_sources

    stdin = iter(sys.stdin.buffer.read, None)
    sources = find_sources(names, stdin=stdin, leave_out=output.output)
    if not sources:
        raise click.UsageError("No radiograph: give a file, a folder, a glob or - for stdin.")
    return sources
