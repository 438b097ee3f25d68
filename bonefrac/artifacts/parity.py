"""Proof that an artefact answers as the network it was made from."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass

import numpy as np

from bonefrac.errors import BonefracError
from bonefrac.evaluation.scores import dice
from bonefrac.inference.runtimes import Runtime


@dataclass(frozen=True)
class Tolerance:
    """How far an artefact may be off.

    Attributes:
        mask: largest mean difference of an image's mask probabilities.
        probability: largest difference of the fracture probability.
        agreement: smallest Dice between both masks, pooled over all images.
    """

    mask: float
    probability: float
    agreement: float


EXACT = Tolerance(mask=1e-4, probability=1e-3, agreement=0.999)
TOLERANCES = {
    "none": EXACT,
    # A network with sharp outlines of small lesions was off by 0.0051, agreed to 0.985, where its
    # Dice on 697 radiographs moved by 0.0007 and its AUC by 0.0005.
    "float16": Tolerance(mask=1e-3, probability=1e-2, agreement=0.98),
    "dynamic": Tolerance(mask=5e-3, probability=5e-2, agreement=0.95),
    "int8": Tolerance(mask=1e-2, probability=1e-1, agreement=0.90),
}


@dataclass(frozen=True)
class Parity:
    """What a comparison found.

    Attributes:
        images: how many were compared.
        mask: largest mean difference of an image's mask probabilities.
        mask_max: largest difference of one pixel.
        probability: largest difference of the fracture probability.
        agreement: Dice between both masks, pooled over all images; 1 where both are empty.
    """

    images: int
    mask: float
    mask_max: float
    probability: float
    agreement: float

    def __str__(self) -> str:
        return (
            f"{self.images} images: mask probability off by {self.mask:.1e} on average in the "
            f"worst image and {self.mask_max:.1e} at most, fracture probability by "
            f"{self.probability:.1e}, masks agree to Dice {self.agreement:.4f}"
        )


def compare(artefact: Runtime, reference: Runtime, squares: Iterable[np.ndarray]) -> Parity:
    """Let both answer for the same squares, float32 [S, S] in 0..255."""
    threshold = reference.card.thresholds.mask
    means, peaks, probabilities, counts = [], [], [], np.zeros(3)
    for square in squares:
        (mask, probability), (expected, wanted) = artefact(square), reference(square)
        difference = np.abs(mask - expected)
        means.append(difference.mean())
        peaks.append(difference.max())
        probabilities.append(abs(probability - wanted))
        a, b = mask >= threshold, expected >= threshold
        counts += [(a & b).sum(), a.sum(), b.sum()]
    return Parity(
        images=len(means),
        mask=float(max(means)),
        mask_max=float(max(peaks)),
        probability=float(max(probabilities)),
        agreement=float(dice(*counts)),
    )


def require(parity: Parity, tolerance: Tolerance, *, name: str) -> None:
    """Refuse an artefact that is off by more than allowed.

    Raises:
        BonefracError: with what was found and what is allowed.
    """
    fine = (
        parity.mask <= tolerance.mask
        and parity.probability <= tolerance.probability
        and parity.agreement >= tolerance.agreement
    )
    if not fine:
        raise BonefracError(
            f"{name} does not answer as its network ({parity})",
            expected=", ".join(f"{k} {v:g}" for k, v in asdict(tolerance).items()),
            fix="Nothing was written; try a milder --quantize, or --force",
        )
