"""The end of the page: cases to look at, and how the numbers were made."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from bonefrac.evaluation.report.pictures import KINDS
from bonefrac.schema import REPORT_FILE


def cases_section(pictures: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """Best, typical and worst answers, as `draw_cases` makes them; "" for none."""
    if not pictures:
        return ""
    parts = "".join(
        f'<h3>{KINDS[kind]}</h3><div class="cases">{"".join(map(_case, cases))}</div>'
        for kind, cases in pictures.items()
    )
    return (
        '<section class="pictures"><h2>Best, typical and worst</h2><p>Left what readers outlined, '
        "right what the model shows. They were chosen by the scores, not by hand. Treat this page "
        f"as you treat the radiographs on it.</p>{parts}</section>\n"
    )


def _case(case: Mapping[str, Any]) -> str:
    name = escape(case["id"])
    return (
        f'<figure><div><img src="{case["truth"]}" alt="{name}, outlined by readers">'
        f'<img src="{case["answer"]}" alt="{name}, as the model shows it"></div>'
        f"<figcaption><b>{name}</b> {escape(case['words'])}</figcaption></figure>"
    )


def protocol_section(report: Mapping[str, Any]) -> str:
    """What was scored on what, and how."""
    data, protocol = report["data"], report["protocol"]
    rows = [
        ("Data", f"{data['name']}, SHA-256 {data['sha256']}, split {data['split']}"),
        *((m["name"], _model(m)) for m in report["models"]),
        ("Pixels", f"Of {protocol['resolution']}."),
        ("Empty masks", protocol["empty_masks"]),
        ("Hits", protocol["hit_rule"]),
        (
            "Intervals",
            f"{protocol['interval']}; {protocol['rounds']} rounds, seed {protocol['seed']}.",
        ),
        ("Command", report["command"]),
        ("Versions", ", ".join(f"{k} {v}" for k, v in report["versions"].items())),
    ]
    told = "".join(f"<dt>{escape(name)}</dt><dd>{escape(words)}</dd>" for name, words in rows)
    return (
        f'<section class="protocol"><h2>Protocol</h2><dl>{told}</dl>'
        f"<p>All numbers are in <code>{REPORT_FILE}</code>.</p></section>\n"
    )


def _model(model: Mapping[str, Any]) -> str:
    calibration = ", ".join(f"{k} {v:.3g}" for k, v in model["calibration"].items())
    return (
        f"{model['path']}, SHA-256 {model['sha256']}, at {model['image_size']} px, on "
        f"{model['split']}; {calibration}, from {model['calibrated_on']}"
    )
