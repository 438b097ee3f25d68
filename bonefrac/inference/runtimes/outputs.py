"""What every export answers, by its names."""

import numpy as np

from bonefrac import schema

MAKE_AGAIN = "Train or export it again"  # the fix for every damaged model


def answer_of(outputs: dict[str, np.ndarray]) -> tuple[np.ndarray, float]:
    """Mask probability [S, S] and fracture probability of the first of a batch."""
    mask = outputs[schema.MASK_PROBABILITY][0, ..., 0]
    return mask, float(outputs[schema.FRACTURE_PROBABILITY][0, 0])
