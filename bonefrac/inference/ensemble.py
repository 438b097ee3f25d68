"""Several models as one: the card that speaks for all of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bonefrac.inference.card import Card
from bonefrac.inference.finding import Thresholds

JOINED = "+"


def members(path: Path) -> list[Path]:
    """The models that a path names: itself, or those joined by `+` (`runs/unet+runs/vit`)."""
    if JOINED not in str(path) or path.exists():
        return [path]
    return [Path(name) for name in str(path).split(JOINED)]


def joint_card(cards: Sequence[Card]) -> Card:
    """The card of an ensemble; of one model, its own.

    The thresholds are the means of the members', a guess that stands until
    `bonefrac-evaluate --calibrate` fits them to the mean answer. The temperature is 1: every member
    applies its own before the mean.

    Args:
        cards: of the members, at least one.

    Raises:
        BonefracError: a member that knows no fractures.
    """
    if len(cards) == 1:
        return cards[0]
    for card in cards:
        card.require_fracture()
    names = ("sure", "doubt", "mask")
    means = {n: float(np.mean([getattr(c.thresholds, n) for c in cards])) for n in names}
    return Card(
        name=" + ".join(card.name for card in cards),
        preset=" + ".join(card.preset for card in cards),
        image_size=max(card.image_size for card in cards),
        temperature=1.0,
        thresholds=Thresholds(**means),
        data={"parts": _joint_data([card.data for card in cards])},
        training={"members": [card.training.get("command", "") for card in cards]},
        created=max(card.created for card in cards),
    )


def _joint_data(data: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What was seen of each data set: unseen is only what no member has seen."""
    parts: dict[Any, list[dict[str, Any]]] = {}
    for of_one in data:
        for part in of_one.get("parts", [of_one]):
            key = part.get("split_sha256") or part.get("sha256") or part.get("name")
            parts.setdefault(key, []).append(part)
    return [_seen(same) for same in parts.values()]


def _seen(parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Test is what is test for all; validation, what is either for all; the rest was trained on."""
    tests = [set(part.get("test", "").split("+")) for part in parts]
    held = [
        test | set(part.get("validation", "").split("+"))
        for test, part in zip(tests, parts, strict=True)
    ]
    test = set.intersection(*tests)
    validation = set.intersection(*held) - test
    return {**parts[0], "test": "+".join(sorted(test)), "validation": "+".join(sorted(validation))}
