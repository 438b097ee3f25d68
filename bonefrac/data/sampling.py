"""Which examples an epoch draws, and in whose turn: shares of data sets, and of fractures."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from bonefrac.data.labels import fractured
from bonefrac.data.store import DataFolder
from bonefrac.errors import BonefracError


class Share(NamedTuple):
    """What an epoch draws from one data set: so many examples of a split.

    Attributes:
        data: the data set.
        split: of it.
        draws: examples an epoch.
        members: bool [N], which examples of the split; None for all.
        foreground: whether every member shows a fracture.
    """

    data: DataFolder
    split: str
    draws: int
    members: np.ndarray | None = None
    foreground: bool = False

    @property
    def size(self) -> int:
        """Examples to draw from."""
        whole = self.data.size(self.split)
        return whole if self.members is None else int(np.count_nonzero(self.members))


def mixed_steps(shares: Sequence[Share], batch_size: int) -> int:
    """Full batches in one epoch.

    Raises:
        BonefracError: there are fewer examples than one batch takes.
    """
    examples = sum(share.draws for share in shares)
    steps = examples // batch_size
    if steps == 0:
        where = ", ".join(f"{share.split} of {share.data.path}" for share in shares)
        raise BonefracError(
            f"{examples} examples in {where}",
            expected=f"at least one batch of {batch_size}",
            fix="Lower --batch-size or use more data",
        )
    return steps


def foreground_shares(
    shares: Sequence[Share], *, foreground: float, batch_size: int
) -> list[Share]:
    """The same number of batches, so large a share of each fractured.

    Both halves of a batch are drawn from the data sets in the proportions in which an epoch would
    have drawn them anyway.

    Args:
        shares: what an epoch would draw.
        foreground: above 0, at most 1; rounded to whole examples, at least one.
        batch_size: of the batches.

    Returns:
        Each share in two, the fractured examples and the others; those without draws left out.

    Raises:
        BonefracError: no example is fractured, or all are.
    """
    steps = mixed_steps(shares, batch_size)
    wanted = max(1, round(foreground * batch_size))
    shown = [fractured(share.data, share.split) for share in shares]
    found: list[Share] = []
    for is_foreground, draws in ((True, steps * wanted), (False, steps * (batch_size - wanted))):
        members = [flags == is_foreground for flags in shown]
        rates = [share.draws * which.mean() for share, which in zip(shares, members, strict=True)]
        if draws and not any(rates):
            kind = "fractured" if is_foreground else "without a fracture"
            raise BonefracError(
                f"No training radiograph that is {kind}",
                expected=f"some, for {wanted} fractured of {batch_size} in each batch",
                fix="Leave --foreground out, or use other data",
            )
        dealt = _deal(draws, np.array(rates))
        found += [
            share._replace(draws=int(count), members=which, foreground=is_foreground)
            for share, which, count in zip(shares, members, dealt, strict=True)
            if count
        ]
    return found


def turns(shares: Sequence[Share], seed: int, epoch: tf.Tensor, batch_size: int) -> tf.Tensor:
    """Which share each example of an epoch comes from, int64: a function of (seed, epoch).

    Where some shares are of fractures alone, every batch has as many of theirs as any other, at
    even distances.
    """
    # No data set has this key; each has its number.
    key = tf.random.fold_in([seed, -1], epoch)
    numbers = np.repeat(np.arange(len(shares)), [share.draws for share in shares])
    front = np.repeat([share.foreground for share in shares], [share.draws for share in shares])
    if front.all() or not front.any():
        return _shuffled(numbers, key)
    steps = len(numbers) // batch_size
    parts = [
        tf.reshape(_shuffled(numbers[which], part), [steps, -1])
        for which, part in zip((front, ~front), tf.unstack(tf.random.split(key, 2)), strict=True)
    ]
    places = _spread(*(part.shape[1] for part in parts))
    return tf.reshape(tf.gather(tf.concat(parts, axis=1), places, axis=1), [-1])


def _shuffled(numbers: np.ndarray, key: tf.Tensor) -> tf.Tensor:
    return tf.random.experimental.stateless_shuffle(tf.constant(numbers, tf.int64), key)


def _spread(first: int, second: int) -> np.ndarray:
    """An order of `first + second` columns in which the first ones lie at even distances."""
    at = [(np.arange(count) + 0.5) / count for count in (first, second)]
    return np.argsort(np.concatenate(at), kind="stable")


def _deal(total: int, rates: np.ndarray) -> np.ndarray:
    """`total` in whole parts, as near to the proportions as can be."""
    if total == 0:
        return np.zeros(len(rates), int)
    exact = total * rates / rates.sum()
    parts = np.floor(exact).astype(int)
    largest = np.argsort(parts - exact, kind="stable")[: total - parts.sum()]
    parts[largest] += 1
    return parts
