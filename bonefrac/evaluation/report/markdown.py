"""A report as Markdown, for a repository or a paper's supplement."""

from collections.abc import Mapping, Sequence
from typing import Any

from bonefrac.evaluation.report import wording
from bonefrac.schema import NOT_A_DEVICE

_SCORES = ("Score", "Value", "95 % interval", "Trivial", "Of", "What it says")


def markdown(report: Mapping[str, Any]) -> str:
    """The whole report."""
    parts = [f"# Evaluation: {wording.headline(report)}\n"]
    parts += [f"**Warning:** {line}.\n" for line in report["warnings"]]
    if "scores" in report:
        parts += _scores(report)
    if report.get("of_each"):
        parts += ["## Scores\n", table(*wording.each_rows(report))]
    for comparison in report.get("differences", []):
        parts.append(f"## {comparison['model']} less {comparison['against']}\n")
        columns = ("Score", "Difference", "95 % interval", "")
        parts.append(table(columns, wording.difference_rows(comparison)))
    return "\n".join([*parts, *_protocol(report)])


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; the second to fourth columns hold numbers."""
    marks = ["---:" if 0 < k < 4 and name else "---" for k, name in enumerate(columns)]
    lines = [columns, marks, *rows]
    return "".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |\n" for line in lines)


def _scores(report: Mapping[str, Any]) -> list[str]:
    parts = [f"{wording.counted(report['counts'])}.\n"]
    for title, rows in wording.score_rows(report):
        parts += [f"## {title}\n", table(_SCORES, rows)]
    if report["baselines"]:
        parts += ["## Beside models that see no picture\n"]
        parts += [table(*wording.trivial_rows(report))]
    if report["slices"]:
        parts += ["## Parts\n", table(*wording.part_rows(report))]
    if report.get("folds"):
        parts += ["## Folds\n", table(*wording.fold_rows(report))]
    return parts


def _protocol(report: Mapping[str, Any]) -> list[str]:
    data, protocol = report["data"], report["protocol"]
    parts = ["## Protocol\n"]
    parts += [
        f"- {model['name']} (`{model['path']}`, SHA-256 `{model['sha256'][:16]}`), at "
        f"{model['image_size']} px, on {model['split']}; thresholds from {model['calibrated_on']}"
        for model in report["models"]
    ]
    return [
        *parts,
        f"- Data: {data['name']}, SHA-256 `{data['sha256'][:16]}`, split {data['split']}",
        f"- Pixels are of {protocol['resolution']}. {protocol['empty_masks']}",
        f"- {protocol['hit_rule']}",
        f"- Intervals: {protocol['interval']}, {protocol['rounds']} rounds, seed "
        f"{protocol['seed']}",
        f"- Made on {report['created']} by `{report['command']}`, bonefrac "
        f"{report['versions']['bonefrac']}",
        f"\n{NOT_A_DEVICE}\n",
    ]
