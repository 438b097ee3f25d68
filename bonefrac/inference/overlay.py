"""A radiograph with its lesions outlined, as a doctor would accept it: nothing tinted or hidden."""

from typing import TYPE_CHECKING

import cv2
import numpy as np

from bonefrac.inference.caption import draw_caption, draw_scale, label_of
from bonefrac.inference.pen import Corner, Pen, Text, fits, render, window
from bonefrac.schema import COLOURS, PIXEL_MAX, VERDICT_DOUBT, VERDICT_NONE

if TYPE_CHECKING:
    from bonefrac.inference.finding import Box, Finding


def draw(finding: "Finding") -> np.ndarray:
    """Outline the lesions of a finding on its radiograph.

    Each lesion gets a contour and a box, both a little outside it (the box dashed if the verdict
    is "doubt"), and its score, unless there is no room for it beside the lesions. A caption in the
    emptiest corner tells verdict, probability, model and `schema.NOT_A_DEVICE`; what does not fit
    a small picture is wrapped, then left out. Where the size of a pixel in the patient is known, a
    lesion's length stands beside its score, and a bar of a round length in another corner. Lines
    and letters grow with the picture.

    Returns:
        RGB, uint8 [H, W, 3], the size of the radiograph. Every pixel away from the lines and
        letters, and every pixel of a lesion that the caption can avoid, is the radiograph's own.
    """
    gray = np.rint(np.clip(finding.pixels, 0, PIXEL_MAX)).astype(np.uint8)
    pen = Pen(finding.mask)
    _outline(pen, finding.mask)
    for box in finding.boxes:
        _frame(pen, box, dashed=finding.verdict == VERDICT_DOUBT)
    pen.lift_from_lesions()
    for box in finding.boxes:
        _label(pen, gray, box)
    rgb = np.repeat(gray[..., None], 3, axis=2)
    pen.paint(rgb, COLOURS[finding.verdict])
    caption = draw_caption(pen, gray, finding)
    draw_scale(caption, pen, finding)
    caption.paint(rgb, COLOURS[VERDICT_NONE])
    return rgb


def _outline(pen: Pen, mask: np.ndarray) -> None:
    contours, nesting = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    for i, contour in enumerate(contours):
        if nesting[0, i, 3] < 0:  # no parent: an outer border, not that of a hole
            pen.stroke(_smooth(_grow(contour, pen.gap), pen.gap | 1), pen.line, closed=True)


def _grow(contour: np.ndarray, reach: int) -> np.ndarray:
    """Outline (x, y) [N, 2] of the pixels at most `reach` from those that a contour encloses."""
    x, y, width, height = cv2.boundingRect(contour)
    shift = np.array((x - reach, y - reach))
    inside = np.zeros((height + 2 * reach, width + 2 * reach), np.uint8)
    cv2.drawContours(inside, [contour - shift], 0, 1, cv2.FILLED)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    grown = cv2.dilate(inside, disc)
    (outline,), _ = cv2.findContours(grown, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return outline[:, 0] + shift


def _smooth(points: np.ndarray, window: int) -> np.ndarray:
    """Average each point of a closed contour with its neighbours: no stairs."""
    around = np.pad(points, ((window // 2, window // 2), (0, 0)), mode="wrap")
    kernel = np.full(window, 1 / window)
    return np.stack([np.convolve(axis, kernel, mode="valid") for axis in around.T], axis=1)


def _frame(pen: Pen, box: "Box", *, dashed: bool) -> None:
    top, left, bottom, right = _edges(pen, box)
    corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom)], float)
    thin = (pen.line + 1) // 2
    if not dashed:
        pen.stroke(corners, thin, closed=True)
        return
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        # An odd number of parts: both corners of the side are drawn.
        parts = 2 * round(np.abs(end - start).sum() / (14 * pen.line)) + 1
        stops = np.linspace(start, end, parts + 1)
        for i in range(0, parts, 2):
            pen.stroke(stops[i : i + 2], thin)


def _edges(pen: Pen, box: "Box") -> tuple[int, int, int, int]:
    """Top, left, bottom and right of the drawn frame, clear of the contour."""
    far = 3 * pen.gap
    left, top = max(0, box.x - 1 - far), max(0, box.y - 1 - far)
    bottom = min(pen.height - 1, box.y + box.height + far)
    return top, left, bottom, min(pen.width - 1, box.x + box.width + far)


def _label(pen: Pen, gray: np.ndarray, box: "Box") -> None:
    for words in dict.fromkeys((label_of(box), label_of(box, length=False))):
        text = render([words], pen.font_size)

        def cost(corner: Corner, text: Text = text) -> tuple[int, int, int]:
            # Off the bone if the order of `_beside` allows: letters read better on dark, too.
            return *pen.cost(text, corner), round(float(gray[window(text, corner)].mean()) / 64)

        corners = [corner for corner in _beside(pen, box, text) if fits(pen, text, corner)]
        best = min(corners, key=cost, default=None)
        if best and cost(best)[0] == 0:
            pen.stamp(text, best)
            return


def _beside(pen: Pen, box: "Box", text: Text) -> list[Corner]:
    """Where a score may stand: above and below the frame, beside it, in its corners."""
    height, width = text[0].shape
    top, left, bottom, right = _edges(pen, box)
    away = pen.line + pen.rim
    flush = [(top, bottom + 1 - height), (left, right + 1 - width)]
    outside = [(top - away - height, bottom + away + 1), (right + away + 1, left - away - width)]
    inside = [(top + away, bottom - away - height), (left + away, right - away - width)]
    pairs = [(outside[0], flush[1]), (flush[0], outside[1]), (inside[0], inside[1])]
    return [(y, x) for ys, xs in pairs for y in ys for x in xs]
