"""The options of `bonefrac-train` that say what is optimised, and on which pixels."""

import tomllib
from collections.abc import Callable
from typing import Any

import click

from bonefrac.cli.options import add_options
from bonefrac.schema import IMAGE_HEADS, MASK_LOSSES, PRECISIONS, SCHEDULES

_POSITIVE = click.FloatRange(0, min_open=True)
_OPTIONS = (
    click.option(
        "--loss",
        type=click.Choice(MASK_LOSSES),
        default="dice_bce",
        show_default=True,
        help="Of the mask.",
    ),
    click.option(
        "--positive-weight",
        type=_POSITIVE,
        default=1.0,
        show_default=True,
        help="How much more a fractured radiograph counts in the loss of the label.",
    ),
    click.option(
        "--pixel-weight",
        type=_POSITIVE,
        default=1.0,
        show_default=True,
        help="How much more a pixel of a fracture counts in the cross-entropy of the mask.",
    ),
    click.option(
        "--deep-supervision/--no-deep-supervision",
        default=False,
        show_default=True,
        help="Teach the mask at the coarser resolutions too.",
    ),
    click.option(
        "--image-head",
        type=click.Choice(IMAGE_HEADS),
        default="deep",
        show_default=True,
        help="Where the label looks for evidence: the deepest maps, or those of full size.",
    ),
    click.option(
        "--override",
        multiple=True,
        metavar="NAME=VALUE",
        help="Argument of the preset to replace, such as num_layers=6; may be given several times.",
    ),
    click.option(
        "--schedule",
        type=click.Choice(SCHEDULES),
        default="cosine",
        show_default=True,
        help="Of the learning rate, after the warm-up.",
    ),
    click.option(
        "--warmup",
        type=click.IntRange(0),
        help="Updates until the learning rate is at its peak. Default: a tenth, at most 500.",
    ),
    click.option(
        "--weight-decay",
        type=click.FloatRange(0),
        default=1e-4,
        show_default=True,
        help="Of AdamW, times the learning rate.",
    ),
    click.option(
        "--clip-norm",
        type=click.FloatRange(0),
        default=1.0,
        show_default=True,
        help="Largest norm of all gradients together; 0 for any.",
    ),
    click.option(
        "--ema",
        type=click.FloatRange(0, 1, max_open=True),
        default=0.0,
        show_default=True,
        help="Momentum of the moving average of the weights, which then answers; 0 for none.",
    ),
    click.option(
        "--accumulate",
        type=click.IntRange(1),
        default=1,
        show_default=True,
        help="Batches that make one update.",
    ),
    click.option(
        "--precision",
        type=click.Choice(PRECISIONS),
        default="float32",
        show_default=True,
        help="Of the computation; weights and logits stay float32.",
    ),
    click.option(
        "--validate-every",
        type=click.IntRange(1),
        default=1,
        show_default=True,
        help="Epochs between validations; one follows the last epoch anyway.",
    ),
    click.option(
        "--patience",
        type=click.IntRange(0),
        default=0,
        show_default=True,
        help="Stop after so many epochs without a better one; 0 for never.",
    ),
    click.option(
        "--foreground",
        type=click.FloatRange(0, 1),
        default=0.0,
        show_default=True,
        help="Share of each batch that shows a fracture; 0 for as many as there are.",
    ),
    click.option(
        "--crop",
        type=click.IntRange(0),
        default=0,
        show_default=True,
        help="Train on squares of so many pixels, cut out of --image-size; 0 for all of it.",
    ),
    click.option(
        "--sliding/--no-sliding",
        default=False,
        show_default=True,
        help="Answer in windows of --crop pixels, also where the network takes any size.",
    ),
)


def objective_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options, in this order."""
    return add_options(command, *_OPTIONS)


def as_settings(values: dict[str, Any]) -> dict[str, Any]:
    """The values of all options as arguments of `bonefrac.training.settings.Settings`.

    Raises:
        click.UsageError: options that only make sense with another one, or an override that is
            none.
    """
    if values["sliding"] and not values["crop"]:
        raise click.UsageError("--sliding needs --crop: it is the size of a window.")
    if values["hint"] and not values["teacher"]:
        raise click.UsageError("--hint needs --teacher: whose maps are to be learned.")
    chosen = {name: values[name] for name in values.keys() - {"image_head", "override"}}
    image_head = values["image_head"]
    overrides: dict[str, Any] = {} if image_head == "deep" else {"image_head": image_head}
    for text in values["override"]:
        overrides |= _override(text)
    return {**chosen, "overrides": overrides}


def _override(text: str) -> dict[str, Any]:
    """An argument and its value, written as in TOML."""
    try:
        ((name, value),) = tomllib.loads(text).items()
    except ValueError:  # no TOML, or not one value
        raise click.UsageError(
            f"--override {text}: give a name and a value of TOML, such as num_layers=6 or "
            "filters=[8,16,32]."
        ) from None
    return {name: value}
