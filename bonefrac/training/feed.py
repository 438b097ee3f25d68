"""The batches of a training and of its validation, as its settings say."""

from collections.abc import Sequence
from functools import reduce
from typing import Any

from bonefrac.data.augment import STRENGTHS
from bonefrac.data.pipeline import Share, eval_batches, foreground_shares, mixed_batches
from bonefrac.data.sources import Source
from bonefrac.training.compiled import window
from bonefrac.training.settings import Settings


def training_shares(settings: Settings, sources: Sequence[Source]) -> list[Share]:
    """What an epoch draws from each data set."""
    shares = [Share(source.data, source.train, source.draws) for source in sources]
    if not settings.foreground:
        return shares
    return foreground_shares(shares, foreground=settings.foreground, batch_size=settings.batch_size)


def training_batches(
    settings: Settings,
    shares: Sequence[Share],
    *,
    heads: Sequence[str],
    first_epoch: int,
    stop: int,
) -> Any:
    """The batches of some epochs: crops, where the settings say so.

    Args:
        settings: of the training.
        shares: from `training_shares`.
        heads: the outputs of the network.
        first_epoch: 0, or where a training goes on.
        stop: the epoch to stop before.
    """
    return mixed_batches(
        shares,
        image_size=settings.image_size,
        batch_size=settings.batch_size,
        seed=settings.seed,
        first_epoch=first_epoch,
        epochs=stop,
        strength=STRENGTHS[settings.augment],
        heads=heads,
        crop=settings.crop,
    )


def validation_batches(
    settings: Settings, sources: Sequence[Source], *, heads: Sequence[str]
) -> Any:
    """All validation radiographs, whole, or in windows for a network that takes no other size."""
    tile = window(settings)
    batches = [
        eval_batches(
            source.data,
            source.validation,
            image_size=settings.image_size,
            batch_size=settings.batch_size if tile else whole_batch_size(settings),
            heads=heads,
            window=tile,
        )
        for source in sources
    ]
    return reduce(lambda one, other: one.concatenate(other), batches)


def whole_batch_size(settings: Settings) -> int:
    """How many whole radiographs have no more pixels than a batch of crops; at least one."""
    if not settings.crop:
        return settings.batch_size
    return max(1, settings.batch_size * settings.crop**2 // settings.image_size**2)
