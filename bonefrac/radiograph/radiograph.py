"""One X-ray as everything behind the reader sees it."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Spacing:
    """How large a pixel is.

    Attributes:
        row_mm: distance between neighbouring rows, millimetres; `column_mm` between columns.
        provenance: "calibrated" by an object of known size, or by the imaging geometry;
            "magnification" from the detector by an estimated factor; "detector", where the picture
            is larger than the patient by an unknown factor, usually 1.05 to 1.3; "scanned film";
            "unstated", where a file gives numbers and not what they are of.
    """

    row_mm: float
    column_mm: float
    provenance: str

    @property
    def in_patient(self) -> bool:
        """Whether lengths are those of the patient, and not of a shadow on the detector."""
        return self.provenance in ("calibrated", "magnification")


@dataclass(frozen=True, eq=False)
class Radiograph:
    """One X-ray as it is shown on a screen: bone bright.

    Attributes:
        pixels: float32 [H, W] in 0..255.
        source: file name, or "<bytes>" or "<array>".
        spacing: size of a pixel, None where the file does not tell.
        body_part: lower case, as the file has it; "" where it does not tell.
        view: "frontal", "lateral", "oblique", another in lower case, or "".
        laterality: "left", "right", "both" or "".
        notes: what a reader of the finding should know about how the file was read.
        colour: how colourful the file was, as `bonefrac.radiograph.colour` measures it; 0 of gray.
    """

    pixels: np.ndarray
    source: str
    spacing: Spacing | None = None
    body_part: str = ""
    view: str = ""
    laterality: str = ""
    notes: tuple[str, ...] = ()
    colour: float = 0.0

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.pixels.shape[0], self.pixels.shape[1]
