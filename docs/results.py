"""The results page and the README's tables, from the reports in `docs/results/`."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from bonefrac.evaluation.figures import SCORES
from bonefrac.evaluation.report import wording
from bonefrac.evaluation.report.architectures import CLAIMED, architecture
from bonefrac.evaluation.report.markdown import table

RESULTS = Path(__file__).parent / "results"
_BLOCK = re.compile(
    r"(?<=<!-- results: written by make docs -->\n).*?(?=<!-- end of results -->)", re.S
)
_HEAD = ("auc", "accuracy", "dice", "jaccard", "ap50")


class Benchmark(NamedTuple):
    """Reports on the same radiographs.

    Attributes:
        folder: below `docs/results/`, a report a model.
        title: heading.
        words: what it is.
    """

    folder: str
    title: str
    words: str


BENCHMARKS = (
    Benchmark(
        "fracatlas",
        "FracAtlas",
        "Radiographs of patients ([Abedeen et al. 2023](https://doi.org/10.1038/s41597-023-02432-4),\n"
        "CC BY 4.0) that no model here was trained, selected or calibrated on.",
    ),
    Benchmark(
        "fracatlas-official",
        "FracAtlas, the authors' test part",
        "The 61 fractured radiographs that the authors of FracAtlas test on, and the intact ones\n"
        "that [share a group with them](explanation/splits.md#the-authors-split). The model that\n"
        "ships has seen some of these; this one was trained for the comparison, by nearly the\n"
        "recipe of its first teacher, and does not ship.",
    ),
    Benchmark(
        "phantom-close",
        "Close phantoms",
        "Drawings, coned down: `bonefrac-data build phantom --count 2000 --seed 0\n"
        "--difficulty close --out data/close2000`. One pixel of slip leaves a Dice of 0.954. What\n"
        "each command below goes on from [stands there](explanation/phantom.md).",
    ),
    Benchmark(
        "phantom-easy",
        "Easy phantoms",
        "Drawings: `bonefrac-data build phantom --count 1500 --seed 0 --difficulty easy --out\n"
        "data/easy1500`. What is claimed for the architectures came with no data and no\n"
        "protocol, and part of the distance is [in the measure](explanation/phantom.md).",
    ),
)


def results_page(note: str) -> str:
    """Every benchmark: the table, all scores of each model, and how each was made."""
    parts = [
        "# Results\n\n",
        note,
        "Each number stands beside its 95 % interval, by bootstrap over groups of\n"
        "near-duplicates and neighbouring ids, and beside what is trivial: the larger class, an\n"
        "empty outline, and the best AUC that body part, view and hardware give without a look at\n"
        "the picture. [The protocol](explanation/protocol.md) says what each score means. The\n"
        "reports behind this page, with SHA-256 of data and models, are in `docs/results/`.\n",
    ]
    for benchmark in BENCHMARKS:
        reports = load(benchmark)
        parts.append(f"\n## {benchmark.title}\n\n{benchmark.words}\n\n{benchmark_table(reports)}")
        parts += [_model(report) for report in reports]
    return "".join(parts)


def with_results(readme: str) -> str:
    """The README with its tables made anew."""
    text = "".join(
        f"**{benchmark.title}**: {wording.counted(reports[0]['counts'])}\n\n"
        f"{benchmark_table(reports)}\n"
        for benchmark in BENCHMARKS
        for reports in [load(benchmark)]
    )
    return _BLOCK.sub(lambda _: f"\n{text}", readme)


def load(benchmark: Benchmark) -> list[dict[str, Any]]:
    """Its reports, in the order of the architectures, larger inputs first."""
    paths = (RESULTS / benchmark.folder).glob("*.json")
    reports = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    return sorted(reports, key=_order)


def benchmark_table(reports: Sequence[Mapping[str, Any]]) -> str:
    """A row a model, then what is trivial."""
    titles = [SCORES[key].title for key in _HEAD]
    rows = [_row(report) for report in reports]
    scores = reports[0]["scores"]
    blind = max(known["auc"]["value"] for known in reports[0]["baselines"].values())
    trivial = [
        f"{wording.figure(key, scores[key]['baseline'])}" for key in _HEAD[1:] if key in scores
    ]
    rows.append(["trivial", wording.figure("auc", blind), *trivial, "–"])
    return table(("Model", *titles, "Claimed accuracy / Dice / Jaccard"), rows)


def _row(report: Mapping[str, Any]) -> list[str]:
    model = report["models"][0]
    name, claim = CLAIMED.get(architecture(model["preset"]), (model["preset"], None))
    told = [_told(report["scores"], key) for key in _HEAD]
    claimed = " / ".join(f"{value:.2f}" for value in claim) if claim else "–"
    return [f"{name} (`{model['name']}`, {model['image_size']} px)", *told, claimed]


def _told(scores: Mapping[str, Any], key: str) -> str:
    if key not in scores or scores[key]["value"] is None:
        return "–"
    return f"{wording.figure(key, scores[key]['value'])} ({wording.interval(key, scores[key])})"


def _model(report: Mapping[str, Any]) -> str:
    """All of one report, and the commands that made it."""
    model = report["models"][0]
    rows = [row[:5] for _, section in wording.score_rows(report) for row in section]
    return (
        f"\n### `{model['name']}` at {model['image_size']} px\n\n"
        f"{wording.counted(report['counts'])}; {report['data']['name']}, SHA-256 "
        f"`{report['data']['sha256'][:16]}`, {model['split']}; model SHA-256 "
        f"`{model['sha256'][:16]}`; {report['created']}.\n\n"
        f"```console\n{model['trained_by']}\n{report['command']}\n```\n\n"
        + table(("Score", "Value", "95 % interval", "Trivial", "Of"), rows)
        + f"\n{table(*wording.trivial_rows(report))}"
        + f"\n{table(*wording.part_rows(report))}"
    )


def _order(report: Mapping[str, Any]) -> tuple[int, int, str]:
    model = report["models"][0]
    names = list(CLAIMED)
    place = architecture(model["preset"])
    return (
        names.index(place) if place in names else len(names),
        -model["image_size"],
        model["name"],
    )
