"""An audit as one HTML page that carries its style and pictures along and needs no network."""

from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from typing import Any

from bonefrac.data.audit.charts import histogram, interval
from bonefrac.data.audit.finding import Severity, printable
from bonefrac.data.audit.pictures import data_uri
from bonefrac.data.catalogue import Entry
from bonefrac.schema import AUDIT_FILE, NOT_A_DEVICE

_SHOWN = 6  # cases of a finding with pictures
_OF_A_CASE = 4  # pictures of a case
_LISTED = 200  # cases of a finding by id
_OUTLINED = {
    *("intact_outlined", "fractured_not_outlined", "out_of_bounds", "degenerate", "target_sizes"),
    "mask_size",
}
_SEVERITIES = {
    Severity.SEVERE: "severe",
    Severity.WARNING: "to look at before training",
    Severity.NOTE: "to know",
}
_COUNTS = {
    "radiographs": "radiographs",
    "readable": "can be read",
    "positive": "labelled positive",
    "negative": "labelled negative",
    "unlabelled": "without a label",
    "outlined": "outlined",
}


def page(told: Mapping[str, Any], entries: Sequence[Entry]) -> str:
    """The whole page.

    Args:
        told: as `report.as_json` makes it.
        entries: of the catalogue, for the pictures.
    """
    by_id = {entry.id: entry for entry in entries}
    findings = told["findings"]
    title = f"Audit of {_text(told['name'])}"
    style = files("bonefrac.data.audit").joinpath("page.css").read_text(encoding="utf-8")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{style}</style></head><body>\n"
        f"<header><h1>{title}</h1>"
        f"<p>{_text(told['source'])}<br>{_text(told['date'])}, bonefrac {_text(told['bonefrac'])}"
        f"</p>{_counts(told['counts'])}</header>\n<main>"
        f"{_contents(findings)}{''.join(_finding(f, by_id) for f in findings)}"
        f"{_shortcuts(told['shortcuts'])}{_distributions(told['distributions'])}</main>\n"
        f"<footer><p>Made by <code>{_text(told['command'])}</code>. All ids are in "
        f"<code>{AUDIT_FILE}</code>.</p><p>{NOT_A_DEVICE}</p></footer></body></html>\n"
    )


def _text(value: object) -> str:
    return escape(printable(str(value)))


def _counts(counts: Mapping[str, int]) -> str:
    tiles = (
        f"<div><dt>{name}</dt><dd>{counts[key]:,}</dd></div>"
        for key, name in _COUNTS.items()
        if counts[key]
    )
    return f'<dl class="counts">{"".join(tiles)}</dl>'


def _contents(findings: Sequence[Mapping[str, Any]]) -> str:
    if not findings:
        return "<p>Nothing was found.</p>"
    rows = "".join(
        f'<li class="{_text(f["severity"])}"><a href="#{_text(f["check"])}">'
        f"<span>{_text(f['severity'])}</span><b>{_count(f)}</b>{_text(f['title'])}</a></li>"
        for f in findings
    )
    summary = ", ".join(
        f"{sum(f['severity'] == severity for f in findings)} {name}"
        for severity, name in _SEVERITIES.items()
    )
    return f'<nav><h2>Findings <small>{summary}</small></h2><ol class="contents">{rows}</ol></nav>'


def _finding(finding: Mapping[str, Any], entries: Mapping[str, Entry]) -> str:
    cases = finding["cases"]
    single = all(len(case) == 1 for case in cases)
    shown = "".join(_case(case, finding, entries) for case in cases[:_SHOWN])
    count = f' <span class="count">{_count(finding)}</span>' if cases else ""
    examples = f'<div class="cases {"single" if single else "joined"}">{shown}</div>'
    return (
        f'<section class="finding {_text(finding["severity"])}" id="{_text(finding["check"])}">'
        f'<p class="severity">{_text(finding["severity"])}</p>'
        f"<h2>{_text(finding['title'])}{count}</h2><p>{_text(finding['meaning'])}</p>"
        f"{_table(finding['table'])}{examples if cases else ''}{_list(finding)}</section>\n"
    )


def _count(finding: Mapping[str, Any]) -> str:
    """How many cases, "" for a finding that is not about single radiographs."""
    return f"{finding['count']:,}" if finding["count"] else ""


def _case(case: Sequence[str], finding: Mapping[str, Any], entries: Mapping[str, Entry]) -> str:
    figures = []
    for id in case[:_OF_A_CASE]:
        entry = entries.get(id)
        source = data_uri(entry, outlined=finding["check"] in _OUTLINED) if entry else ""
        name, detail = _text(id), _text(finding["details"].get(id, ""))
        image = (
            f'<img src="{source}" alt="{name}" loading="lazy">'
            if source
            else '<div class="none">no picture</div>'
        )
        figures.append(
            f"<figure>{image}<figcaption><b>{name}</b> <span>{detail}</span></figcaption></figure>"
        )
    more = f"<p>and {len(case) - _OF_A_CASE} more</p>" if len(case) > _OF_A_CASE else ""
    return f'<div class="case">{"".join(figures)}{more}</div>'


def _list(finding: Mapping[str, Any]) -> str:
    cases = finding["cases"]
    if len(cases) <= _SHOWN:
        return ""
    items = "".join(
        f"<li>{_text(' = '.join(case))} <span>{_text(finding['details'].get(case[0], ''))}</span>"
        for case in cases[:_LISTED]
    )
    rest = len(cases) - _LISTED
    more = f"<p>{rest} more in <code>{AUDIT_FILE}</code>.</p>" if rest > 0 else ""
    named = "All" if rest <= 0 else f"The first {_LISTED}"
    return f"<details><summary>{named} by id</summary><ul>{items}</ul>{more}</details>"


def _table(table: Mapping[str, Mapping[str, str]]) -> str:
    if not table:
        return ""
    columns = next(iter(table.values()))
    head = "".join(f'<th scope="col">{_text(column)}</th>' for column in columns)
    rows = "".join(
        f'<tr><th scope="row">{_text(name)}</th>'
        + "".join(f"<td>{_text(value)}</td>" for value in row.values())
        + "</tr>"
        for name, row in table.items()
    )
    return (
        f'<div class="wide"><table><thead><tr><td></td>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _shortcuts(shortcuts: Sequence[Mapping[str, Any]]) -> str:
    if not shortcuts:
        return ""
    rows = "".join(
        f'<tr><th scope="row">{_text(s["feature"])}</th><td>{s["auc"]:.2f}</td>'
        f"<td>{s['interval'][0]:.2f} to {s['interval'][1]:.2f}</td>"
        f"<td>{interval(s['auc'], *s['interval'])}</td></tr>"
        for s in shortcuts
    )
    first = shortcuts[0]
    return (
        '<section id="shortcuts"><h2>What predicts the label without a look at a bone</h2>'
        f"<p>Each feature alone, on {first['radiographs']:,} radiographs of which "
        f"{first['positive']:,} are positive: cross-validated area under the ROC curve and its "
        "95 % interval, groups and copies kept together. The dashed line is chance.</p>"
        '<div class="wide"><table class="shortcuts"><thead><tr><td></td><th scope="col">AUC</th>'
        '<th scope="col">95 % interval</th><th scope="col">0.4 to 1</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div></section>\n"
    )


def _distributions(distributions: Mapping[str, Any]) -> str:
    if not distributions:
        return ""
    charts = "".join(histogram(title, told) for title, told in distributions.items())
    return (
        '<section id="distributions"><h2>Sizes and exposure</h2><p class="legend">'
        '<i class="positive"></i>positive <i class="negative"></i>negative '
        f'<i class="unlabelled"></i>without a label</p><div class="charts">{charts}</div>'
        "</section>\n"
    )
