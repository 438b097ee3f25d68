"""From a radiograph to a finding, the same way on every runtime."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from bonefrac.errors import BonefracError
from bonefrac.inference import shipped
from bonefrac.inference.answer import Answer
from bonefrac.inference.augmented import PLAIN, VIEWS, View, ask
from bonefrac.inference.card import Card
from bonefrac.inference.ensemble import joint_card
from bonefrac.inference.finding import Finding, Thresholds, find, not_assessable
from bonefrac.inference.gate import Gate, default_gate
from bonefrac.inference.runtimes import Runtime, open_runtime
from bonefrac.radiograph.letterbox import Letterbox
from bonefrac.radiograph.radiograph import Radiograph
from bonefrac.radiograph.reader import read


class Predictor:
    """A model, or several that answer as one, ready to answer.

    Args:
        runtimes: one a model, from `open_runtime`.
        views: how each shows a radiograph, see `bonefrac.inference.augmented`.
        most_spread: where the answers' standard deviation is above this, the verdict is "doubt";
            None never looks at it.
        gate: that pictures must pass; None asks the models about any.
    """

    def __init__(
        self,
        *runtimes: Runtime,
        views: Sequence[View] = (PLAIN,),
        most_spread: float | None = None,
        gate: Gate | None = None,
    ) -> None:
        self._runtimes, self._views, self._most_spread = runtimes, views, most_spread
        self._card = joint_card([runtime.card for runtime in runtimes])
        self.gate = gate

    @property
    def card(self) -> Card:
        """What the model is; of several, what they are together."""
        return self._card

    @property
    def model(self) -> Any:
        """The Keras model, or None where the runtime has none or there are several."""
        return self._runtimes[0].model if len(self._runtimes) == 1 else None

    @property
    def runtimes(self) -> tuple[Runtime, ...]:
        """What answers for a square, one a model."""
        return self._runtimes

    def predict(self, source: str | Path | bytes | np.ndarray | Radiograph) -> Finding:
        """Find fractures on one radiograph.

        Args:
            source: path of a DICOM, PNG, JPEG or TIFF file, its bytes, an array [H, W],
                [H, W, 1] or [H, W, 3], or a radiograph that was read.

        Returns:
            The finding, its mask and boxes in pixels of the original picture; "not assessable" if
            the gate refuses it.

        Raises:
            BonefracError: the source cannot be read, or the model knows no fractures.
        """
        self.card.require_fracture()
        started = time.perf_counter()
        radiograph = read(source)
        if self.gate and (reason := self.gate.reason(radiograph)):
            elapsed_ms = (time.perf_counter() - started) * 1e3
            return not_assessable(radiograph, reason, model=self.card.name, elapsed_ms=elapsed_ms)
        answer = self.answer(radiograph.pixels)
        thresholds = self.card.thresholds
        if self._disagree(answer):
            thresholds = _in_doubt(thresholds, answer.probability)
            radiograph = replace(radiograph, notes=(*radiograph.notes, self._told(answer)))
        finding = find(
            radiograph=radiograph,
            mask_probability=answer.mask,
            probability=answer.probability,
            thresholds=thresholds,
            model=self.card.name,
            elapsed_ms=(time.perf_counter() - started) * 1e3,
        )
        return replace(finding, uncertainty=answer.uncertainty)

    def answer(self, pixels: np.ndarray) -> Answer:
        """What every model says in every view, averaged.

        Args:
            pixels: [H, W] in 0..255.

        Returns:
            The mean mask at the size of `pixels`, and all votes.
        """
        height, width = pixels.shape
        masks, votes = np.zeros(pixels.shape), list[float]()
        for runtime in self._runtimes:
            geometry = Letterbox(height, width, runtime.card.image_size)
            square, own = ask(runtime, geometry.apply(pixels), views=self._views)
            masks += geometry.invert(square)
            votes += own
        mean = np.clip(masks / len(self._runtimes), 0, 1).astype(np.float32)
        return Answer(mean, np.array(votes))

    def probabilities(self, pixels: np.ndarray) -> tuple[np.ndarray, float]:
        """What a finding is made of.

        Args:
            pixels: [H, W] in 0..255.

        Returns:
            Mask probability, float [H, W] at the size of `pixels`, and the calibrated
            probability of a fracture, both in 0..1.
        """
        answer = self.answer(pixels)
        return answer.mask, answer.probability

    def explain(
        self, source: str | Path | bytes | np.ndarray | Radiograph
    ) -> dict[str, np.ndarray]:
        """Where the network looked, as `bonefrac.inference.explain` tells; in the plain view only.

        Args:
            source: as `predict` takes it.

        Returns:
            Name -> map, float32 [H, W] at the size of the original picture.

        Raises:
            BonefracError: several models, or one without a Keras network behind it.
        """
        from bonefrac.inference.explain import explain

        self.card.require_fracture()
        if self.model is None:
            kind = "an export" if len(self._runtimes) == 1 else "several models"
            raise BonefracError(
                f"An explanation of {self.card.name}, {kind}",
                expected="one Keras network, whose inner layers can be read",
                fix="Give one run folder, model folder or .keras file",
            )
        return explain(self.model, self.card, read(source).pixels)

    def _disagree(self, answer: Answer) -> bool:
        bound, spread = self._most_spread, answer.uncertainty
        return bound is not None and spread is not None and spread > bound

    def _told(self, answer: Answer) -> str:
        return (
            f"In doubt: the standard deviation of {len(answer.votes)} answers is "
            f"{answer.uncertainty:.2f}, above {self._most_spread:g}"
        )


def load_model(
    path: str | Path | Sequence[str | Path] = shipped.DEFAULT,
    *,
    tta: bool = False,
    most_spread: float | None = None,
) -> Predictor:
    """Load a model, whatever it was saved as, or several that answer as one.

    Args:
        path: run folder, model folder, SavedModel folder, `.tflite` or `.keras` file, or the name
            of a model that comes with the package; several give their mean answer.
        tta: whether each shows a radiograph in the eight views of `bonefrac.inference.augmented`
            and takes the mean.
        most_spread: where the answers' standard deviation is above this, the verdict is "doubt".

    Returns:
        A predictor: `load_model().predict("xray.jpg")`.

    Raises:
        BonefracError: nothing there that is a model, or a damaged one; or a spread that one answer
            cannot have.
    """
    paths = [path] if isinstance(path, (str, Path)) else list(path)
    if not paths:
        fix = "Name a run folder or a .tflite"
        raise BonefracError("No model", expected="at least one path", fix=fix)
    if most_spread is not None and len(paths) == 1 and not tta:
        raise BonefracError(
            f"most_spread = {most_spread:g} and a single answer",
            expected="answers that can differ",
            fix="Give several models, or tta=True",
        )
    runtimes = [open_runtime(Path(each)) for each in paths]
    views = VIEWS if tta else (PLAIN,)
    return Predictor(*runtimes, views=views, most_spread=most_spread, gate=default_gate())


def _in_doubt(thresholds: Thresholds, probability: float) -> Thresholds:
    """Thresholds by which this probability is "doubt"; 1 is not, but there nothing disagrees."""
    above = min(1.0, float(np.nextafter(probability, 2)))
    return replace(
        thresholds, sure=max(thresholds.sure, above), doubt=min(thresholds.doubt, probability)
    )
