"""Put a trained model among those that come with the package: weights, float16 TFLite, card.

    python recipes/ship.py runs/unet_small unet_small.fracatlas --data data/fracatlas

The card's command becomes that of `recipes/<name>.toml`; scores, thresholds and data stay.
"""

import shutil
from dataclasses import replace
from pathlib import Path

import click

from bonefrac import schema, storage
from bonefrac.artifacts.export import export_tflite, real_squares
from bonefrac.data.store import open_data
from bonefrac.inference.card import Card
from bonefrac.inference.runtimes import KerasRuntime, open_network
from bonefrac.inference.shipped import WEIGHTS

PROOF = 16  # radiographs on which the .tflite must answer as the weights do


@click.command()
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("name")
@click.option("--data", required=True, type=click.Path(exists=True, path_type=Path))
def ship(run: Path, name: str, data: Path) -> None:
    """Ship the model of the run folder RUN as NAME."""
    folder, network = open_network(run)
    card = _shipped_card(network.card, name)
    source = open_data(data)
    squares = real_squares(source, card.data["validation"], image_size=card.image_size, count=PROOF)
    target = WEIGHTS / name
    with storage.write_aside(target) as aside:
        aside.mkdir(parents=True)
        tflite, parity = export_tflite(
            KerasRuntime(network.model, card), aside, squares, quantize="float16"
        )
        tflite.rename(aside / schema.SHIPPED_TFLITE)
        shutil.copy(folder / schema.WEIGHTS_FILE, aside)
        (aside / schema.CARD_FILE).write_text(card.to_json(), encoding="utf-8")
        storage.write_manifest(aside)
    size = sum(path.stat().st_size for path in target.iterdir())
    click.echo(f"{target}  {size / 1e6:.2f} MB\n  {parity}")


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
