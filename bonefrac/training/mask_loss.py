"""The losses of a mask, by name."""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

import keras

from bonefrac.errors import BonefracError
from bonefrac.training.losses import Boundary, CrossEntropy, Focal, Overlap

# The names are those of `schema.MASK_LOSSES`. Tversky and its focal form have the weights that
# their papers found best.
LOSSES: Mapping[str, Callable[..., keras.losses.Loss]] = MappingProxyType(
    {
        "dice_bce": partial(Overlap, with_cross_entropy=True, name="dice_bce"),
        "bce": CrossEntropy,
        "dice": partial(Overlap, name="dice"),
        "tversky": partial(Overlap, false_alarm=0.3, missed=0.7, name="tversky"),
        "focal": Focal,
        "focal_tversky": partial(
            Overlap, false_alarm=0.3, missed=0.7, exponent=0.75, name="focal_tversky"
        ),
        "boundary": Boundary,
    }
)
# Those with a cross-entropy where there is a fracture: only there can its pixels weigh more.
_WEIGHABLE = ("dice_bce", "bce", "boundary")


def mask_loss(name: str, *, positive_weight: float = 1.0) -> keras.losses.Loss:
    """The loss of a mask.

    Args:
        name: of `LOSSES`.
        positive_weight: how much more a pixel of a fracture counts in the cross-entropy.

    Raises:
        BonefracError: a weight for a loss that has no cross-entropy to weigh.
    """
    if positive_weight == 1:
        return LOSSES[name]()
    if name not in _WEIGHABLE:
        raise BonefracError(
            f"A pixel weight of {positive_weight:g} for the loss {name}",
            expected=f"one of {', '.join(_WEIGHABLE)}",
            fix="Leave --pixel-weight out, or choose one of them",
        )
    return LOSSES[name](positive_weight=positive_weight)
