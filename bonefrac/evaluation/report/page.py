"""A report as one HTML page that carries its style and pictures along, made to be printed."""

from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from typing import Any

from bonefrac.evaluation.figures import SCORES
from bonefrac.evaluation.report import charts, wording
from bonefrac.evaluation.report.appendix import cases_section, protocol_section
from bonefrac.schema import NOT_A_DEVICE

_SCORES = ("Score", "Value", "95 % interval", "Trivial", "Of", "What it says")
_FORESTS = ("auc", "dice")
_NOT_A_NUMBER = "–"


def page(report: Mapping[str, Any], pictures: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """The whole page.

    Args:
        report: as `document` makes it.
        pictures: as `draw_cases` makes them; may be empty.
    """
    title = f"Evaluation: {escape(wording.headline(report))}"
    style = files("bonefrac.evaluation.report").joinpath("page.css").read_text(encoding="utf-8")
    body = [_head(report, title)]
    if "scores" in report:
        body += [_scores(report), _curves(report), _trivial(report), _slices(report)]
        body.append(_folds(report))
    body += [_each(report), _differences(report), cases_section(pictures), protocol_section(report)]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{style}</style></head><body>\n"
        f"{''.join(body)}<footer><p>{NOT_A_DEVICE}</p></footer></body></html>\n"
    )


def _head(report: Mapping[str, Any], title: str) -> str:
    warnings = "".join(
        f'<p class="warning"><b>Warning:</b> {escape(w)}.</p>' for w in report["warnings"]
    )
    counts = f"<p>{escape(wording.counted(report['counts']))}.</p>" if "counts" in report else ""
    splits = ", ".join(dict.fromkeys(model["split"] for model in report["models"]))
    return (
        f"<header><h1>{title}</h1>{counts}<p>Split: {escape(splits)}. {escape(report['created'])}, "
        f"bonefrac {escape(report['versions']['bonefrac'])}.</p>{warnings}</header>\n"
    )


def _scores(report: Mapping[str, Any]) -> str:
    bodies = ""
    for title, rows in wording.score_rows(report):
        head = f'<tr class="part"><th scope="rowgroup" colspan="{len(_SCORES)}">{title}</th></tr>'
        bodies += f"<tbody>{head}{''.join(map(_row, rows))}</tbody>"
    return (
        f'<section><h2>Scores</h2><table class="scores">{_columns(_SCORES)}{bodies}</table>'
        "<p>“Trivial” is what an answer without a look at the picture scores: the larger class, "
        "the share of fractures as probability, or an empty outline. Of the errors (distances, "
        "false boxes, calibration, Brier) less is better.</p></section>\n"
    )


def _curves(report: Mapping[str, Any]) -> str:
    curves, scores, counts = report["curves"], report["scores"], report["counts"]
    if "auc" not in scores or not counts["fractured"] or not counts["intact"]:
        return ""
    points = {
        name: (1 - scores[f"specificity_{name}"]["value"], scores[f"sensitivity_{name}"]["value"])
        for name in ("sure", "doubt")
    }
    share = counts["fractured"] / (counts["fractured"] + counts["intact"])
    drawn = [
        (charts.roc(curves["roc"], points), f"ROC. {_told(scores, 'auc')}. Dots: the thresholds."),
        (
            charts.precision_recall(curves["precision_recall"], share),
            f"Precision and recall. {_told(scores, 'average_precision')}. Dashed: the share of "
            "fractures.",
        ),
    ]
    if "froc" in scores:
        drawn.append((charts.froc(curves["froc"]), f"FROC. {_told(scores, 'froc')}."))
    calibration = f"Calibration. {_told(scores, 'ece')}. Larger dots hold more radiographs."
    drawn.append((charts.reliability(curves["reliability"]), calibration))
    figures = "".join(
        f"<figure>{svg}<figcaption><b>{'abcd'[k]}</b> {escape(words)}</figcaption></figure>"
        for k, (svg, words) in enumerate(drawn)
    )
    return (
        f'<section><h2>Curves</h2><div class="charts">{figures}</div>'
        "<p>Bands and bars are 95 % intervals.</p></section>\n"
    )


def _told(scores: Mapping[str, Any], key: str) -> str:
    told, ends = scores[key], wording.interval(key, scores[key])
    value = f"{SCORES[key].title} {wording.figure(key, told['value'])}"
    return f"{value} ({ends})" if ends else value


def _trivial(report: Mapping[str, Any]) -> str:
    if not report["baselines"]:
        return ""
    columns, trivial = wording.trivial_rows(report)
    rows = "".join(map(_row, trivial))
    return (
        "<section><h2>Beside models that see no picture</h2>"
        f'<table class="trivial">{_columns(columns)}<tbody>{rows}</tbody></table>'
        "<p>Each knows how often radiographs of the same kind are fractured among those that were "
        "left for training. A network that does not beat them has shown nothing.</p></section>\n"
    )


def _slices(report: Mapping[str, Any]) -> str:
    if not report["slices"]:
        return ""
    keys = [key for key in _FORESTS if any(key in p["scores"] for p in report["slices"])]
    bodies, by = "", None
    for part in report["slices"]:
        if part["by"] != by:
            by = part["by"]
            head = f'<th scope="rowgroup" colspan="{2 + 2 * len(keys)}">By {escape(by)}</th>'
            bodies += f'<tr class="part">{head}</tr>'
        bodies += _slice(part, report["scores"], keys)
    columns = ["", "Radiographs (fractured)"]
    for key in keys:
        columns += [f"{SCORES[key].title} (95 % interval)", "0 to 1"]
    head = "".join(f'<th scope="col">{column}</th>' for column in columns)
    return (
        '<section><h2>Parts</h2><table class="parts"><thead><tr>'
        f"{head}</tr></thead><tbody>{bodies}</tbody></table>"
        "<p>Dashed: all radiographs. The size of a lesion is the outlined share of the picture. "
        "Few radiographs make wide intervals; a part that looks better or worse may be chance."
        "</p></section>\n"
    )


def _slice(part: Mapping[str, Any], overall: Mapping[str, Any], keys: Sequence[str]) -> str:
    counts = part["counts"]
    cells = f'<th scope="row">{escape(part["name"])}</th>'
    cells += f"<td>{counts['radiographs']:,} ({counts['fractured']:,})</td>"
    for key in keys:
        told = part["scores"].get(key)
        words = _NOT_A_NUMBER
        if told is not None and told["value"] is not None:
            ends = wording.interval(key, told)
            words = f"{wording.figure(key, told['value'])} <small>{ends}</small>"
        cells += f"<td>{words}</td><td>{charts.forest(told, overall[key]['value'])}</td>"
    return f"<tr>{cells}</tr>"


def _folds(report: Mapping[str, Any]) -> str:
    if not report.get("folds"):
        return ""
    columns, folds = wording.fold_rows(report)
    rows = "".join(map(_row, folds))
    return (
        f'<section><h2>Folds</h2><table class="trivial">{_columns(columns)}<tbody>{rows}</tbody>'
        "</table><p>Each model is scored on the fold that it has not seen; the scores above are of "
        "all folds together.</p></section>\n"
    )


def _each(report: Mapping[str, Any]) -> str:
    if not report.get("of_each"):
        return ""
    columns, rows = wording.each_rows(report)
    return (
        '<section><h2>Scores</h2><table class="trivial">'
        f"{_columns(columns)}<tbody>{''.join(map(_row, rows))}</tbody></table></section>\n"
    )


def _differences(report: Mapping[str, Any]) -> str:
    columns = ("Score", "Difference", "95 % interval", "")
    return "".join(
        f"<section><h2>{escape(c['model'])} less {escape(c['against'])}</h2>"
        f'<table class="trivial">{_columns(columns)}<tbody>'
        f"{''.join(map(_row, wording.difference_rows(c)))}</tbody></table>"
        "<p>Both were shown the same radiographs, in the same resamples. Of the false boxes and "
        "the Brier score less is better. One in twenty of such intervals leaves out zero by "
        "chance.</p></section>\n"
        for c in report.get("differences", [])
    )


def _columns(names: Sequence[str]) -> str:
    cells = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    return f"<thead><tr>{cells}</tr></thead>"


def _row(cells: Sequence[str]) -> str:
    first, *others = (escape(cell) for cell in cells)
    return f'<tr><th scope="row">{first}</th>{"".join(f"<td>{c}</td>" for c in others)}</tr>'
