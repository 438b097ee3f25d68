"""What an export costs: scores of artefact and network on the same real radiographs."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bonefrac.data.store import DataFolder
from bonefrac.errors import BonefracError
from bonefrac.evaluation.cases import Cases
from bonefrac.evaluation.compare import differences
from bonefrac.evaluation.evaluate import entry
from bonefrac.evaluation.figures import figures
from bonefrac.evaluation.observe import Observer, Progress, observe
from bonefrac.evaluation.resample import resample
from bonefrac.inference.predictor import Predictor
from bonefrac.inference.runtimes import Runtime

IMAGES = 300
MOST_FALL = 0.01  # of Dice or AUC, in its estimate
SCORES = ("auc", "dice", "accuracy")


@dataclass
class Proof:
    """Radiographs that say what an export costs.

    Attributes:
        data: the data folder.
        split: split string.
        limit: how many radiographs, the first of the split; its order is that of a hash.
        progress: told of the radiographs done.
    """

    data: DataFolder
    split: str
    limit: int = IMAGES
    progress: Progress | None = None
    _known: dict[int, Cases] = field(default_factory=dict, repr=False)

    def cases(self, runtime: Runtime, *, of: str) -> Cases:
        """What a runtime answers; a network is asked once for each size."""
        progress = self.progress
        told = progress and (lambda _, done, total: progress(f"radiographs, {of}", done, total))
        return observe(
            Observer(Predictor(runtime)), self.data, self.split, limit=self.limit, progress=told
        )

    def measure(self, artefact: Runtime, network: Runtime, *, name: str) -> dict[str, Any]:
        """Scores of an artefact, and what it lost.

        Returns:
            `images`, `fractured`, `scores` and `changes` (score -> value, low, high; changes are
            the artefact's less the network's, resampled together), and `verdicts_changed`.
        """
        size = network.card.image_size
        if size not in self._known:
            self._known[size] = self.cases(network, of="network")
        reference, own = self._known[size], self.cases(artefact, of=name)
        found = {key: figure for key, figure in figures(own).items() if key in SCORES}
        sampled = resample({key: figure.statistic for key, figure in found.items()}, own.group)
        (change,) = differences([("network", reference), (name, own)])
        return {
            "images": len(own),
            "fractured": int(np.sum(own.label == 1)),
            "scores": {key: entry(sampled[key], found[key]) for key in found},
            "changes": {k: v for k, v in change["scores"].items() if k in SCORES},
            "verdicts_changed": int(np.sum(_verdicts(own) != _verdicts(reference))),
        }


def require_scores(measured: dict[str, Any], *, name: str, most_fall: float = MOST_FALL) -> None:
    """Refuse an artefact that is worse than its network by more than allowed.

    Raises:
        BonefracError: with what it lost.
    """
    changes = {key: measured["changes"].get(key, {}).get("value") for key in ("dice", "auc")}
    # Of radiographs that show no fracture, or nothing else, there is no change to be had.
    key, fall = max(((k, -(v or 0.0)) for k, v in changes.items()), key=lambda item: item[1])
    if fall > most_fall:
        raise BonefracError(
            f"{name} loses {fall:.3f} of {'Dice' if key == 'dice' else 'AUC'} on "
            f"{measured['images']} radiographs",
            expected=f"at most {most_fall:g}",
            fix="Nothing was written; try a milder --quantize, or --force",
        )


def _verdicts(cases: Cases) -> np.ndarray:
    """0 no fracture, 1 doubt, 2 fracture."""
    return (cases.probability >= cases.doubt).astype(int) + (cases.probability >= cases.sure)
