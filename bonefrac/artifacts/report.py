"""The export report: `export.json`, and the same as Markdown and as one table."""

import datetime
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bonefrac import schema, storage
from bonefrac.artifacts.export import Exported
from bonefrac.artifacts.latency import machine
from bonefrac.errors import BonefracError
from bonefrac.evaluation.report.markdown import table

COLUMNS = (
    *("artefact", "MB", "ms, 1 thread", "ms, 2 threads", "Dice", "change of Dice", "AUC"),
    *("change of AUC", "verdicts changed"),
)
_THREADS = {"1": "1 thread", "2": "2 threads", "all": "threads as TensorFlow likes"}
Rows = list[list[str]]


def keep(folder: Path, made: Sequence[Exported], *, heading: Mapping[str, Any]) -> dict[str, Any]:
    """Put artefacts into the report of a folder, beside those that are still there.

    Args:
        folder: of the artefacts.
        made: what was just written.
        heading: `command`, `model`, `data`, `split`, `calibration` (the split that the ranges of
            integers come from), `most_fall` and `versions` of this export.

    Returns:
        The report.
    """
    own = {"created": datetime.datetime.now(datetime.UTC).date().isoformat(), "machine": machine()}
    new = [{**each.told, **own, **heading} for each in made]
    names = {entry["name"] for entry in new}
    old = [e for e in _entries(folder) if e["name"] not in names and (folder / e["name"]).exists()]
    report = {
        "format": schema.EXPORT_FORMAT,
        "use": schema.NOT_A_DEVICE,
        "artefacts": sorted([*old, *new], key=lambda entry: entry["name"]),
    }
    text = json.dumps(report, indent=1, ensure_ascii=False) + "\n"
    storage.write_text(folder / schema.EXPORT_REPORT, text)
    storage.write_text(folder / schema.EXPORT_TEXT, markdown(report))
    return report


def read(folder: Path) -> dict[str, Any]:
    """The report of a folder.

    Raises:
        BonefracError: there is none, or one of a later format.
    """
    path = folder / schema.EXPORT_REPORT
    if not path.is_file():
        raise BonefracError(
            f"{folder} has no {path.name}",
            expected="a folder that bonefrac-export wrote",
            fix="Export something first, such as --all",
        )
    report: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if report["format"] > schema.EXPORT_FORMAT:
        raise BonefracError(
            f"{path} has format {report['format']}",
            expected=f"at most {schema.EXPORT_FORMAT}",
            fix="Update bonefrac",
        )
    return report


def comparison(report: Mapping[str, Any]) -> Rows:
    """A row an artefact, for `COLUMNS`."""
    return [_row(entry) for entry in report["artefacts"]]


def markdown(report: Mapping[str, Any]) -> str:
    """The whole report."""
    parts = ["# Export\n", f"{schema.NOT_A_DEVICE}\n", table(COLUMNS, comparison(report))]
    parts.append(
        "Changes are the artefact's less the network's, on the same radiographs, with 95 % "
        "intervals by bootstrap over groups; ms are of one square, median.\n"
    )
    parts += [_details(entry) for entry in report["artefacts"]]
    return "\n".join(parts)


def _entries(folder: Path) -> list[dict[str, Any]]:
    if not (folder / schema.EXPORT_REPORT).is_file():
        return []
    entries: list[dict[str, Any]] = read(folder)["artefacts"]
    return entries


def _row(entry: Mapping[str, Any]) -> list[str]:
    proof, times = entry.get("proof"), entry.get("latency_ms", {})
    one, two = times.get("1"), times.get("2") or times.get("all")
    row = [entry["name"], f"{entry['bytes'] / 1e6:.2f}", _ms(one), _ms(two)]
    if proof is None:
        return [*row, *["–"] * 5]
    for key in ("dice", "auc"):
        row += [_value(proof["scores"].get(key)), _change(proof["changes"].get(key))]
    return [*row, f"{proof['verdicts_changed']} of {proof['images']}"]


def _details(entry: Mapping[str, Any]) -> str:
    lines = [f"## {entry['name']}\n"]
    lines.append(f"- {entry['kind']}, {entry['image_size']} px, {entry['bytes']:,} bytes")
    p = entry["parity"]
    lines.append(
        f"- beside the network on {p['images']} radiographs: mask probability off by "
        f"{p['mask']:.1e} on average in the worst one and {p['mask_max']:.1e} at most, fracture "
        f"probability by {p['probability']:.1e}, masks agree to Dice {p['agreement']:.4f}"
    )
    if entry["kind"] == "tflite-int8" and "calibration" in entry:
        lines.append(f"- ranges of the integers found on radiographs of {entry['calibration']}")
    if entry.get("forced"):
        lines.append(f"- **forced**: {entry['forced']}")
    for threads, took in entry.get("latency_ms", {}).items():
        lines.append(
            f"- {_THREADS[threads]}: {took['median']:.1f} ms (10th to 90th percentile "
            f"{took['low']:.1f} to {took['high']:.1f}) on {entry['machine']}"
        )
    if "audit" in entry:
        lines += _audit(entry["audit"])
    if "proof" in entry:
        proof = entry["proof"]
        lines.append(
            f"- scored on the first {proof['images']} radiographs of {entry['split']} of "
            f"{entry['data']} ({proof['fractured']} fractured): "
            + ", ".join(f"{key} {_with_interval(told)}" for key, told in proof["scores"].items())
            + f"; a fall of more than {entry['most_fall']:g} in Dice or AUC is refused"
        )
    lines.append(f"- `{entry['command']}`, {entry['created']}")
    return "\n".join(lines) + "\n"


def _audit(audit: Mapping[str, Any]) -> list[str]:
    counts = ", ".join(f"{name} {count}" for name, count in audit["operations"].items())
    fit = "fit" if audit["gpu"] else "not fit"
    return [
        f"- operations: {counts}",
        f"- XNNPACK takes {audit['delegated']:.0%} of them in {audit['pieces']} part(s); {fit} for "
        "the GPU delegate, says TensorFlow Lite's analyser",
    ]


def _ms(took: Mapping[str, float] | None) -> str:
    return "–" if took is None else f"{took['median']:.1f}"


def _value(told: Mapping[str, Any] | None) -> str:
    return "–" if told is None or told["value"] is None else f"{told['value']:.3f}"


def _with_interval(told: Mapping[str, Any]) -> str:
    if told["low"] is None:
        return _value(told)
    return f"{_value(told)} ({told['low']:.3f} to {told['high']:.3f})"


def _change(told: Mapping[str, Any] | None) -> str:
    if told is None or told["value"] is None:
        return "–"
    if told["low"] is None:
        return f"{told['value']:+.4f}"
    return f"{told['value']:+.4f} ({told['low']:+.4f} to {told['high']:+.4f})"
