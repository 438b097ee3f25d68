"""A map laid over its radiograph: the bone stays readable, a bar and a title say what is shown."""

import textwrap

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from bonefrac.inference.pen import font_size
from bonefrac.schema import NOT_A_DEVICE, PIXEL_MAX

# Perceptually uniform, and told apart in every common colour blindness.
_COLOURS = "inferno"
_OPACITY = 0.6  # of the highest value; in proportion below
_BAR_GRAY = 128  # what the bar's colours lie on, as bone is neither black nor white
_SMALLEST_WIDTH = 360  # pixels; narrower, a title takes more room than its picture
_Font = ImageFont.FreeTypeFont
CAUTION = "Shows what the network used, not whether it is right."


def draw_heat(
    pixels: np.ndarray, heat: np.ndarray, *, title: str, highest: float, model: str = ""
) -> np.ndarray:
    """Lay a map over its radiograph, with a title above and a bar beside it.

    Args:
        pixels: [H, W] in 0..255.
        heat: [H, W], not negative.
        title: what the map shows.
        highest: the value at the upper end of the scale; 0 where the map is empty.
        model: whose map it is.

    Returns:
        RGB, uint8, larger than the radiograph by the title and the bar. No pixel of the
        radiograph is covered by words.
    """
    height, width = pixels.shape
    font = _font(font_size(height, width))
    room = max(width, _SMALLEST_WIDTH)
    empty = [] if highest > 0 else ["The map is empty: nothing in the picture raises it."]
    words = [title, *empty, *([model] if model else []), CAUTION, NOT_A_DEVICE]
    head = _head(words, font, room)
    scale = _scale(highest, font, height)
    page = Image.new("RGB", (room + scale.width, head.height + height), "black")
    page.paste(head, (0, 0))
    page.paste(Image.fromarray(_blend(pixels, _share(heat, highest))), (0, head.height))
    page.paste(scale, (room, head.height))
    return np.asarray(page)


def _font(size: int) -> _Font:
    font = ImageFont.load_default(size)
    assert isinstance(font, _Font)  # Pillow without FreeType would give bitmaps of one size
    return font


def _head(words: list[str], font: _Font, width: int) -> Image.Image:
    """The words above the picture, the first of them white."""
    size = round(font.size)
    margin, step = size // 2, round(1.3 * size)
    lines = [line for each in words for line in textwrap.wrap(each, _letters(font, width - size))]
    head = Image.new("RGB", (width, step * len(lines) + 2 * margin), "black")
    pencil = ImageDraw.Draw(head)
    for k, line in enumerate(lines):
        fill = "white" if k == 0 else "lightgray"
        pencil.text((margin, margin + step * k), line, fill=fill, font=font)
    return head


def _scale(highest: float, font: _Font, height: int) -> Image.Image:
    """The colours from 0 to the highest value, as they look on bone."""
    size = round(font.size)
    labels = [f"{highest:.2g}", "0"]
    width = 3 * size + round(max(font.getlength(label) for label in labels))
    ramp = np.repeat(np.linspace(1, 0, height)[:, None], size, axis=1) * (highest > 0)
    scale = Image.new("RGB", (width, height), "black")
    scale.paste(Image.fromarray(_blend(np.full(ramp.shape, _BAR_GRAY), ramp)), (size // 2, 0))
    pencil = ImageDraw.Draw(scale)
    for label, y, anchor in zip(labels, (0, height), ("la", "ld"), strict=True):
        pencil.text((2 * size, y), label, fill="white", font=font, anchor=anchor)
    return scale


def _share(heat: np.ndarray, highest: float) -> np.ndarray:
    return np.clip(heat / highest, 0, 1) if highest > 0 else np.zeros(heat.shape)


def _blend(gray: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Gray [H, W] in 0..255 and a share [H, W] in 0..1 -> RGB, uint8 [H, W, 3]."""
    from matplotlib import colormaps

    colour = colormaps[_COLOURS](share)[..., :3] * PIXEL_MAX
    opacity = (_OPACITY * share)[..., None]
    mixed = np.clip(gray, 0, PIXEL_MAX)[..., None] * (1 - opacity) + colour * opacity
    return np.rint(mixed).astype(np.uint8)


def _letters(font: _Font, width: int) -> int:
    """Letters that fit a width, counted in those of a sentence that has them all."""
    sample = "the quick brown fox jumps over the lazy dog"
    return max(20, int(width * len(sample) / font.getlength(sample)))
