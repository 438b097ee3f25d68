"""What a model answered on each radiograph, and what is known of it: a row each."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from bonefrac.schema import UNKNOWN


@dataclass(frozen=True, eq=False)
class Case:
    """One radiograph. All pixels and boxes are of the original picture.

    Attributes:
        id: of the radiograph; likewise `group`, `body_part` and `view`, "" where unknown.
        split: the split string that it was evaluated in.
        hardware: 1, 0 or -1 unknown; likewise `label`, 1 for a fracture.
        probability: calibrated, of a fracture anywhere.
        sure: the model's threshold; likewise `doubt`.
        known: whether its fractures are outlined, or it is known to have none.
        coarse: whether its outlines are only boxes.
        pixels: of the picture.
        true: pixels of the outlined fractures; `predicted` of the model's outlines, whatever its
            verdict; `overlap` of both.
        overlap_at: int [T] overlap at each of `MASK_THRESHOLDS`; likewise `predicted_at`.
        hd95: distance between the outlines, pixels, NaN where one is empty; likewise `surface`.
        boxes: float [K, 5], the model's boxes x, y, width, height and score.
        truths: int [M, 4], boxes of the connected parts of the true mask.
    """

    id: str
    group: str
    body_part: str
    view: str
    split: str
    hardware: int
    label: int
    probability: float
    sure: float
    doubt: float
    known: bool
    coarse: bool
    pixels: int
    true: int
    predicted: int
    overlap: int
    overlap_at: np.ndarray
    predicted_at: np.ndarray
    hd95: float
    surface: float
    boxes: np.ndarray
    truths: np.ndarray


class Cases:
    """Radiographs as columns: `cases.true` is int [N], `cases.boxes` a tuple of N arrays.

    Args:
        rows: of the radiographs.
    """

    id: np.ndarray
    group: np.ndarray
    body_part: np.ndarray
    view: np.ndarray
    split: np.ndarray
    hardware: np.ndarray
    label: np.ndarray
    probability: np.ndarray
    sure: np.ndarray
    doubt: np.ndarray
    known: np.ndarray
    coarse: np.ndarray
    pixels: np.ndarray
    true: np.ndarray
    predicted: np.ndarray
    overlap: np.ndarray
    overlap_at: np.ndarray
    predicted_at: np.ndarray
    hd95: np.ndarray
    surface: np.ndarray
    boxes: tuple[np.ndarray, ...]
    truths: tuple[np.ndarray, ...]

    def __init__(self, rows: Sequence[Case]) -> None:
        self.rows = tuple(rows)
        for column in fields(Case):
            values = tuple(getattr(row, column.name) for row in self.rows)
            ragged = column.name in ("boxes", "truths")
            setattr(self, column.name, values if ragged else np.array(values))

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, indices: np.ndarray) -> "Cases":
        """The radiographs with these indices."""
        return Cases([self.rows[k] for k in indices])

    @property
    def labelled(self) -> np.ndarray:
        """Whether it is known if there is a fracture, bool [N]."""
        return self.label != UNKNOWN

    @property
    def fractured(self) -> np.ndarray:
        """Whether there is a fracture, bool [N]."""
        return self.label == 1

    @property
    def outlined(self) -> np.ndarray:
        """Whether fractures are outlined, and not only boxed, bool [N]."""
        return self.known & ~self.coarse & (self.true > 0)

    @property
    def shown(self) -> np.ndarray:
        """Whether the verdict shows the outlines at all: it is not "no fracture", bool [N]."""
        return self.probability >= self.doubt
