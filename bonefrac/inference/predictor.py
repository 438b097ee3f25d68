"""From a radiograph to a finding, the same way on every runtime."""

import time
from pathlib import Path
from typing import Any

import numpy as np

from bonefrac.inference.card import Card
from bonefrac.inference.finding import Finding, find, not_assessable
from bonefrac.inference.gate import Gate, default_gate
from bonefrac.inference.runtimes import Runtime, open_runtime
from bonefrac.radiograph.letterbox import Letterbox
from bonefrac.radiograph.radiograph import Radiograph
from bonefrac.radiograph.reader import read


class Predictor:
    """A model that is ready to answer.

    Args:
        runtime: from `open_runtime`.
        gate: that pictures must pass; None asks the model about any.
    """

    def __init__(self, runtime: Runtime, *, gate: Gate | None = None) -> None:
        self._runtime, self.gate = runtime, gate

    @property
    def card(self) -> Card:
        """What the model is."""
        return self._runtime.card

    @property
    def model(self) -> Any:
        """The Keras model, or None where the runtime has none."""
        return self._runtime.model

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
        mask_probability, probability = self.probabilities(radiograph.pixels)
        return find(
            radiograph=radiograph,
            mask_probability=mask_probability,
            probability=probability,
            thresholds=self.card.thresholds,
            model=self.card.name,
            elapsed_ms=(time.perf_counter() - started) * 1e3,
        )

    def probabilities(self, pixels: np.ndarray) -> tuple[np.ndarray, float]:
        """What a finding is made of.

        Args:
            pixels: [H, W] in 0..255.

        Returns:
            Mask probability, float [H, W] at the size of `pixels`, and the calibrated
            probability of a fracture, both in 0..1.
        """
        height, width = pixels.shape
        geometry = Letterbox(height, width, self.card.image_size)
        square, probability = self._runtime(geometry.apply(pixels))
        return np.clip(geometry.invert(square), 0, 1), probability


def load_model(path: str | Path) -> Predictor:
    """Load a model, whatever it was saved as.

    Args:
        path: run folder, model folder, SavedModel folder, `.tflite` or `.keras` file.

    Returns:
        A predictor: `load_model(path).predict("xray.jpg")`.

    Raises:
        BonefracError: nothing there that is a model, or a damaged one.
    """
    return Predictor(open_runtime(Path(path)), gate=default_gate())
