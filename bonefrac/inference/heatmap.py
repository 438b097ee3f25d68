"""A map laid over its radiograph: the bone stays readable, a bar and a title say what is shown."""

import textwrap

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from bonefrac.schema import NOT_A_DEVICE, PIXEL_MAX

# Perceptually uniform, and told apart in every common colour blindness.
_COLOURS = "inferno"
_OPACITY = 0.6  # of the highest value; in proportion below
_BAR_GRAY = 128  # what the bar's colours lie on, as bone is neither black nor white
_SMALLEST_FONT = 12  # pixels; below it the words run together
_SMALLEST_WIDTH = 360  # pixels; narrower, a title takes more room than its picture
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
    size = max(_SMALLEST_FONT, round((height * width) ** 0.5 / 48))
    font = ImageFont.load_default(size)
    margin, bar = size // 2, size
    room = max(width, _SMALLEST_WIDTH)
    empty = [] if highest > 0 else ["The map is empty: nothing in the picture raises it."]
    words = [title, *empty, *([model] if model else []), CAUTION, NOT_A_DEVICE]
    lines = [line for each in words for line in textwrap.wrap(each, _letters(font, room - margin))]
    top = round(1.3 * size) * len(lines) + 2 * margin
    labels = [_figure(highest), "0"]
    side = bar + 3 * margin + round(max(font.getlength(label) for label in labels))
    page = Image.new("RGB", (room + side, top + height), "black")
    pencil = ImageDraw.Draw(page)
    for k, line in enumerate(lines):
        place = (margin, margin + round(1.3 * size) * k)
        pencil.text(place, line, fill="white" if k == 0 else "lightgray", font=font)
    page.paste(Image.fromarray(_blend(pixels, _share(heat, highest))), (0, top))
    ramp = np.repeat(np.linspace(1, 0, height)[:, None], bar, axis=1) * (highest > 0)
    scale = _blend(np.full(ramp.shape, _BAR_GRAY), ramp)
    page.paste(Image.fromarray(scale), (room + margin, top))
    for label, y, anchor in zip(labels, (top, top + height), ("la", "ld"), strict=True):
        pencil.text((room + bar + 2 * margin, y), label, fill="white", font=font, anchor=anchor)
    return np.asarray(page)


def _share(heat: np.ndarray, highest: float) -> np.ndarray:
    return np.clip(heat / highest, 0, 1) if highest > 0 else np.zeros(heat.shape)


def _blend(gray: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Gray [H, W] in 0..255 and a share [H, W] in 0..1 -> RGB, uint8 [H, W, 3]."""
    from matplotlib import colormaps

    colour = colormaps[_COLOURS](share)[..., :3] * PIXEL_MAX
    opacity = (_OPACITY * share)[..., None]
    mixed = np.clip(gray, 0, PIXEL_MAX)[..., None] * (1 - opacity) + colour * opacity
    return np.rint(mixed).astype(np.uint8)


def _letters(font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> int:
    sample = "the quick brown fox jumps over the lazy dog"
    return max(20, int(width * len(sample) / font.getlength(sample)))


def _figure(value: float) -> str:
    return f"{value:.2g}"
