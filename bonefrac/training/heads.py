"""What each head of a network learns by, and which heads the data can teach."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import keras

from bonefrac import schema
from bonefrac.data.targets import mask_level
from bonefrac.errors import BonefracError
from bonefrac.training.losses import CrossEntropy
from bonefrac.training.mask_loss import mask_loss
from bonefrac.training.metrics import ForegroundDice
from bonefrac.training.settings import Settings

# A whole-picture label says little about where; at weight 1 it drowned the mask's first epochs.
_LABEL_WEIGHT = 0.2
# One standard deviation of bone age weighs as much as one nat of a label.
_SPREAD_MONTHS = 40.0


@dataclass(frozen=True)
class Lesson:
    """How one head is taught.

    Attributes:
        loss: makes the loss; it is multiplied by `weight`.
        metric: makes the metric that training shows, called "<head>_<name of the metric>".
        merit: 0..1 from the metric's value, higher is better.
    """

    loss: Callable[[], keras.losses.Loss]
    weight: float
    metric: Callable[[], keras.metrics.Metric]
    merit: Callable[[float], float] = float


def _auc() -> keras.metrics.Metric:
    return keras.metrics.AUC(from_logits=True, name="auc")


LESSONS: Mapping[str, Lesson] = {
    schema.MASK: Lesson(partial(mask_loss, "dice_bce"), 1.0, ForegroundDice),
    schema.FRACTURE: Lesson(CrossEntropy, _LABEL_WEIGHT, _auc),
    schema.ABNORMALITY: Lesson(CrossEntropy, _LABEL_WEIGHT, _auc),
    schema.BONE_AGE_MONTHS: Lesson(
        keras.losses.MeanAbsoluteError,
        _LABEL_WEIGHT / _SPREAD_MONTHS,
        lambda: keras.metrics.MeanAbsoluteError(name="mae"),
        lambda months: _SPREAD_MONTHS / (_SPREAD_MONTHS + months),
    ),
}


def lessons(settings: Settings, outputs: Sequence[str]) -> dict[str, Lesson]:
    """How each output of a network is taught in a training.

    Under deep supervision the mask of level n, half as wide as the one before, weighs half as
    much, and all masks together as much as one: the weights of nnU-Net (Isensee 2021, Nature
    Methods 18:203).

    Args:
        settings: of the training.
        outputs: names of the network's outputs.
    """
    taught = {head: LESSONS[head] for head in outputs if head in LESSONS}
    if schema.FRACTURE in taught:
        label = partial(CrossEntropy, positive_weight=settings.positive_weight)
        taught[schema.FRACTURE] = replace(taught[schema.FRACTURE], loss=label)
    shares = {head: 0.5**level for head in outputs if (level := mask_level(head)) is not None}
    outline = partial(mask_loss, settings.loss, positive_weight=settings.pixel_weight)
    for head, share in shares.items():
        weight = LESSONS[schema.MASK].weight * share / sum(shares.values())
        taught[head] = replace(LESSONS[schema.MASK], loss=outline, weight=weight)
    return taught


def metric_of(head: str) -> str:
    """The name of a head's metric in `metrics.csv`, such as "mask_dice"."""
    return f"{head}_{LESSONS[head].metric().name}"


def full_names(logs: Mapping[str, Any], heads: Sequence[str]) -> dict[str, float]:
    """Keras' values of an epoch; of a network with one output it leaves out the output's name."""
    values = {key: float(value) for key, value in logs.items()}
    if len(heads) == 1:
        (head,) = heads
        short = LESSONS[head].metric().name
        for prefix in ("", "val_"):
            if prefix + short in values:
                values[f"{prefix}{head}_{short}"] = values.pop(prefix + short)
    return values


def selection_score(values: Mapping[str, float], heads: Sequence[str]) -> float:
    """What "best" means: the mean merit in validation, 0..1.

    Of the mask and the fracture label, where the network has one of them: other heads are there
    to help them.
    """
    wanted = [h for h in (schema.MASK, schema.FRACTURE) if h in heads] or list(heads)
    merits = [LESSONS[head].merit(values[f"val_{metric_of(head)}"]) for head in wanted]
    return sum(merits) / len(merits)


def taught_heads(counts: Mapping[str, int]) -> tuple[str, ...]:
    """The heads that a network gets.

    The mask and the fracture label both where a label is known or can be read off an outline (an
    export needs both), and any other that somebody knows.

    Args:
        counts: for each head, how many training examples tell what it is to answer.

    Raises:
        BonefracError: nothing is known of any.
    """
    fracture = counts[schema.FRACTURE] > 0
    told = {head for head, count in counts.items() if count > 0}
    heads = tuple(h for h in LESSONS if h in told or (h == schema.MASK and fracture))
    if not heads:
        raise BonefracError(
            "Training data of which nothing is known",
            expected=f"some radiographs with {', '.join(LESSONS)}",
            fix="Build data with labels",
        )
    return heads
