"""Which radiographs a model is scored on, and whether it has seen them before."""

from dataclasses import dataclass
from typing import Any

from bonefrac import schema
from bonefrac.data.store import DataFolder
from bonefrac.errors import BonefracError
from bonefrac.inference.card import Card

ALL = "all"


@dataclass(frozen=True)
class Choice:
    """What is evaluated.

    Attributes:
        split: split string.
        fit: split string that trivial models are fitted on, "" where nothing is left for them.
        calibrate: split string to fit thresholds on, "" for those of the card.
        warnings: why scores flatter, a line each.
    """

    split: str
    fit: str
    calibrate: str
    warnings: tuple[str, ...] = ()


def trained_on(card: Card, data: DataFolder) -> dict[str, Any] | None:
    """What a card says of a data folder that it was trained on, or None.

    A folder of the same split table is the same data, however it was written.
    """
    for part in card.data.get("parts", [card.data]):
        if part.get("sha256") == data.sha256 or part.get("split_sha256") == data.split_sha256:
            return part
    return None


def known_parts(seen: dict[str, Any], split: str) -> tuple[set[str], set[str]]:
    """Of the parts of a split: those that a model was trained on, and those it was chosen on.

    Args:
        seen: from `trained_on`.
        split: split string.
    """
    parts = set(split.split("+"))
    validation = parts & set(seen["validation"].split("+"))
    return parts - validation - set(seen["test"].split("+")), validation


def choose(
    card: Card,
    data: DataFolder,
    *,
    split: str | None = None,
    fold: int | None = None,
    calibrate: str | None = None,
) -> Choice:
    """Choose the radiographs.

    Args:
        card: of the model.
        data: the data folder.
        split: "train", "validation", "test", "all", or the data's own splits, "fold0+fold2"; None
            takes the test part, and all of data in folds that the model never saw.
        fold: the fold that "test" means; None takes the model's own.
        calibrate: the split to fit thresholds on, named likewise; None keeps those of the card.

    Raises:
        BonefracError: no such split, "test" of folds and nobody says which, or thresholds fitted
            on what is scored.
    """
    seen = trained_on(card, data)
    turn = _turn(data, seen, fold)
    if split is None:
        split = schema.TEST if turn else ALL
    chosen = _split_string(data, split, turn)
    parts = set(chosen.split("+"))
    fit = (turn[0] if turn else "") or "+".join(name for name in data.counts if name not in parts)
    if parts & set(fit.split("+")):
        fit = ""  # a trivial model must not have seen what it is scored on either
    fitted = _split_string(data, calibrate, turn) if calibrate else ""
    if shared := parts & set(fitted.split("+")):
        raise BonefracError(
            f"--calibrate {calibrate}, which is scored too ({', '.join(sorted(shared))})",
            expected="radiographs that are not scored",
            fix="Calibrate on validation and score test",
        )
    return Choice(chosen, fit, fitted, tuple(_warnings(card, data, seen, chosen)))


def _turn(
    data: DataFolder, seen: dict[str, Any] | None, fold: int | None
) -> tuple[str, str, str] | None:
    """Train, validation and test: of a given fold, of the model's own, or None."""
    if fold is not None or not data.in_folds:
        return data.turn(fold or 0)
    if seen is None:
        return None
    return next(
        (turn for turn in map(data.turn, range(len(data.counts))) if turn[2] == seen["test"]), None
    )


def _split_string(data: DataFolder, split: str, turn: tuple[str, str, str] | None) -> str:
    if split == ALL:
        return "+".join(data.counts)
    if split in schema.PARTS and data.in_folds:
        if turn is None:
            raise BonefracError(
                f"--split {split} of {data.path}, which has {len(data.counts)} folds",
                expected="a fold, as the model was not trained on these data",
                fix="Add --fold, or evaluate on --split all",
            )
        return dict(zip(schema.PARTS, turn, strict=True))[split]
    if unknown := [name for name in split.split("+") if name not in data.counts]:
        raise BonefracError(
            f"--split {split} of {data.path} ({', '.join(unknown)} unknown)",
            expected=f"{', '.join(schema.PARTS)}, {ALL}, or {', '.join(data.counts)} joined by +",
            fix="Choose one of these",
        )
    return split


def _warnings(card: Card, data: DataFolder, seen: dict[str, Any] | None, split: str) -> list[str]:
    if seen is None:
        names = [part.get("name") for part in card.data.get("parts", [card.data])]
        if data.name in names:
            return [
                f"{card.name} was trained on another build of {data.name}: whether it has seen "
                "these radiographs cannot be told, and if it has, the scores flatter"
            ]
        return []
    trained, validation = known_parts(seen, split)
    warnings = []
    if trained:
        count = sum(data.counts[name] for name in trained)
        warnings.append(
            f"{card.name} was trained on {count} of these {data.size(split)} radiographs "
            f"({', '.join(sorted(trained))}): the scores flatter"
        )
    if validation:
        warnings.append(
            f"the best epoch and the thresholds of {card.name} were chosen on "
            f"{', '.join(sorted(validation))}: the scores flatter"
        )
    if seen.get("torn_groups"):
        warnings.append(
            f"{seen['torn_groups']} groups lie on both sides of this split: the scores flatter"
        )
    return warnings
