"""Stateless augmentation: a random op draws its parameters, then calls its deterministic twin.

Images are float32 [S, S, 1] in 0..255, masks uint8 [S, S, 1] of 0 and 1, seeds int [2]: the same
seed gives the same draw, whatever ran before. Each op is a module's `random_x` and its twin `x`.
"""

from bonefrac.data.augment.chain import random_augment
from bonefrac.data.augment.paste import random_paste
from bonefrac.data.augment.strength import NONE, STRENGTHS, Strength

__all__ = ["NONE", "STRENGTHS", "Strength", "random_augment", "random_paste"]
