"""What every export answers, by its names."""

import numpy as np

from bonefrac import schema

MAKE_AGAIN = "Train or export it again"  # the fix for every damaged model


def answer_of(outputs: dict[str, np.ndarray]) -> tuple[np.ndarray, float]:
    """Mask probability [S, S] and fracture probability of the first of a batch."""
    masks, probabilities = answers_of(outputs)
    return masks[0], float(probabilities[0])


def answers_of(outputs: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Mask probabilities [N, S, S] and fracture probabilities [N] of a batch."""
    return outputs[schema.MASK_PROBABILITY][..., 0], outputs[schema.FRACTURE_PROBABILITY][:, 0]
