"""The card of a model: what it is, how to read its answers, how good it is and on what."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bonefrac.errors import BonefracError
from bonefrac.inference.finding import Thresholds
from bonefrac.schema import CARD_FORMAT, CLASS_NAMES, FRACTURE, MASK, NOT_A_DEVICE


@dataclass(frozen=True)
class Card:
    """What travels with the weights; without it a model is not a model.

    Attributes:
        name: of the model.
        preset: what `build_model` takes.
        overrides: arguments of the preset that were replaced.
        image_size: side of the square that a radiograph is fitted to, pixels.
        temperature: divides the fracture logit before the sigmoid.
        bias: is added then.
        thresholds: where the verdict changes.
        window: side of the windows that the network answers by; 0 where it takes the whole square.
        scores: split -> score -> value, interval, baseline; of several data sets together, and of
            each as "test of <name>".
        data: name, SHA-256 and splits of the data it was trained on; `parts` of several.
        training: command, seed and settings.
        versions: of the libraries.
        created: date, ISO 8601.
    """

    name: str
    preset: str
    image_size: int
    temperature: float
    thresholds: Thresholds
    bias: float = 0.0
    window: int = 0
    overrides: dict[str, Any] = field(default_factory=dict)
    scores: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    created: str = ""

    @property
    def input_size(self) -> int:
        """Side of the square that the network itself takes, pixels."""
        return self.window or self.image_size

    def require_fracture(self) -> None:
        """Refuse a model that was never taught what a fracture is.

        Raises:
            BonefracError: its data knew no fracture, so it has no heads for one.
        """
        heads = self.overrides.get("heads", (MASK, FRACTURE))
        if not {MASK, FRACTURE} <= set(heads):
            raise BonefracError(
                f"{self.name} has the heads {', '.join(heads)}: its data knew no fracture label",
                expected=f"the heads {MASK} and {FRACTURE}",
                fix="Train on data with fracture labels; its network, load_model(...).model, is "
                "an encoder",
            )

    def to_json(self) -> str:
        """The text of `card.json`."""
        head = {"format": CARD_FORMAT, "class_names": CLASS_NAMES, "use": NOT_A_DEVICE}
        return json.dumps({**head, **asdict(self)}, indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str, *, source: str) -> "Card":
        """Read a card.

        Args:
            text: JSON.
            source: where it came from, for the error.

        Raises:
            BonefracError: it is no card, or one of a later format.
        """
        try:
            raw = json.loads(text)
            if raw.pop("format") > CARD_FORMAT:
                raise _error(source, "a card of a later format", "Update bonefrac")
            for key in ("class_names", "use"):
                raw.pop(key, None)
            return cls(**{**raw, "thresholds": Thresholds(**raw["thresholds"])})
        except (json.JSONDecodeError, TypeError, KeyError, AttributeError) as error:
            fix = "Export the model again"
            raise _error(source, f"no model card ({type(error).__name__}: {error})", fix) from None

    @classmethod
    def read(cls, path: Path) -> "Card":
        """Read `card.json`.

        Raises:
            BonefracError: it is missing or no card.
        """
        if not path.is_file():
            raise _error(str(path.parent), f"no {path.name}", "Export the model again")
        return cls.from_json(path.read_text(encoding="utf-8"), source=str(path))


def _error(source: str, received: str, fix: str) -> BonefracError:
    return BonefracError(f"{source} has {received}", expected=f"format {CARD_FORMAT}", fix=fix)
