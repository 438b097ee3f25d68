"""One row a radiograph, as a spreadsheet reads it."""

import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bonefrac.inference.batch.job import Outcome
from bonefrac.storage import write_aside

COLUMNS = (
    *("image", "probability", "verdict", "lesions", "boxes", "scores", "sizes_mm"),
    *("reason", "notes", "error"),
)
# A spreadsheet runs what begins like this, and a file may have any name.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@contextmanager
def open_table(path: Path) -> Iterator[Callable[[Outcome], None]]:
    """Give a function that adds a row; the file appears, complete, at the end.

    Columns: `COLUMNS`. `boxes` has "x y width height" in pixels of the picture for each lesion,
    `sizes_mm` what the finding tells in millimetres; lesions are separated by "; ".
    """
    with write_aside(path) as aside, aside.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        yield lambda outcome: writer.writerow(_row(outcome))


def _row(outcome: Outcome) -> list[Any]:
    image = outcome.source if not outcome.source.startswith(_FORMULA) else f"'{outcome.source}"
    told = outcome.record
    if told is None:
        return [image, *[""] * (len(COLUMNS) - 2), outcome.error]
    boxes = told["boxes"]
    return [
        image,
        told["probability"],
        told["verdict"],
        len(boxes),
        _joined([box[name] for name in ("x", "y", "width", "height")] for box in boxes),
        _joined([box["score"]] for box in boxes),
        _joined([box[k] for k in box if k.endswith("_mm") and box[k]] for box in boxes),
        told["reason"],
        "; ".join(told["notes"]),
        "",
    ]


def _joined(lesions: Iterator[list[Any]]) -> str:
    return "; ".join(" ".join(map(str, values)) for values in lesions if values)
