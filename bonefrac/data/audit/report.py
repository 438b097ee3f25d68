"""An audit as JSON, as a terminal's tables, and as files of a folder."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bonefrac.data.audit.examine import Audit
from bonefrac.data.audit.finding import Severity, printable
from bonefrac.data.audit.page import page
from bonefrac.schema import AUDIT_FILE, AUDIT_FORMAT, AUDIT_PAGE
from bonefrac.storage import write_text

_BARS = 24
_STYLES = {Severity.SEVERE: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "dim"}
_NAMED = 2  # cases in the terminal


def as_json(audit: Audit, *, version: str, command: str, date: str) -> dict[str, Any]:
    """What `audit.json` holds; docs/reference/audit.md says what each key is.

    Args:
        audit: what was found.
        version: of bonefrac.
        command: how the program was called.
        date: the day, ISO 8601.
    """
    catalogue = audit.evidence.catalogue
    return {
        "format": AUDIT_FORMAT,
        "bonefrac": version,
        "name": catalogue.name,
        "source": str(catalogue.source),
        "date": date,
        "command": command,
        "groups_are": catalogue.groups_are,
        "counts": audit.counts,
        "findings": [
            {
                "check": finding.check,
                "severity": str(finding.severity),
                "title": finding.title,
                "meaning": finding.meaning,
                "count": finding.count,
                "cases": [list(case) for case in finding.cases],
                "details": dict(finding.details),
                "table": finding.table,
            }
            for finding in audit.findings
        ],
        "shortcuts": [
            {
                "feature": shortcut.feature,
                "auc": round(shortcut.auc, 4),
                "interval": [round(shortcut.low, 4), round(shortcut.high, 4)],
                "radiographs": shortcut.radiographs,
                "positive": shortcut.positive,
                "table": shortcut.table,
                "telling": list(shortcut.telling),
            }
            for shortcut in audit.shortcuts
        ],
        "distributions": _distributions(audit),
    }


def write(audit: Audit, folder: Path, *, told: dict[str, Any]) -> None:
    """Write `audit.html` and `audit.json` into a folder, each whole or not at all.

    Args:
        audit: what was found.
        folder: created if it does not exist.
        told: the audit as `as_json` makes it.
    """
    write_text(folder / AUDIT_PAGE, page(told, audit.evidence.entries))
    write_text(folder / AUDIT_FILE, json.dumps(told, indent=1) + "\n")


def show(audit: Audit) -> None:
    """Print the findings and the shortcuts as tables."""
    console = Console(highlight=False)
    catalogue = audit.evidence.catalogue
    counts = ", ".join(f"{count} {name}" for name, count in audit.counts.items())
    console.print(Text(printable(f"{catalogue.name}  {catalogue.source}")), soft_wrap=True)
    console.print(counts + "\n")
    findings = Table("", "count", "finding", "such as", box=None, pad_edge=False)
    findings.columns[1].justify = "right"
    for finding in audit.findings:
        style = _STYLES[finding.severity]
        count = str(finding.count or "")
        cases = ", ".join(" = ".join(case[:3]) for case in finding.cases[:_NAMED])
        cells = (str(finding.severity), count, finding.title, printable(cases))
        findings.add_row(Text(cells[0], style), *map(Text, cells[1:]))
    console.print(findings if audit.findings else "Nothing was found.")
    if audit.shortcuts:
        console.print("\nHow well each alone predicts the label, without a look at a bone")
        console.print(_shortcuts(audit))


def _shortcuts(audit: Audit) -> Table:
    table = Table("feature", "AUC", "95 % interval", "gives away", box=None, pad_edge=False)
    for shortcut in audit.shortcuts:
        interval = f"{shortcut.low:.2f} to {shortcut.high:.2f}"
        told = printable("; ".join(shortcut.telling))
        cells = (shortcut.feature, f"{shortcut.auc:.2f}", interval, told)
        table.add_row(*map(Text, cells))
    return table


def _distributions(audit: Audit) -> dict[str, Any]:
    """Histograms of size and exposure, by label."""
    sound = list(audit.evidence.sound())
    if not sound:
        return {}
    labels = np.array([entry.label for entry, _ in sound])
    longer = [float(max(facts.size)) for _, facts in sound]
    means = [facts.mean for _, facts in sound]
    lows, highs = min(longer), max(longer)
    # Sizes differ by factors: bars of equal ratio.
    sizes = np.geomspace(lows, max(highs, lows + 1), _BARS + 1)
    return {
        "longer side, px": _histogram(longer, labels, sizes),
        "mean gray level": _histogram(means, labels, np.linspace(0, 255, _BARS + 1)),
    }


def _histogram(values: Sequence[float], labels: np.ndarray, edges: np.ndarray) -> dict[str, Any]:
    # What lies on the last edge may be rounded beyond it.
    clipped = np.clip(values, edges[0], edges[-1])
    return {
        "edges": [round(float(edge), 2) for edge in edges],
        **{
            name: np.histogram(clipped[labels == label], edges)[0].tolist()
            for name, label in (("positive", 1), ("negative", 0), ("unlabelled", -1))
        },
    }
