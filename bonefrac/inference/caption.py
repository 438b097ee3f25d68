"""What an overlay says in words, in the corner where it hides the least."""

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

import cv2
import numpy as np

from bonefrac.inference.pen import Corner, Pen, Text, render, window
from bonefrac.schema import NOT_A_DEVICE, VERDICT_NONE

if TYPE_CHECKING:
    from bonefrac.inference.finding import Box, Finding

# A scale bar takes at most this share of the width, and one of these lengths in millimetres.
_BAR_SHARE = 0.25
_BAR_MM = (200, 100, 50, 20, 10, 5, 2, 1)


def draw_caption(pen: Pen, gray: np.ndarray, finding: "Finding") -> Pen:
    """The caption, in the corner and width that cover no lesion, no line and the least anatomy."""
    caption = Pen(finding.mask)

    def cost(place: tuple[Text, Corner]) -> tuple[int, int, int]:
        # In steps, so that noise does not move the caption from its usual corner. Markers of the
        # side stand in corners, and hiding one is the worst that a caption can do.
        return *pen.cost(*place), round(float(gray[window(*place)].std()) / 16)

    best = None
    for texts in _captions(pen, finding):
        places = [(text, corner) for text in texts for corner in _corners(pen, text)]
        if places:
            best = min(places, key=cost)
        if best and cost(best)[0] == 0:
            break
    if best:
        caption.stamp(*best)
    return caption


def _captions(pen: Pen, finding: "Finding") -> Iterator[list[Text]]:
    """From the whole caption to the shortest: the ways to break it that fit the picture."""
    for layouts in _refusals(finding) if finding.probability is None else _layouts(finding):
        texts = [render(lines, pen.font_size) for lines in layouts]
        yield [t for t in texts if t[0].shape[0] <= 0.4 * pen.height and t[0].shape[1] <= pen.width]


def _layouts(finding: "Finding") -> Iterator[list[list[str]]]:
    verdict, rest, short = _words(finding)
    model, first = finding.model, f"{verdict} · {rest}"
    use, sentences = NOT_A_DEVICE, _sentences(NOT_A_DEVICE)
    whole = [[f"{first} · {model} · {use}"], [f"{first} · {model}", use], [first, model, use]]
    yield [*whole, [first, model, *sentences], [verdict, rest, model, *sentences]]
    yield [[first, use], [first, *sentences], [verdict, rest, *sentences]]
    yield from ([[short, *sentences]], [[short, sentences[0]]], [[short]])


def _words(finding: "Finding") -> tuple[str, str, str]:
    """Verdict, what is told of it, and both in short."""
    verdict, told = finding.verdict.capitalize(), figure(finding.probability or 0.0)
    short = f"{verdict} {told}"
    if finding.uncertainty is not None:
        told += f" ± {finding.uncertainty:.2f}"
    if finding.verdict != VERDICT_NONE and not finding.boxes:
        verdict += ", no region outlined"
    return verdict, f"probability {told}", short


def _refusals(finding: "Finding") -> Iterator[list[list[str]]]:
    """The verdict and why; no model, as none was asked."""
    verdict, use = finding.verdict.capitalize(), NOT_A_DEVICE
    whole = [f"{verdict} · {finding.reason}", use]
    wraps = [textwrap.wrap(finding.reason, letters) for letters in (50, 30, 20)]
    yield [whole, *([verdict, *lines, *_sentences(use)] for lines in wraps)]
    yield from ([[verdict, *lines]] for lines in wraps)
    yield [[verdict]]


def _sentences(text: str) -> list[str]:
    return [f"{sentence}." for sentence in text.rstrip(".").split(". ")]


def _corners(pen: Pen, text: Text) -> list[Corner]:
    height, width = text[0].shape
    bottom, right = pen.height - height, pen.width - width
    return [(bottom, 0), (0, 0), (bottom, right), (0, right)]


def figure(probability: float) -> str:
    """Two decimals that never claim certainty."""
    if probability > 0.99:
        return ">0.99"
    return f"{probability:.2f}" if probability >= 0.01 else "<0.01"


def label_of(box: "Box", *, length: bool = True) -> str:
    """What stands beside a lesion: its score, and its length where it is known."""
    score = figure(box.score)
    if box.length_mm is None or not length:
        return score
    return f"{score} · {max(1, round(box.length_mm))} mm"


def draw_scale(caption: Pen, pen: Pen, finding: "Finding") -> None:
    """Add a bar of a round length in the patient, if that is known and a corner is free.

    Args:
        caption: that it is drawn with.
        pen: of the lesions.
        finding: with its spacing.
    """
    if finding.spacing is None or not finding.spacing.in_patient:
        return
    widest = _BAR_SHARE * pen.width * finding.spacing.column_mm
    millimetres = next((mm for mm in _BAR_MM if mm <= widest), None)
    if millimetres is None:
        return
    bar = _bar(f"{millimetres} mm", millimetres / finding.spacing.column_mm, pen)
    for corner in reversed(_corners(pen, bar)):
        taken = *pen.cost(bar, corner), *caption.cost(bar, corner)
        if min(corner) >= 0 and not any(taken):
            caption.stamp(bar, corner)
            return


def _bar(words: str, length: float, pen: Pen) -> Text:
    """A horizontal bar, `length` pixels from outer edge to outer edge, with ticks and words."""
    text = render([words], pen.font_size)
    long, tick, margin = round(length), pen.font_size // 2, pen.rim + pen.line
    height = text[0].shape[0] + tick + 2 * margin
    planes = []
    for letters, width in zip(text, (pen.line + 2 * pen.rim, pen.line), strict=True):
        plane = np.zeros((height, max(long + 2 * margin, letters.shape[1])), np.uint8)
        plane[: letters.shape[0], : letters.shape[1]] = letters
        grow = (width - pen.line) // 2
        left, right, base = margin, margin + long, height - margin
        for top, x0, x1 in (
            (base - pen.line, left, right),
            (base - tick, left, left + pen.line),
            (base - tick, right - pen.line, right),
        ):
            corners = (x0 - grow, top - grow), (x1 - 1 + grow, base - 1 + grow)
            cv2.rectangle(plane, *corners, 255, cv2.FILLED)
        planes.append(plane)
    return planes[0], planes[1]
