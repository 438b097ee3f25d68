"""`bonefrac models`: list the networks that can be trained, and show one."""

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bonefrac.cli.options import Command, Group, load_tensorflow, version_option
from bonefrac.cli.table import print_table
from bonefrac.errors import BonefracError
from bonefrac.models.presets import PRESETS, get_preset

if TYPE_CHECKING:
    import keras


@click.group(cls=Group, invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON list.")
@version_option
@click.pass_context
def models(ctx: click.Context, as_json: bool) -> None:
    """List the presets: parameters, and multiply-accumulates at 256x256.

    \b
    bonefrac models
    bonefrac models show attention_unet_small --output attention_unet_small.png
    """
    if ctx.invoked_subcommand is None:
        _list(as_json=as_json)
    elif as_json:
        raise click.UsageError("--json lists the presets; leave it out to show one.")


@models.command(cls=Command)
@click.argument("name")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="PNG to write; NAME.png in this folder unless given.",
)
@click.option(
    "--image-size",
    type=click.IntRange(16),
    default=256,
    show_default=True,
    help="Side of the square input, pixels.",
)
def show(name: str, output: Path | None, image_size: int) -> None:
    """Print the layers of the preset NAME with trainable parameters and MACs, and draw it.

    KerasCV's networks are one layer here and have no picture.

    \b
    bonefrac models show unet_base
    bonefrac models show vit_small_patch16 --image-size 384 --output vit.png
    """
    foreign = get_preset(name).builder.startswith("baselines:")
    if foreign and output:
        raise BonefracError(
            f"A picture of {name}",
            expected="an architecture of bonefrac's own",
            fix="Leave --output out to list its layers",
        )
    picture = _png(output or Path(f"{name}.png"))
    load_tensorflow()
    from bonefrac.models.diagram import write_png
    from bonefrac.models.presets import build_model

    model = build_model(name, image_size=image_size)
    _print_layers(model)
    if not foreign:
        write_png(model, picture)
        click.echo(f"Picture: {picture}")


def _png(path: Path) -> Path:
    if path.suffix.lower() != ".png":
        raise BonefracError(f"Picture {path}", expected="a name in .png", fix="Change its ending")
    return path


def _list(*, as_json: bool) -> None:
    if as_json:
        fields = ("params", "gmacs", "reference", "summary")
        rows = [{"name": n, **{f: getattr(p, f) for f in fields}} for n, p in PRESETS.items()]
        click.echo(json.dumps(rows))
        return
    header = ("preset", "parameters", "GMACs", "reference", "for")
    lines = [
        (name, f"{p.params:,}", f"{p.gmacs:.2f}", p.reference, p.summary.removeprefix("for "))
        for name, p in PRESETS.items()
    ]
    print_table([header, *lines], right=(1, 2))


def _print_layers(model: "keras.Model") -> None:
    """A row a layer, in the order of the graph, and the sums."""
    import keras

    from bonefrac.models.macs import layer_macs

    macs = layer_macs(model)
    params = {layer.name: _trainable(layer) for layer in model.layers}
    rows: list[tuple[str, ...]] = [("layer", "type", "output", "parameters", "MACs")]
    for layer in model.layers:
        name, times = layer.name, len(macs.get(layer.name, []))
        kind = type(layer).__name__ + (f" ×{times}" if times > 1 else "")
        shape = " ".join(_shape(x) for x in keras.tree.flatten(layer.output))
        rows.append((name, kind, shape, f"{params[name]:,}", f"{sum(macs[name]):,}"))
    sums = sum(params.values()), sum(sum(counts) for counts in macs.values())
    rows.append(("total", f"{len(model.layers)} layers", "", *(f"{total:,}" for total in sums)))
    print_table(rows, right=(3, 4))


def _shape(tensor: Any) -> str:
    return "×".join(str(side) for side in tensor.shape[1:])


def _trainable(layer: "keras.Layer") -> int:
    return sum(math.prod(weight.shape) for weight in layer.trainable_weights)
