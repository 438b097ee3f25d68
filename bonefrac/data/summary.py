"""What a data folder holds, counted."""

from collections import defaultdict
from typing import Any

import numpy as np

from bonefrac import schema
from bonefrac.data.store import DataFolder

_CLASSES = {1: "fractured", 0: "not", schema.UNKNOWN: "unknown"}


def summarise(data: DataFolder) -> dict[str, Any]:
    """Count examples by split, body part and view, and measure the masks.

    Returns:
        `name`, `path`, `sha256`, and `tables`: title -> row -> column -> value. Mask areas are
        percent of the picture; groups are never split between folds.
    """
    rows = [row for split in data.counts for row in _rows(data, split)]
    return {
        "name": data.name,
        "path": str(data.path),
        "sha256": data.sha256,
        "tables": {
            "split": _count(rows, "split"),
            "body part": _count(rows, schema.BODY_PART),
            "view": _count(rows, schema.VIEW),
            "hardware": _count(rows, schema.HARDWARE),
            "mask": _mask_sizes(rows),
        },
    }


def _rows(data: DataFolder, split: str) -> list[dict[str, Any]]:
    rows = []
    for example in data.builder.as_dataset(split=split, decoders={schema.IMAGE: _skip()}):
        mask = example[schema.MASK].numpy()
        text = {
            k: example[k].numpy().decode() for k in (schema.BODY_PART, schema.VIEW, schema.GROUP)
        }
        hardware = {1: "yes", 0: "no"}.get(int(example[schema.HARDWARE]), "unknown")
        rows.append(
            {
                **text,
                "split": split,
                schema.HARDWARE: hardware,
                schema.FRACTURE: int(example[schema.FRACTURE]),
                schema.MASK_COARSE: bool(example[schema.MASK_COARSE]),
                "area": 100 * float(mask.mean()),
                "size": mask.shape[:2],
            }
        )
    return rows


def _skip() -> Any:
    import tensorflow_datasets as tfds

    return tfds.decode.SkipDecoding()


def _count(rows: list[dict[str, Any]], key: str) -> dict[str, dict[str, int]]:
    parts: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        parts[row[key]].append(row)
    return {
        name: {
            "radiographs": len(part),
            **{c: sum(r[schema.FRACTURE] == k for r in part) for k, c in _CLASSES.items()},
            "outlined": sum(r["area"] > 0 for r in part),
            "in boxes": sum(r[schema.MASK_COARSE] for r in part),
            "groups": len({r[schema.GROUP] for r in part}),
        }
        for name, part in sorted(parts.items())
    }


def _mask_sizes(rows: list[dict[str, Any]]) -> dict[str, dict[str, str]]:
    outlined = [row for row in rows if row["area"] > 0]
    if not outlined:
        return {}
    area = np.array([row["area"] for row in outlined])
    pixels = np.array([row["area"] / 100 * np.prod(row["size"]) for row in outlined])
    marks = [5, 25, 50, 75, 95]
    table = {"% of picture": (area, "{:.2f}"), "pixels": (pixels, "{:.0f}")}
    return {
        name: {
            f"{m} %": form.format(v) for m, v in zip(marks, np.percentile(x, marks), strict=True)
        }
        for name, (x, form) in table.items()
    }
