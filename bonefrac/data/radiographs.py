"""The tfds builder of every data set that lies on disk: scan, group, leave out, encode."""

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bonefrac.data.annotations.masks import open_mask
from bonefrac.data.audit.duplicates import Pairs, joined_groups, near_duplicates
from bonefrac.data.audit.scan import facts_of
from bonefrac.data.builder import FoldedBuilder, Record
from bonefrac.data.catalogue import Catalogue, Entry
from bonefrac.data.features import example
from bonefrac.data.outlines import Outlines, fill
from bonefrac.errors import BonefracError
from bonefrac.radiograph.letterbox import resize, resize_nearest
from bonefrac.radiograph.reader import read


class RadiographBuilder(FoldedBuilder, skip_registration=True):  # type: ignore[call-arg]
    """A data set of picture files; a subclass fills `catalogue` and the texts.

    Left out and reported: files that are missing, cut short or unreadable, and the intact copy
    of a picture that is there under two labels. Groups are the catalogue's, joined where
    near-duplicates link them.

    Args:
        source: folder of the data set, in its authors' own layout.
        max_side: larger pictures are scaled down to this many pixels.
        **kwargs: of `FoldedBuilder`.
    """

    licence = ""
    download = ""

    def __init__(self, *, source: Path, max_side: int = 1024, **kwargs: Any) -> None:
        self.source = Path(source)
        self.max_side = max_side
        super().__init__(**kwargs)

    @abstractmethod
    def catalogue(self) -> Catalogue:
        """What the data set says about its radiographs."""

    def records(self) -> list[Record]:
        """Scan every file once; needs about 7 KB of memory a radiograph."""
        catalogue = self.catalogue()
        _require_something_known(catalogue)
        self.report.left_out.update(catalogue.left_out)
        found = self._readable(catalogue.entries, silent=catalogue.pseudonyms)
        duplicates = near_duplicates([small for _, small in found])
        entries = [entry for entry, _ in found]
        self.report.notes["near_duplicates"] = [
            [entries[i].id, entries[j].id] for i, j in duplicates
        ]
        groups = joined_groups(entries, duplicates)
        dropped = self._copies_under_two_labels(entries, duplicates)
        return [
            Record(entry.id, group, entry, entry.split, entry.stratum)
            for k, (entry, group) in enumerate(zip(entries, groups, strict=True))
            if k not in dropped
        ]

    def example(self, record: Record) -> dict[str, Any]:
        """Read the picture, fill its outlines."""
        entry: Entry = record.payload
        pixels = read(entry.path).pixels
        original = pixels.shape
        scale = min(1.0, self.max_side / max(original))
        if scale < 1:
            height, width = (max(1, round(side * scale)) for side in original)
            pixels = resize(pixels, height, width)
        return example(
            id=entry.id,
            group=record.group,
            image=pixels,
            mask=None if entry.outlines is None else draw_mask(entry.outlines, original, pixels),
            mask_coarse=entry.outlines is not None and entry.outlines.coarse,
            fracture=entry.fracture,
            abnormality=entry.abnormality,
            bone_age_months=entry.bone_age_months,
            body_part=entry.body_part,
            view=entry.view,
            hardware=entry.hardware,
        )

    def _readable(
        self, entries: Sequence[Entry], *, silent: bool
    ) -> list[tuple[Entry, np.ndarray]]:
        found = []
        scanned = zip(entries, self.ahead(facts_of, entries), strict=True)
        for done, (entry, facts) in enumerate(scanned, start=1):
            if facts.why_left_out:
                reason = "cannot be read" if silent else facts.why_left_out
                self.report.left_out[entry.id] = reason
            else:
                found.append((entry, facts.thumbnail))
            self.progress("Scanning", done, len(entries))
        return found

    def _copies_under_two_labels(self, entries: Sequence[Entry], duplicates: Pairs) -> set[int]:
        dropped = set()
        for pair in duplicates:
            intact, broken = sorted(pair, key=lambda k: entries[k].label)
            if (entries[intact].label, entries[broken].label) == (0, 1):
                what = "fractured" if entries[broken].fracture == 1 else "abnormal"
                reason = f"same picture as {entries[broken].id}, which is {what}"
                self.report.left_out[entries[intact].id] = reason
                dropped.add(intact)
        return dropped


def _require_something_known(catalogue: Catalogue) -> None:
    if not any(entry.known for entry in catalogue.entries):
        raise BonefracError(
            f"{catalogue.source} has {len(catalogue.entries)} pictures, and nothing known of them",
            expected="annotations or a table with labels",
            fix="Put them below the same folder, or name a --table",
        )


def draw_mask(outlines: Outlines, original: tuple[int, ...], pixels: np.ndarray) -> np.ndarray:
    """The mask of a radiograph that may have been scaled: uint8 of `pixels`' shape, 0 and 1.

    Raises:
        BonefracError: the mask file is damaged or of another size than the radiograph.
    """
    height, width = original
    mask = fill(outlines.in_pixels(height, width), pixels.shape, pixels.shape[0] / height)
    if outlines.patches or outlines.mask_path:
        mask |= resize_nearest(_painted(outlines, (height, width)), *pixels.shape)
    return mask


def _painted(outlines: Outlines, shape: tuple[int, int]) -> np.ndarray:
    """Patches and mask file at the original size."""
    canvas = np.zeros(shape, np.uint8)
    if outlines.mask_path:
        values = open_mask(outlines.mask_path)
        if values.shape != shape:
            raise BonefracError(
                f"{outlines.mask_path} has {values.shape[1]}x{values.shape[0]} pixels",
                expected=f"the {shape[1]}x{shape[0]} of its radiograph",
                fix="Draw the mask on the upright radiograph at its own size",
            )
        chosen = outlines.mask_values
        canvas |= np.isin(values, chosen) if chosen else values != 0
    for patch in outlines.patches:
        patch.paint(canvas)
    return canvas
