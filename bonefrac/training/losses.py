"""Losses from logits: what a network is punished for, with the paper of each.

Targets t are 0 or 1 (a coarse mask too) or, from a teacher, between them; x are logits,
p = sigmoid(x), sums and means run over the places of one image. Each answers with one loss an
image, float32 whatever the network's precision, and is finite with a finite gradient at any
finite logit.
"""

from typing import Any

import keras
from keras import ops

# Where a target is empty, a focal loss is divided by the area of a fracture at the median of
# FracAtlas, as share of the picture: the paper divides by the positives of the whole batch.
_USUAL_SHARE = 0.0025


@keras.saving.register_keras_serializable("bonefrac")
class CrossEntropy(keras.losses.Loss):
    """Binary cross-entropy: mean of -w t log p - (1 - t) log(1 - p).

    Args:
        positive_weight: w, how much more a place or an image with a fracture counts.
        name: of the loss.
    """

    def __init__(self, *, positive_weight: float = 1.0, name: str = "bce") -> None:
        super().__init__(name=name)
        self.positive_weight = positive_weight

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Targets and logits of one shape [B, ...] -> loss [B]."""
        return ops.mean(_cross_entropy(y_true, y_pred, self.positive_weight), _places(y_true))

    def get_config(self) -> dict[str, Any]:
        """Keras' configuration."""
        return {"positive_weight": self.positive_weight, "name": self.name}


@keras.saving.register_keras_serializable("bonefrac")
class Focal(keras.losses.Loss):
    """Focal loss (Lin 2017, arXiv 1708.02002): what is easy counts little.

    sum of -a t (1 - p)^g log p - (1 - a) (1 - t) p^g log(1 - p), divided by the number of
    positives as in the paper; at least by the area of a usual fracture, so that an image without
    one does not outweigh all others.

    Args:
        alpha: a, the weight of a positive place.
        gamma: g, 0 or more; at 0 it is a weighted cross-entropy.
        name: of the loss.
    """

    def __init__(self, *, alpha: float = 0.25, gamma: float = 2.0, name: str = "focal") -> None:
        super().__init__(name=name)
        self.alpha, self.gamma = alpha, gamma

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Targets and logits, both [B, H, W, 1] -> loss [B]."""
        places = _places(y_true)
        # -log p and -log(1 - p); a power of p would have no gradient at 0.
        missed, alarmed = ops.softplus(-y_pred), ops.softplus(y_pred)
        positive = self.alpha * y_true * ops.exp(-self.gamma * alarmed) * missed
        negative = (1 - self.alpha) * (1 - y_true) * ops.exp(-self.gamma * missed) * alarmed
        usual = _USUAL_SHARE * ops.sum(ops.ones_like(y_true), places)
        return ops.sum(positive + negative, places) / ops.maximum(ops.sum(y_true, places), usual)

    def get_config(self) -> dict[str, Any]:
        """Keras' configuration."""
        return {"alpha": self.alpha, "gamma": self.gamma, "name": self.name}


@keras.saving.register_keras_serializable("bonefrac")
class Overlap(keras.losses.Loss):
    """How far the outline is from overlapping the true one, beside cross-entropy.

    (1 - T)^e where the target has a fracture, with the Tversky index (Salehi 2017, arXiv
    1706.05721) T = (sum p t + s) / (sum p t + a sum p (1 - t) + b sum (1 - p) t + s). With a = b =
    0.5 it is the soft Dice of Milletari 2016 (arXiv 1606.04797) without squares; e below 1 makes
    the focal Tversky loss (Abraham 2018, arXiv 1810.07842), whose gamma is 1 / e.

    Where the target is empty, T is near 0 whatever a network with few false pixels answers, and
    teaches nothing: cross-entropy, which alone says how few, stands there in its place. Deviation
    from all three papers, whose every image has something to find.

    Args:
        false_alarm: a, the weight of a pixel outlined for nothing.
        missed: b, the weight of a pixel missed.
        exponent: e.
        smooth: s, in pixels.
        with_cross_entropy: add it everywhere, not only where the target is empty.
        positive_weight: of `CrossEntropy`.
        name: of the loss.
    """

    def __init__(
        self,
        *,
        false_alarm: float = 0.5,
        missed: float = 0.5,
        exponent: float = 1.0,
        smooth: float = 0.5,
        with_cross_entropy: bool = False,
        positive_weight: float = 1.0,
        name: str = "overlap",
    ) -> None:
        super().__init__(name=name)
        self.false_alarm, self.missed, self.exponent = false_alarm, missed, exponent
        self.smooth, self.with_cross_entropy = smooth, with_cross_entropy
        self.positive_weight = positive_weight

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Targets and logits, both [B, H, W, 1] -> loss [B]."""
        places = _places(y_true)
        found = _something(y_true)
        entropy = ops.mean(_cross_entropy(y_true, y_pred, self.positive_weight), places)
        overlap = _power(1 - self._tversky(y_true, ops.sigmoid(y_pred)), self.exponent)
        return (1.0 if self.with_cross_entropy else 1 - found) * entropy + found * overlap

    def _tversky(self, t: Any, p: Any) -> Any:
        places = _places(t)
        both = ops.sum(p * t, places)
        alarms, misses = ops.sum(p * (1 - t), places), ops.sum((1 - p) * t, places)
        errors = self.false_alarm * alarms + self.missed * misses
        return (both + self.smooth) / (both + errors + self.smooth)

    def get_config(self) -> dict[str, Any]:
        """Keras' configuration."""
        return {
            "false_alarm": self.false_alarm,
            "missed": self.missed,
            "exponent": self.exponent,
            "smooth": self.smooth,
            "with_cross_entropy": self.with_cross_entropy,
            "positive_weight": self.positive_weight,
            "name": self.name,
        }


@keras.saving.register_keras_serializable("bonefrac")
class Boundary(keras.losses.Loss):
    """Cross-entropy and overlap that count more near an outline's edge.

    The structure loss of Wei 2020 (F3Net, arXiv 1911.11445): with w = 1 + l |m - t|, m the mean of
    t in a square window, sum w BCE / sum w + (1 - (sum w p t + 1) / (sum w (p + t - p t) + 1)).
    m differs from t where both fracture and none are near, and more so the thinner the fracture.
    Deviation: the second term is left out where the target is empty, as in `Overlap`.

    Args:
        reach: l.
        window: side of the square, pixels, odd. The paper's 31 is for pictures of 352 pixels and
            larger things.
        positive_weight: of `CrossEntropy`.
        name: of the loss.
    """

    def __init__(
        self,
        *,
        reach: float = 5.0,
        window: int = 15,
        positive_weight: float = 1.0,
        name: str = "boundary",
    ) -> None:
        super().__init__(name=name)
        self.reach, self.window, self.positive_weight = reach, window, positive_weight

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Targets and logits, both [B, H, W, 1] -> loss [B]."""
        places = _places(y_true)
        w, p = self._edges(y_true), ops.sigmoid(y_pred)
        entropy = ops.sum(w * _cross_entropy(y_true, y_pred, self.positive_weight), places)
        both = ops.sum(w * p * y_true, places)
        either = ops.sum(w * (p + y_true - p * y_true), places)
        overlap = 1 - (both + 1) / (either + 1)
        return entropy / ops.sum(w, places) + _something(y_true) * overlap

    def _edges(self, t: Any) -> Any:
        # Padded by hand: backends disagree on whether a mean counts its padding.
        side = self.window // 2
        padded = ops.pad(t, [[0, 0], [side, side], [side, side], [0, 0]])
        near = ops.average_pool(padded, self.window, 1, "valid", data_format="channels_last")
        return 1 + self.reach * ops.abs(near - t)

    def get_config(self) -> dict[str, Any]:
        """Keras' configuration."""
        return {
            "reach": self.reach,
            "window": self.window,
            "positive_weight": self.positive_weight,
            "name": self.name,
        }


def _places(values: Any) -> tuple[int, ...]:
    return tuple(range(1, len(values.shape)))


def _cross_entropy(t: Any, x: Any, positive_weight: float) -> Any:
    # Each softplus keeps its digits where it is small; relu(x) - x t + ... loses them, and has no
    # gradient at 0.
    return positive_weight * t * ops.softplus(-x) + (1 - t) * ops.softplus(x)


def _something(t: Any) -> Any:
    return ops.cast(ops.max(t, _places(t)) >= 0.5, t.dtype)


def _power(base: Any, exponent: float) -> Any:
    """0 or more to an exponent; 0 at 0 with a finite slope, which x^0.75 has not."""
    base = ops.relu(base)  # rounding can leave an index a little above 1
    if exponent == 1:
        return base
    small = 1e-6
    return ops.power(base + small, exponent) - small**exponent
