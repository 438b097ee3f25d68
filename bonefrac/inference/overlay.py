"""A radiograph with its lesions outlined, as a doctor would accept it: nothing tinted or hidden."""

import math
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from bonefrac.schema import COLOURS, NOT_A_DEVICE, PIXEL_MAX, VERDICT_DOUBT, VERDICT_NONE

if TYPE_CHECKING:
    from bonefrac.inference.finding import Box, Finding

_HALO_OPACITY = 0.85
_SUBPIXEL_BITS = 4
_SMALLEST_FONT = 12  # pixels; below it the words run together

_Text = tuple[np.ndarray, np.ndarray]  # halo and ink, uint8 [h, w] each
_Corner = tuple[int, int]  # top, left


def draw(finding: "Finding") -> np.ndarray:
    """Outline the lesions of a finding on its radiograph.

    Each lesion gets a contour and a box, both a little outside it (the box dashed if the verdict
    is "doubt"), and its score, unless there is no room for it beside the lesions. A caption in the
    emptiest corner tells verdict, probability, model and `schema.NOT_A_DEVICE`; what does not fit
    a small picture is wrapped, then left out. Lines and letters grow with the picture.

    Returns:
        RGB, uint8 [H, W, 3], the size of the radiograph. Every pixel away from the lines and
        letters, and every pixel of a lesion that the caption can avoid, is the radiograph's own.
    """
    gray = np.rint(np.clip(finding.pixels, 0, PIXEL_MAX)).astype(np.uint8)
    pen = _Pen(finding.mask)
    _outline(pen, finding.mask)
    for box in finding.boxes:
        _frame(pen, box, dashed=finding.verdict == VERDICT_DOUBT)
    pen.lift_from_lesions()
    for box in finding.boxes:
        _label(pen, gray, box)
    rgb = np.repeat(gray[..., None], 3, axis=2)
    pen.paint(rgb, COLOURS[finding.verdict])
    _caption(pen, gray, finding).paint(rgb, COLOURS[VERDICT_NONE])
    return rgb


class _Pen:
    """Lines and letters of one colour: how much halo and how much ink each pixel takes, 0..255."""

    def __init__(self, lesions: np.ndarray) -> None:
        self.lesions = lesions > 0
        self.height, self.width = lesions.shape
        self.halo = np.zeros(lesions.shape, np.uint8)
        self.ink = np.zeros(lesions.shape, np.uint8)
        side = math.sqrt(self.height * self.width)
        self.line = max(1, round(side / 500))
        self.rim = max(1, round(0.6 * self.line))
        self.gap = self.line // 2 + self.rim + 1
        self.font_size = max(_SMALLEST_FONT, round(side / 48))

    def stroke(self, points: np.ndarray, width: int, *, closed: bool = False) -> None:
        """A line through points (x, y) [N, 2], moved inside the picture where they leave it."""
        inset = width // 2
        last = (self.width - 1 - inset, self.height - 1 - inset)
        points = np.clip(points, np.minimum(inset, last), last)
        fixed = [np.rint(points * (1 << _SUBPIXEL_BITS)).astype(np.int32)]
        for plane, full in ((self.halo, width + 2 * self.rim), (self.ink, width)):
            cv2.polylines(plane, fixed, closed, 255, full, cv2.LINE_AA, _SUBPIXEL_BITS)

    def stamp(self, text: _Text, corner: _Corner) -> None:
        window = _window(text, corner)
        for plane, part in zip((self.halo, self.ink), text, strict=True):
            plane[window] = np.maximum(plane[window], part)

    def lift_from_lesions(self) -> None:
        self.halo[self.lesions] = self.ink[self.lesions] = 0

    def cost(self, text: _Text, corner: _Corner) -> tuple[int, int]:
        """How many lesion pixels and how many drawn pixels a text would cover there."""
        window = _window(text, corner)
        return int(self.lesions[window].sum()), int((self.halo[window] > 0).sum())

    def paint(self, rgb: np.ndarray, colour: tuple[int, int, int]) -> None:
        touched = np.nonzero(self.halo | self.ink)
        shade = 1 - _HALO_OPACITY * self.halo[touched][:, None] / 255
        ink = self.ink[touched][:, None] / 255
        rgb[touched] = np.rint(rgb[touched] * shade * (1 - ink) + np.array(colour) * ink)


def _outline(pen: _Pen, mask: np.ndarray) -> None:
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


def _frame(pen: _Pen, box: "Box", *, dashed: bool) -> None:
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


def _edges(pen: _Pen, box: "Box") -> tuple[int, int, int, int]:
    """Top, left, bottom and right of the drawn frame, clear of the contour."""
    far = 3 * pen.gap
    left, top = max(0, box.x - 1 - far), max(0, box.y - 1 - far)
    bottom = min(pen.height - 1, box.y + box.height + far)
    return top, left, bottom, min(pen.width - 1, box.x + box.width + far)


def _label(pen: _Pen, gray: np.ndarray, box: "Box") -> None:
    def cost(corner: _Corner) -> tuple[int, int, int]:
        # Off the bone if the order of `_beside` allows: letters read better on dark, too.
        return *pen.cost(text, corner), round(float(gray[_window(text, corner)].mean()) / 64)

    text = _render([_figure(box.score)], pen.font_size)
    corners = [corner for corner in _beside(pen, box, text) if _fits(pen, text, corner)]
    best = min(corners, key=cost, default=None)
    if best and cost(best)[0] == 0:
        pen.stamp(text, best)


def _beside(pen: _Pen, box: "Box", text: _Text) -> list[_Corner]:
    """Where a score may stand: above and below the frame, beside it, in its corners."""
    height, width = text[0].shape
    top, left, bottom, right = _edges(pen, box)
    away = pen.line + pen.rim
    flush = [(top, bottom + 1 - height), (left, right + 1 - width)]
    outside = [(top - away - height, bottom + away + 1), (right + away + 1, left - away - width)]
    inside = [(top + away, bottom - away - height), (left + away, right - away - width)]
    pairs = [(outside[0], flush[1]), (flush[0], outside[1]), (inside[0], inside[1])]
    return [(y, x) for ys, xs in pairs for y in ys for x in xs]


def _caption(pen: _Pen, gray: np.ndarray, finding: "Finding") -> _Pen:
    """The caption, in the corner and width that cover no lesion, no line and the least anatomy."""
    caption = _Pen(finding.mask)

    def cost(place: tuple[_Text, _Corner]) -> tuple[int, int, int]:
        # In steps, so that noise does not move the caption from its usual corner. Markers of the
        # side stand in corners, and hiding one is the worst that a caption can do.
        return *pen.cost(*place), round(float(gray[_window(*place)].std()) / 16)

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


def _captions(pen: _Pen, finding: "Finding") -> Iterator[list[_Text]]:
    """From the whole caption to the shortest: the ways to break it that fit the picture."""
    for layouts in _layouts(finding):
        texts = [_render(lines, pen.font_size) for lines in layouts]
        yield [t for t in texts if t[0].shape[0] <= 0.4 * pen.height and t[0].shape[1] <= pen.width]


def _layouts(finding: "Finding") -> list[list[list[str]]]:
    """Ways to break the caption into lines, in groups of the same words, longest first."""
    verdict = finding.verdict.capitalize()
    use, sentences = NOT_A_DEVICE, [f"{s}." for s in NOT_A_DEVICE.rstrip(".").split(". ")]
    if finding.probability is None:
        why = finding.reason
        return [
            [[f"{verdict}: {why} {use}"], [f"{verdict}: {why}", use]],
            [[verdict, *textwrap.wrap(why, width), *sentences] for width in (60, 40, 25)],
            [[verdict, *sentences], [verdict]],
        ]
    if finding.verdict != VERDICT_NONE and not finding.boxes:
        verdict += ", no region outlined"
    figure, model = _figure(finding.probability), finding.model
    probability = f"probability {figure}"
    first = f"{verdict} · {probability}"
    whole = [[f"{first} · {model} · {use}"], [f"{first} · {model}", use], [first, model, use]]
    whole += [[first, model, *sentences], [verdict, probability, model, *sentences]]
    nameless = [[first, use], [first, *sentences], [verdict, probability, *sentences]]
    short = f"{finding.verdict.capitalize()} {figure}"
    return [whole, nameless, [[short, *sentences]], [[short, sentences[0]]], [[short]]]


def _corners(pen: _Pen, text: _Text) -> list[_Corner]:
    height, width = text[0].shape
    bottom, right = pen.height - height, pen.width - width
    return [(bottom, 0), (0, 0), (bottom, right), (0, right)]


def _render(lines: list[str], size: int) -> _Text:
    font = ImageFont.load_default(size)
    rim, margin = max(2, round(size / 10)), round(size / 4)
    line_height = round(1.3 * size)
    width = math.ceil(max(font.getlength(line) for line in lines)) + 2 * (rim + margin)
    shape = (width, line_height * len(lines) + 2 * margin)
    layers = []
    for stroke in (rim, 0):
        layer = Image.new("L", shape)
        pencil = ImageDraw.Draw(layer)
        for i, line in enumerate(lines):
            place = (rim + margin, margin + i * line_height + 0.5 * line_height)
            pencil.text(place, line, fill=255, font=font, stroke_width=stroke, anchor="lm")
        layers.append(np.asarray(layer))
    return layers[0], layers[1]


def _figure(probability: float) -> str:
    """Two decimals that never claim certainty."""
    if probability > 0.99:
        return ">0.99"
    return f"{probability:.2f}" if probability >= 0.01 else "<0.01"


def _window(text: _Text, corner: _Corner) -> tuple[slice, slice]:
    (top, left), (height, width) = corner, text[0].shape
    return slice(top, top + height), slice(left, left + width)


def _fits(pen: _Pen, text: _Text, corner: _Corner) -> bool:
    (top, left), (height, width) = corner, text[0].shape
    return 0 <= top <= pen.height - height and 0 <= left <= pen.width - width
