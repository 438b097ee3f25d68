"""The table of the four architectures, beside what is claimed for them and a trivial answer."""

from collections.abc import Mapping, Sequence
from typing import Any

from bonefrac.errors import BonefracError
from bonefrac.evaluation.report import wording
from bonefrac.evaluation.report.markdown import table

SHOWN = ("accuracy", "dice", "jaccard")
# Architecture -> its name, and accuracy, Dice and Jaccard as they are claimed, with no protocol.
CLAIMED = {
    "unet": ("U-Net", (0.94, 0.87, 0.82)),
    "r2unet": ("R2U-Net", (0.96, 0.91, 0.87)),
    "vit": ("ViT", (0.97, 0.93, 0.89)),
    "attention_unet": ("Attention U-Net", (0.98, 0.95, 0.92)),
}
_NONE = (None, None, None)


def architecture_table(reports: Sequence[Mapping[str, Any]]) -> str:
    """Markdown: a row a report, in the order of `CLAIMED`, others after them.

    Args:
        reports: each of one model, or of the folds of one.

    Raises:
        BonefracError: reports of several data sets or protocols, which are no table.
    """
    _require_alike(reports)
    ordered = sorted(reports, key=lambda r: (_place(r), _preset(r)))
    rows = [row for report in ordered for row in _rows(report)]
    rows += _trivial(ordered[0])
    columns = ("Model", "Accuracy", "Dice", "Jaccard", "Claimed for the architecture")
    return f"{table(columns, rows)}\n{_note(ordered)}"


def architecture(preset: str) -> str:
    """The architecture of a preset's name; the preset itself where it is none of the four."""
    return next(
        (name for name in sorted(CLAIMED, key=len, reverse=True) if preset.startswith(f"{name}_")),
        preset,
    )


def _rows(report: Mapping[str, Any]) -> list[list[str]]:
    preset = _preset(report)
    name, claim = CLAIMED.get(architecture(preset), (preset, _NONE))
    size = report["models"][0]["image_size"]
    told = [_score(report["scores"].get(key), key) for key in SHOWN]
    claimed = " / ".join("–" if value is None else f"{value:.2f}" for value in claim)
    return [[f"{name} (`{preset}`, {size} px)", *told, claimed]]


def _trivial(report: Mapping[str, Any]) -> list[list[str]]:
    """The larger class and an empty outline; the same where intact radiographs count as 1."""
    scores = report["scores"]
    baseline = [
        wording.figure(key, scores[key]["baseline"]) if key in scores else "–" for key in SHOWN
    ]
    rows = [["trivial: larger class, nothing outlined", *baseline, "–"]]
    if {"dice_all", "jaccard_all"} <= set(scores):
        empty = [wording.figure(k, scores[k]["baseline"]) for k in ("dice_all", "jaccard_all")]
        rows.append(
            ["the same, if an empty outline of an intact one scored 1", baseline[0], *empty, "–"]
        )
    return rows


def _note(reports: Sequence[Mapping[str, Any]]) -> str:
    report = reports[0]
    data = report["data"]
    splits = ", ".join(dict.fromkeys(model["split"] for model in report["models"]))
    warnings = "".join(
        f"Warning: {line}.\n" for line in dict.fromkeys(w for r in reports for w in r["warnings"])
    )
    return (
        f"{wording.counted(report['counts'])}; {data['name']}, SHA-256 `{data['sha256'][:16]}`, "
        f"{splits}. In brackets 95 % intervals by bootstrap over groups. Dice and Jaccard are of "
        "the fracture, not of the bone or the background, as means over the outlined radiographs "
        "in which a miss counts 0. For the claimed numbers (accuracy / Dice / Jaccard) no "
        f"source, data or protocol was found: they are not comparable.\n{warnings}"
    )


def _score(told: Mapping[str, Any] | None, key: str) -> str:
    if told is None or told["value"] is None:
        return "–"
    return f"{wording.figure(key, told['value'])} ({wording.interval(key, told)})"


def _preset(report: Mapping[str, Any]) -> str:
    return str(report["models"][0]["preset"])


def _place(report: Mapping[str, Any]) -> int:
    names = list(CLAIMED)
    name = architecture(_preset(report))
    return names.index(name) if name in names else len(names)


def _require_alike(reports: Sequence[Mapping[str, Any]]) -> None:
    if any("scores" not in report for report in reports):
        raise BonefracError(
            "A report without scores", expected="reports of one model each", fix="Leave it out"
        )
    alike = {(r["data"]["split_sha256"], tuple(sorted(r["counts"].items()))) for r in reports}
    if len(alike) > 1:
        raise BonefracError(
            f"{len(alike)} different sets of radiographs",
            expected="reports on the same radiographs",
            fix="Evaluate all models on one --data and --split",
        )
