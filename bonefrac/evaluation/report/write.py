"""The files of a report."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bonefrac import schema
from bonefrac.errors import BonefracError
from bonefrac.evaluation.cases import Cases
from bonefrac.evaluation.figures import detections
from bonefrac.evaluation.report.markdown import markdown
from bonefrac.evaluation.report.page import page
from bonefrac.evaluation.scores import dice, jaccard
from bonefrac.storage import write_text

_COLUMNS = ("id", "group", "split", "body_part", "view", "hardware", "label")
_MASKS = ("pixels", "true", "predicted", "overlap")


def write_report(
    report: Mapping[str, Any],
    folder: Path,
    *,
    cases: Cases | None = None,
    pictures: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
) -> None:
    """Write `report.html`, `report.md`, `cases.csv` and, last, `report.json`, each whole.

    Args:
        report: as the jobs make it.
        folder: created if missing; other files in it stay.
        cases: a row each in `cases.csv`.
        pictures: for the page.
    """
    write_text(folder / schema.REPORT_PAGE, page(report, pictures or {}))
    write_text(folder / schema.REPORT_TEXT, markdown(report))
    if cases is not None:
        write_text(folder / schema.CASES_FILE, cases_csv(cases))
    write_text(folder / schema.REPORT_FILE, to_json(report))


def to_json(report: Mapping[str, Any]) -> str:
    """The text of `report.json`."""
    return json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def read_report(path: Path) -> dict[str, Any]:
    """Read `report.json`, from its path or that of its folder.

    Raises:
        BonefracError: it is no report of an evaluation, or one of a later format.
    """
    file = path / schema.REPORT_FILE if path.is_dir() else path
    try:
        report = json.loads(file.read_text(encoding="utf-8"))
        known = report["format"] == schema.REPORT_FORMAT and "models" in report
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _error(f"{file} ({type(error).__name__})") from None
    if not known:
        raise _error(f"{file} of format {report['format']}")
    return report


def is_report(path: Path) -> bool:
    """Whether a path is a report or a folder with one, and not a model."""
    return path.suffix == ".json" or (path / schema.REPORT_FILE).is_file()


def cases_csv(cases: Cases) -> str:
    """One row a radiograph, in the order of the data."""
    shown = detections(cases, shown=True)
    hits = np.bincount(shown.case[shown.hits[:, 0]], minlength=len(cases))
    false = np.bincount(shown.case[~shown.hits[:, 0]], minlength=len(cases))
    counts = cases.overlap, cases.predicted, cases.true
    table: dict[str, Any] = {name: getattr(cases, name) for name in _COLUMNS}
    table |= {
        "probability": [f"{p:.6f}" for p in cases.probability],
        "verdict": [_verdict(cases, k) for k in range(len(cases))],
        **{name: getattr(cases, name) for name in _MASKS},
        "dice": _where(dice(*counts), cases.outlined),
        "jaccard": _where(jaccard(*counts), cases.outlined),
        "hd95": _where(cases.hd95, ~np.isnan(cases.hd95) & cases.outlined),
        "lesions": shown.lesions.astype(int),
        "lesions_hit": hits,
        "false_boxes": false,
    }
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(table)
    rows.writerows(zip(*table.values(), strict=True))
    return text.getvalue()


def _where(values: np.ndarray, where: np.ndarray) -> list[str]:
    return [f"{v:.4f}" if known else "" for v, known in zip(values, where, strict=True)]


def _verdict(cases: Cases, k: int) -> str:
    if cases.probability[k] >= cases.sure[k]:
        return schema.VERDICT_FRACTURE
    return schema.VERDICT_DOUBT if cases.shown[k] else schema.VERDICT_NONE


def _error(received: str) -> BonefracError:
    return BonefracError(
        received,
        expected=f"a report of format {schema.REPORT_FORMAT}",
        fix="Make it with bonefrac-evaluate --output",
    )
