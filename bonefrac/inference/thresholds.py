"""Where a model's verdict changes."""

from dataclasses import asdict, dataclass
from numbers import Real

from bonefrac.errors import BonefracError
from bonefrac.schema import VERDICT_DOUBT, VERDICT_FRACTURE, VERDICT_NONE


@dataclass(frozen=True)
class Thresholds:
    """Where a model's verdict changes; calibrated on validation data and kept in its card.

    Attributes:
        sure: probability from which the verdict is "fracture".
        doubt: probability from which it is "doubt"; at most `sure`.
        mask: probability from which a pixel belongs to a lesion.

    Raises:
        BonefracError: one lies outside 0..1, or `doubt` lies above `sure`.
    """

    sure: float
    doubt: float
    mask: float

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            require_probability(f"threshold {name}", value)
        if self.sure < self.doubt:
            received = f"threshold sure = {self.sure} below doubt = {self.doubt}"
            raise BonefracError(received, expected="doubt <= sure", fix="Swap them")

    def verdict(self, probability: float) -> str:
        """The verdict for a calibrated probability, one of `schema.VERDICT_*`."""
        if probability >= self.sure:
            return VERDICT_FRACTURE
        return VERDICT_DOUBT if probability >= self.doubt else VERDICT_NONE


def require_probability(name: str, value: float) -> None:
    """Refuse what is no probability.

    Args:
        name: of the value, for the error.

    Raises:
        BonefracError: it lies outside 0..1, is NaN, or is no number.
    """
    if not (isinstance(value, Real) and 0 <= value <= 1):
        fix = "Check the model and its card"
        raise BonefracError(f"{name} = {value}", expected="a number from 0 to 1", fix=fix)
