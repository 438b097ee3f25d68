"""The gate: whether a picture is one that the models know, before any of them is asked."""

import json
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np

from bonefrac.radiograph.radiograph import Radiograph

# What the models that ship, and FracAtlas, do not show. Parts that border on a limb, such as
# clavicle and pelvis, are not here.
_OTHER_PARTS = {
    **{"chest": "chest", "thorax": "chest", "lung": "chest", "heart": "chest", "rib": "ribs"},
    **{"ribs": "ribs", "sternum": "sternum", "breast": "breast", "abdomen": "abdomen"},
    **{"kub": "abdomen", "chestabdomen": "chest", "chestabdpelvis": "chest", "head": "head"},
    **{"skull": "skull", "brain": "head", "face": "face", "jaw": "jaw", "tmj": "jaw"},
    **{"mandible": "jaw", "maxilla": "jaw", "teeth": "teeth", "orbit": "face", "sinus": "face"},
    **{"neck": "neck", "spine": "spine", "cspine": "spine", "tspine": "spine", "lspine": "spine"},
    **{"wholebody": "whole body", "nose": "face", "zygoma": "face"},
}
# All of FracAtlas is gray; 10 of 12 photographs of nature exceed this.
COLOURFUL = 12.0
# Standard deviation of the grays, 0..255: none of FracAtlas has less than 10.
BLANK = 4.0
_CLIP = 4.0


@dataclass(frozen=True)
class Gate:
    """What a file says of itself, colour, contrast, then a logistic regression on `gate_features`.

    Attributes:
        names: of the features, in the order of the numbers.
        center: of each feature among radiographs of limbs.
        scale: of each feature there.
        weights: of the scaled features, clipped to +-4, then of the products of any two.
        bias: of the sum.
        threshold: sum below which a picture does not look like a radiograph of a limb.
        about: what it was fitted on, for whoever reads the file.
    """

    names: tuple[str, ...]
    center: tuple[float, ...]
    scale: tuple[float, ...]
    weights: tuple[float, ...]
    bias: float
    threshold: float
    about: str = ""

    def reason(self, radiograph: Radiograph) -> str:
        """Why a picture is not assessable, one short sentence; "" if it is."""
        part = radiograph.body_part.replace(" ", "")
        if part in _OTHER_PARTS:
            return f"The file says that it shows the {_OTHER_PARTS[part]}, not a limb."
        if radiograph.colour > COLOURFUL:
            return "The picture is in colour."
        if _contrast(radiograph.pixels) < BLANK:
            return "The picture is blank."
        if self.score(radiograph.pixels) < self.threshold:
            return "The picture does not look like a radiograph of a limb."
        return ""

    def score(self, pixels: np.ndarray) -> float:
        """How much a picture looks like a radiograph of a limb: log odds, of arbitrary origin.

        Args:
            pixels: [H, W] in 0..255.
        """
        # OpenCV takes 0.1 s to import, and the rules above need none.
        from bonefrac.inference.gate_features import features

        told = features(pixels)
        return float(self.scores(np.array([told[name] for name in self.names])))

    def scores(self, values: np.ndarray) -> np.ndarray:
        """Log odds [...] of features [..., F]."""
        return self.inputs(values) @ np.array(self.weights) + self.bias

    def inputs(self, values: np.ndarray) -> np.ndarray:
        """Features [..., F] -> what the weights multiply, [..., F (F + 3) / 2]."""
        scaled = np.clip((values - self.center) / np.asarray(self.scale), -_CLIP, _CLIP)
        one, other = np.triu_indices(len(self.names))
        return np.concatenate([scaled, scaled[..., one] * scaled[..., other]], axis=-1)

    def to_json(self) -> str:
        """The text of the file that `default_gate` reads."""
        lines = (f"{json.dumps(name)}: {json.dumps(value)}" for name, value in asdict(self).items())
        return "{\n" + ",\n".join(lines) + "\n}\n"

    @classmethod
    def from_json(cls, text: str) -> "Gate":
        """The gate that `to_json` told."""
        told = json.loads(text)
        read: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in told.items()}
        return cls(**read)


def _contrast(pixels: np.ndarray) -> float:
    """Standard deviation of the grays, from 256 rows and columns at least where there are."""
    rows, columns = (max(1, side // 256) for side in pixels.shape)
    return float(pixels[::rows, ::columns].std())


@lru_cache(maxsize=1)
def default_gate() -> Gate:
    """The gate that ships, fitted by `benchmarks/gate.py`."""
    return Gate.from_json(files("bonefrac.inference").joinpath("gate.json").read_text("utf-8"))
