"""Options of `bonefrac-train` that say where it starts, how it runs and how it stops."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import click

from bonefrac.cli.options import add_options, command_line


def finetune_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what a network starts from, how much of that it keeps, and whom it learns from."""
    return add_options(
        command,
        click.option(
            "--finetune",
            metavar="FOLDER",
            help="Run or model folder whose weights to start from, as far as they fit; or "
            "'imagenet' for the encoder of unet_efficientnet_lite0.",
        ),
        click.option(
            "--freeze",
            type=click.Choice(["encoder"]),
            help="Part of the network that learns nothing.",
        ),
        click.option(
            "--encoder-rate",
            type=click.FloatRange(0, 1, min_open=True),
            default=1.0,
            show_default=True,
            help="Learning rate of the encoder, as a share of --learning-rate.",
        ),
        click.option(
            "--teacher",
            metavar="MODEL",
            help="Run or model folder, or model of the package, whose answers are learned beside "
            "the truth.",
        ),
        click.option(
            "--teacher-share",
            type=click.FloatRange(0, 1, min_open=True),
            default=0.5,
            show_default=True,
            help="Of what is aimed at, what the teacher says; the rest is the truth.",
        ),
        click.option(
            "--hint",
            type=click.FloatRange(0),
            default=0.0,
            show_default=True,
            help="Weight in the loss of how unlike the teacher's the deepest maps are; 0 for none.",
        ),
    )


def running_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add how a training runs."""
    return add_options(
        command,
        click.option(
            "--devices",
            type=click.IntRange(1),
            default=1,
            show_default=True,
            help="Devices that share each batch.",
        ),
        click.option(
            "--checkpoint-minutes",
            type=click.FloatRange(0, min_open=True),
            default=10.0,
            show_default=True,
            help="Between checkpoints within an epoch; one follows each epoch anyway.",
        ),
        click.option(
            "--preview-every",
            type=click.IntRange(0),
            default=5,
            show_default=True,
            help="Epochs between pictures of what is outlined in validation; 0 for none.",
        ),
        click.option("--tensorboard", is_flag=True, help="Write TensorBoard events too."),
    )


@contextlib.contextmanager
def say_how_to_go_on(ctx: click.Context) -> Iterator[None]:
    """End a training that a signal stops in one line, with a signal's exit code."""
    import signal

    from bonefrac.training.interrupt import Stopped

    try:
        yield
    except Stopped as stopped:
        _say(f": {stopped.where}")
        ctx.exit(128 + stopped.signum)
    except KeyboardInterrupt:
        _say("; the last checkpoint is whole")
        ctx.exit(128 + signal.SIGINT)


def _say(where: str) -> None:
    words = command_line()
    again = words if "--resume" in words.split() else f"{words} --resume"
    click.echo(f"Stopped{where}. Go on with: {again}", err=True)
