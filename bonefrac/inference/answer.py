"""What models say about one radiograph, and how far they agree."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Answer:
    """The mean of one or more answers.

    Probabilities are averaged, not logits: the mean is that of a mixture of models (deep ensembles,
    Lakshminarayanan 2017, arXiv 1612.01474), one answer near 0 cannot outvote all others, and every
    runtime gives probabilities. The mean is less extreme than the votes, so thresholds fitted to a
    single answer do not fit it exactly.

    Attributes:
        mask: mean probability of each pixel, float [H, W] in 0..1.
        votes: calibrated probability of a fracture, one an answer, float [N] in 0..1.
    """

    mask: np.ndarray
    votes: np.ndarray

    @property
    def probability(self) -> float:
        """Mean of the votes."""
        return float(np.mean(self.votes))

    @property
    def uncertainty(self) -> float | None:
        """Standard deviation of the votes, 0 to 0.5; None where there is only one."""
        return float(np.std(self.votes)) if len(self.votes) > 1 else None
