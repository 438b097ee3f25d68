"""What a data set says about its radiographs, before any of them is decoded."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bonefrac import schema
from bonefrac.data.outlines import Outlines


@dataclass(frozen=True, eq=False)
class Entry:
    """One radiograph of a catalogue; what the data set does not know stays unknown.

    Attributes:
        id: unique in the data set.
        path: its picture file.
        group: patient, study or block of neighbours, never split between folds; "" where the
            data set names none, which makes the radiograph a group of its own.
        split: the authors' own "train", "validation" or "test", "" where they give none.
        fracture: 1, 0, or -1 unknown; likewise `abnormality` and `hardware`.
        bone_age_months: NaN where unknown.
        body_part: lower case, "" where unknown; likewise `view`.
        outlines: what is drawn around the fractures, None where nobody looked for them.
    """

    id: str
    path: Path
    group: str = ""
    split: str = ""
    fracture: int = schema.UNKNOWN
    abnormality: int = schema.UNKNOWN
    bone_age_months: float = math.nan
    body_part: str = ""
    view: str = ""
    hardware: int = schema.UNKNOWN
    outlines: Outlines | None = None

    @property
    def stratum(self) -> str:
        """What should be alike in every fold: the class (or two years of bone age), body part."""
        return f"{self._class()} {self.body_part}".strip()

    @property
    def known(self) -> bool:
        """Whether there is anything to learn from it."""
        return (
            self.label != schema.UNKNOWN
            or self.outlines is not None
            or not math.isnan(self.bone_age_months)
        )

    def _class(self) -> str:
        if self.fracture != schema.UNKNOWN:
            return "fractured" if self.fracture else "intact"
        if self.abnormality != schema.UNKNOWN:
            return "abnormal" if self.abnormality else "normal"
        if not math.isnan(self.bone_age_months):
            first = int(self.bone_age_months // 24) * 2
            return f"{first} to {first + 1} years"
        return ""

    @property
    def label(self) -> int:
        """1 or 0: `fracture` where known, else `abnormality`; -1 where neither is."""
        return self.fracture if self.fracture != schema.UNKNOWN else self.abnormality


@dataclass(frozen=True, eq=False)
class Catalogue:
    """A data set as its tables and folders describe it.

    Attributes:
        name: of the data set.
        source: the folder that it was read from.
        entries: in the order of their ids.
        left_out: id -> reason, for what the tables name but cannot be used (such as no file).
        groups_are: what a group is, for people: "patients", "blocks of 25 neighbouring ids".
        corrected: id -> what its tables contradict each other in, and which was believed.
        pseudonyms: whether ids and groups are; then nothing may tell a file's name or content.
    """

    name: str
    source: Path
    entries: tuple[Entry, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)
    groups_are: str = "radiographs"
    corrected: Mapping[str, str] = field(default_factory=dict)
    pseudonyms: bool = False
