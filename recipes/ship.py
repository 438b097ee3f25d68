"""Put a trained model among those that come with the package: weights, TFLite, card.

    python recipes/ship.py runs/unet_small unet_small.fracatlas --data data/fracatlas

Weights are kept in 16 bits, and the .tflite is made from what is kept. The card's command becomes
that of `recipes/<name>.toml`; scores, thresholds and data stay.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import h5py
import numpy as np

from bonefrac import schema, storage
from bonefrac.artifacts.export import export_tflite, real_squares
from bonefrac.data.store import open_data
from bonefrac.inference.card import Card
from bonefrac.inference.runtimes import open_network
from bonefrac.inference.shipped import WEIGHTS

PROOF = 16  # radiographs on which the .tflite must answer as the weights do
_LARGE = 1024  # values; what is smaller is mostly normalisation, and gains nothing


@click.command()
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("name")
@click.option("--data", required=True, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--quantize",
    type=click.Choice(["float16", "dynamic", "int8"]),
    default="float16",
    show_default=True,
    help="How the .tflite keeps its weights.",
)
def ship(run: Path, name: str, data: Path, quantize: str) -> None:
    """Ship the model of the run folder RUN as NAME."""
    folder, network = open_network(run)
    card = _shipped_card(network.card, name)
    source = open_data(data)
    squares = real_squares(source, card.data["validation"], image_size=card.image_size, count=PROOF)
    target = WEIGHTS / name
    with storage.write_aside(target) as aside:
        aside.mkdir(parents=True)
        _halve(folder / schema.WEIGHTS_FILE, aside / schema.WEIGHTS_FILE)
        (aside / schema.CARD_FILE).write_text(card.to_json(), encoding="utf-8")
        storage.write_manifest(aside)
        _, kept = open_network(aside)
        tflite, parity = export_tflite(kept, aside, squares, quantize=quantize)
        tflite.rename(aside / schema.SHIPPED_TFLITE)
        storage.write_manifest(aside)
    size = sum(path.stat().st_size for path in target.iterdir())
    click.echo(f"{target}  {size / 1e6:.2f} MB\n  {parity}")


def _halve(source: Path, target: Path) -> None:
    """Copy Keras weights, the large ones as float16, which Keras reads as it reads float32."""
    with h5py.File(source) as there, h5py.File(target, "w") as here:

        def copy(name: str, item: Any) -> None:
            if isinstance(item, h5py.Group):
                copied: Any = here.require_group(name)
            elif item.size < _LARGE or item.dtype != np.float32:
                copied = here.create_dataset(name, data=item[()])
            else:
                values = item[()].astype(np.float16)
                copied = here.create_dataset(name, data=values, compression="gzip", shuffle=True)
            copied.attrs.update(item.attrs)

        there.visititems(copy)
        here.attrs.update(there.attrs)


def _shipped_card(card: Card, name: str) -> Card:
    """The card under its new name, with the command that anybody can repeat."""
    command = (
        f"bonefrac-train --recipe recipes/{name}.toml --data data/{card.data['name']} "
        f"--workdir runs/{name}"
    )
    training = {**card.training, "command": command}
    training.pop("calibrated", None)  # a training does so itself today
    return replace(card, name=name, training=training)


if __name__ == "__main__":
    ship()
