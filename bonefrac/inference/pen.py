"""Lines and letters of one colour, legible on black and on white."""

import math

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

_HALO_OPACITY = 0.85
_SUBPIXEL_BITS = 4
_SMALLEST_FONT = 12  # pixels; below it the words run together

Text = tuple[np.ndarray, np.ndarray]  # halo and ink, uint8 [h, w] each
Corner = tuple[int, int]  # top, left


class Pen:
    """How much halo and how much ink each pixel takes, 0..255.

    Args:
        lesions: [H, W], not 0 where there is one.
    """

    def __init__(self, lesions: np.ndarray) -> None:
        self.lesions = lesions > 0
        self.height, self.width = lesions.shape
        self.halo = np.zeros(lesions.shape, np.uint8)
        self.ink = np.zeros(lesions.shape, np.uint8)
        side = math.sqrt(self.height * self.width)
        self.line = max(1, round(side / 500))
        self.rim = max(1, round(0.6 * self.line))
        self.gap = self.line // 2 + self.rim + 1
        self.font_size = font_size(self.height, self.width)

    def stroke(self, points: np.ndarray, width: int, *, closed: bool = False) -> None:
        """A line through points (x, y) [N, 2], moved inside the picture where they leave it."""
        inset = width // 2
        last = (self.width - 1 - inset, self.height - 1 - inset)
        points = np.clip(points, np.minimum(inset, last), last)
        fixed = [np.rint(points * (1 << _SUBPIXEL_BITS)).astype(np.int32)]
        for plane, full in ((self.halo, width + 2 * self.rim), (self.ink, width)):
            cv2.polylines(plane, fixed, closed, 255, full, cv2.LINE_AA, _SUBPIXEL_BITS)

    def stamp(self, text: Text, corner: Corner) -> None:
        """Letters, their upper left corner at `corner`."""
        place = window(text, corner)
        for plane, part in zip((self.halo, self.ink), text, strict=True):
            plane[place] = np.maximum(plane[place], part)

    def lift_from_lesions(self) -> None:
        """Take lines and letters off the lesions."""
        self.halo[self.lesions] = self.ink[self.lesions] = 0

    def cost(self, text: Text, corner: Corner) -> tuple[int, int]:
        """How many lesion pixels and how many drawn pixels a text would cover there."""
        place = window(text, corner)
        return int(self.lesions[place].sum()), int((self.halo[place] > 0).sum())

    def paint(self, rgb: np.ndarray, colour: tuple[int, int, int]) -> None:
        """Lay halo and ink over a picture, uint8 [H, W, 3], in place."""
        touched = np.nonzero(self.halo | self.ink)
        shade = 1 - _HALO_OPACITY * self.halo[touched][:, None] / 255
        ink = self.ink[touched][:, None] / 255
        rgb[touched] = np.rint(rgb[touched] * shade * (1 - ink) + np.array(colour) * ink)


def font_size(height: int, width: int) -> int:
    """Height of letters that suit a picture, pixels."""
    return max(_SMALLEST_FONT, round(math.sqrt(height * width) / 48))


def render(lines: list[str], size: int) -> Text:
    """Lines of words, letters `size` pixels high."""
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


def window(text: Text, corner: Corner) -> tuple[slice, slice]:
    """The rows and columns that a text takes."""
    (top, left), (height, width) = corner, text[0].shape
    return slice(top, top + height), slice(left, left + width)


def fits(pen: Pen, text: Text, corner: Corner) -> bool:
    """Whether a text lies inside the picture."""
    (top, left), (height, width) = corner, text[0].shape
    return 0 <= top <= pen.height - height and 0 <= left <= pen.width - width
