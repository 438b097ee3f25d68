"""What `bonefrac-export` does: every form in every size, whatever becomes of the others."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bonefrac.cli.options import command_line, progress_bar
from bonefrac.errors import BonefracError, in_one_line
from bonefrac.schema import RUN_FILE

if TYPE_CHECKING:
    from bonefrac.artifacts.export import Exported, Terms
    from bonefrac.data.store import DataFolder
    from bonefrac.inference.card import Card
    from bonefrac.inference.runtimes import KerasRuntime


def write_all(
    network: "KerasRuntime",
    kinds: Sequence[str],
    *,
    source: "DataFolder",
    target: Path,
    options: dict[str, Any],
) -> int:
    """Write every artefact in every size, and tell of each as soon as it is there or has failed.

    Args:
        network: to export.
        kinds: as `bonefrac.artifacts.kinds` names them.
        source: the radiographs that prove them.
        target: folder to write into.
        options: of the command: `split`, `sizes`, `limit`, `max_fall`, `force` and `as_json`.

    Returns:
        How many have failed.
    """
    from bonefrac.artifacts import report
    from bonefrac.artifacts.export import Terms
    from bonefrac.artifacts.proof import Proof

    split = options["split"] or proof_split(source, network.card)
    ranges = calibration_split(source, split, network.card)
    heading = _heading(network.card, source, options) | {"split": split, "calibration": ranges}
    failed = 0
    with progress_bar(transient=True) as progress:
        proof = Proof(source, split, options["limit"], progress)
        terms = Terms(proof, options["max_fall"], options["force"])
        for size in dict.fromkeys(options["sizes"] or [network.card.image_size]):
            for made in _of_one_size(network, kinds, size, terms, target, ranges):
                if isinstance(made, Exception):
                    failed += 1
                    click.echo(f"Error: {in_one_line(made)}", err=True)
                    continue
                report.keep(target, [made], heading=heading)
                if not options["as_json"]:
                    click.echo(_line(made))
    return failed


def _of_one_size(
    network: "KerasRuntime",
    kinds: Sequence[str],
    size: int,
    terms: "Terms",
    target: Path,
    ranges: str,
) -> "Iterator[Exported | Exception]":
    """Each artefact, or why there is none; one error where the network does not take the size."""
    from bonefrac.artifacts.export import PARITY_IMAGES, at_size, export, real_squares
    from bonefrac.artifacts.tflite import CALIBRATION_IMAGES

    assert terms.proof is not None
    data, split = terms.proof.data, terms.proof.split
    try:
        resized = at_size(network, size)
        squares = real_squares(data, split, image_size=size, count=PARITY_IMAGES)
        calibration = squares
        if "tflite-int8" in kinds:
            calibration = real_squares(data, ranges, image_size=size, count=CALIBRATION_IMAGES)
    except BonefracError as error:
        yield error
        return
    for kind in kinds:
        try:
            yield export(
                kind,
                resized,
                target,
                squares,
                calibration=calibration,
                terms=terms,
                trained_size=network.card.image_size,
            )
        except (BonefracError, OSError) as error:
            yield error


def proof_data(folder: Path, data: Path | None) -> "DataFolder":
    """The data folder that was given, or that a model folder's training is known to have used.

    Raises:
        BonefracError: none was given, and the training's is not here.
    """
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


def proof_split(source: "DataFolder", card: "Card") -> str:
    """The validation split of the data that the model was trained on; all of any other data."""
    from bonefrac.evaluation.provenance import trained_on

    own = trained_on(card, source)
    return own["validation"] if own else "+".join(source.counts)


def calibration_split(source: "DataFolder", split: str, card: "Card") -> str:
    """Where the ranges of integers are found: radiographs neither scored nor held back, if any are.

    Ranges that were found on the radiographs that an artefact is then scored on flatter it.
    """
    from bonefrac.evaluation.provenance import trained_on

    own = trained_on(card, source) or {}
    held = {
        *split.split("+"),
        *own.get("validation", "").split("+"),
        *own.get("test", "").split("+"),
    }
    return "+".join(name for name in source.counts if name not in held) or split


def _heading(card: "Card", source: "DataFolder", options: dict[str, Any]) -> dict[str, Any]:
    from importlib.metadata import version

    from bonefrac import __version__

    names = ("tensorflow", "keras", "ai-edge-litert")
    return {
        "command": command_line(),
        "model": card.name,
        "data": source.name,
        "most_fall": options["max_fall"],
        "versions": {"bonefrac": __version__, **{name: version(name) for name in names}},
    }


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
