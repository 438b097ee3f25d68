"""How the numbers and the parts of a report are worded, alike in every format."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bonefrac.evaluation.figures import SCORES
from bonefrac.evaluation.slices import SLICED

SECTIONS = {
    "The verdict": (
        *("accuracy", "auc", "average_precision", "sensitivity_sure", "specificity_sure"),
        *("sensitivity_doubt", "specificity_doubt", "kappa", "ece", "brier"),
    ),
    "The outline": (
        *("dice", "jaccard", "dice_pooled", "jaccard_pooled", "dice_shown", "dice_all"),
        *("jaccard_all", "hd95", "surface", "pixel_accuracy"),
    ),
    "The boxes": ("lesion_sensitivity", "false_boxes", "froc", "ap50", "ap50_95"),
}
TRIVIAL = {
    "nothing": "nothing but the share of fractures",
    "body part": "body part alone",
    "body part and view": "body part and view",
    "hardware": "hardware alone",
    "body part, view and hardware": "body part, view and hardware",
}
_DECIMALS = {"hd95": 1, "surface": 1, "false_boxes": 2, "pixel_accuracy": 4}

Row = tuple[str, ...]


def figure(key: str, value: float | None) -> str:
    """A number with the decimals that its score deserves; "–" for none."""
    return "–" if value is None else f"{value:.{_DECIMALS.get(key, 3)}f}"


def interval(key: str, told: Mapping[str, Any]) -> str:
    """The ends of an interval, "" for none."""
    if told["low"] is None or told["high"] is None:
        return ""
    return f"{figure(key, told['low'])} to {figure(key, told['high'])}"


def score_rows(report: Mapping[str, Any]) -> Iterator[tuple[str, list[Row]]]:
    """For each section: score, value, interval, trivial, how many, what is counted."""
    for title, keys in SECTIONS.items():
        rows: list[Row] = []
        for key in (key for key in keys if key in report["scores"]):
            told, about = report["scores"][key], SCORES[key]
            trivial = figure(key, told["baseline"])
            count = f"{told['n']:,} {about.of}"
            row = figure(key, told["value"]), interval(key, told), trivial, count, about.meaning
            rows.append((about.title, *row))
        if rows:
            yield title, rows


def trivial_rows(
    report: Mapping[str, Any],
    keys: Sequence[str] = ("auc", "average_precision", "accuracy", "brier"),
) -> tuple[Row, list[Row]]:
    """Columns and rows: the model, then each trivial one, and their scores."""
    lines: list[tuple[str, Any]] = [("the model", report["scores"])]
    lines += [(TRIVIAL[name], scores) for name, scores in report["baselines"].items()]
    rows: list[Row] = [
        (name, *(_with_interval(key, scores[key]) if key in scores else "–" for key in keys))
        for name, scores in lines
    ]
    return ("Knows", *(SCORES[key].title for key in keys)), rows


def part_rows(
    report: Mapping[str, Any], keys: Sequence[str] = SLICED, *, by: str = ""
) -> tuple[Row, list[Row]]:
    """Columns and rows: a part of the radiographs, how many, and its scores.

    Args:
        report: with the parts.
        keys: the scores.
        by: only parts by this; "" for all.
    """
    rows: list[Row] = []
    for part in (part for part in report["slices"] if by in ("", part["by"])):
        counts, scores = part["counts"], part["scores"]
        cells = (_with_interval(key, scores[key]) if key in scores else "–" for key in keys)
        count = f"{counts['radiographs']:,} ({counts['fractured']:,})"
        name = part["name"] if by else f"{part['by']}: {part['name']}"
        rows.append((name, count, *cells))
    first = f"By {by}" if by else "Part"
    return (first, "of (fractured)", *(SCORES[key].title for key in keys)), rows


def fold_rows(report: Mapping[str, Any]) -> tuple[Row, list[Row]]:
    """Columns and rows: a fold and its scores."""
    keys = list(report["folds"][0]["scores"])
    rows = [
        (fold["split"], *(figure(key, fold["scores"].get(key)) for key in keys))
        for fold in report["folds"]
    ]
    return ("Fold", *(SCORES[key].title for key in keys)), rows


def each_rows(report: Mapping[str, Any]) -> tuple[Row, list[Row]]:
    """Columns and rows: a score, and that of each model of a comparison."""
    each = report["of_each"]
    keys = [key for key in SCORES if all(key in model["scores"] for model in each)]
    rows: list[Row] = [
        (SCORES[key].title, *(_with_interval(key, model["scores"][key]) for model in each))
        for key in keys
    ]
    return ("Score", *(model["model"] for model in each)), rows


def difference_rows(comparison: Mapping[str, Any]) -> list[Row]:
    """Score, difference, interval, and whether the interval leaves zero out."""
    rows: list[Row] = []
    for key, told in comparison["scores"].items():
        low, high = told["low"], told["high"]
        clear = low is not None and high is not None and (low > 0 or high < 0)
        sign = "" if told["value"] is None or told["value"] < 0 else "+"
        rows.append(
            (
                SCORES[key].title,
                sign + figure(key, told["value"]),
                interval(key, told),
                "differs" if clear else "no difference shown",
            )
        )
    return rows


def headline(report: Mapping[str, Any]) -> str:
    """What was scored, in one line."""
    names = list(dict.fromkeys(model["name"] for model in report["models"]))
    return f"{', '.join(names)} on {report['data']['name']}"


def counted(counts: Mapping[str, int]) -> str:
    """How many radiographs of what kind, in one sentence."""
    kinds = ("fractured", "intact", "unlabelled")
    told = ", ".join(f"{counts[kind]:,} {kind}" for kind in kinds if counts[kind])
    return (
        f"{counts['radiographs']:,} radiographs of {counts['groups']:,} groups ({told}); "
        f"{counts['lesions']:,} lesions outlined on {counts['outlined']:,}"
    )


def _with_interval(key: str, told: Mapping[str, Any]) -> str:
    ends = interval(key, told)
    return f"{figure(key, told['value'])} ({ends})" if ends else figure(key, told["value"])
