"""The best, the typical and the worst answers, each beside what the readers outlined."""

import base64
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from bonefrac import schema
from bonefrac.evaluation.cases import Cases
from bonefrac.evaluation.scores import dice
from bonefrac.inference.finding import Finding
from bonefrac.radiograph.letterbox import fit

KINDS = {
    "best": "Best outlines",
    "typical": "Typical outlines: Dice nearest to the median",
    "worst": "Fractures given the lowest probability",
    "alarms": "Intact radiographs given the highest probability",
}
_SHOWN = 3  # of each kind
_SIDE = 400  # pixels of the longer side
_QUALITY = 82


def pick(cases: Cases) -> dict[str, list[int]]:
    """Indices of the radiographs to show, by `KINDS`; none twice."""
    score = dice(cases.overlap, cases.predicted, cases.true)
    outlined = np.flatnonzero(cases.outlined)
    median = np.median(score[outlined]) if len(outlined) else 0.0
    broken, intact = np.flatnonzero(cases.label == 1), np.flatnonzero(cases.label == 0)
    ranked = {
        "best": outlined[np.argsort(-score[outlined], kind="stable")],
        "worst": broken[np.argsort(cases.probability[broken], kind="stable")],
        "alarms": intact[np.argsort(-cases.probability[intact], kind="stable")],
        "typical": outlined[np.argsort(np.abs(score[outlined] - median), kind="stable")],
    }
    taken: set[int] = set()
    chosen = {}
    for kind, order in ranked.items():
        left = [int(k) for k in order if int(k) not in taken][:_SHOWN]
        taken.update(left)
        chosen[kind] = left
    return {kind: chosen[kind] for kind in KINDS if chosen[kind]}


def draw_cases(
    cases: Cases,
    chosen: Mapping[str, Sequence[int]],
    find: Callable[[str, set[str]], Mapping[str, tuple[Finding, np.ndarray]]],
) -> dict[str, list[dict[str, Any]]]:
    """Pictures of the chosen radiographs.

    Args:
        cases: all radiographs.
        chosen: from `pick`.
        find: from a split and ids in it to finding and true mask of each.

    Returns:
        Kind -> for each radiograph `id`, `words`, `truth` and `answer` (data URIs).
    """
    wanted: dict[str, set[str]] = {}
    for k in (k for rows in chosen.values() for k in rows):
        wanted.setdefault(str(cases.split[k]), set()).add(str(cases.id[k]))
    found = {
        (split, id): pair for split, ids in wanted.items() for id, pair in find(split, ids).items()
    }
    return {
        kind: [_case(cases, k, *found[str(cases.split[k]), str(cases.id[k])]) for k in rows]
        for kind, rows in chosen.items()
    }


def _case(cases: Cases, k: int, finding: Finding, mask: np.ndarray) -> dict[str, Any]:
    words = [w for w in (str(cases.body_part[k]), str(cases.view[k])) if w]
    words.append({1: "fractured", 0: "intact"}.get(int(cases.label[k]), "unknown"))
    words.append(f"{finding.verdict}, {finding.probability:.2f}")
    if cases.outlined[k]:
        shown = dice(cases.overlap[k], cases.predicted[k], cases.true[k])
        words.append(f"Dice {float(shown):.2f}")
    return {
        "id": str(cases.id[k]),
        "words": " · ".join(words),
        "truth": _jpeg(outlined(finding.pixels, mask)),
        "answer": _jpeg(finding.overlay()),
    }


def outlined(pixels: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The radiograph with a line around a mask, a little outside it: RGB, uint8 [H, W, 3]."""
    import cv2

    gray = np.rint(np.clip(pixels, 0, schema.PIXEL_MAX)).astype(np.uint8)
    rgb = np.repeat(gray[..., None], 3, axis=2)
    line = max(1, round(max(mask.shape) / 250))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (4 * line + 1, 4 * line + 1))
    grown = cv2.dilate((mask > 0).astype(np.uint8), disc)
    contours, _ = cv2.findContours(grown, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.polylines(rgb, contours, True, schema.COLOURS[schema.VERDICT_NONE], line, cv2.LINE_AA)
    return rgb


def _jpeg(rgb: np.ndarray) -> str:
    from PIL import Image

    height, width = fit(rgb.shape[0], rgb.shape[1], _SIDE)
    image = Image.fromarray(rgb)
    if max(rgb.shape[:2]) > _SIDE:
        image = image.resize((width, height), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=_QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(out.getvalue()).decode()}"
