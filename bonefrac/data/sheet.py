"""A contact sheet: radiographs on a dark grid, outlined thinly, with their names and labels."""

import math
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import tensorflow_datasets as tfds
from PIL import Image, ImageDraw, ImageFont

from bonefrac import schema, storage
from bonefrac.data.store import DataFolder
from bonefrac.errors import BonefracError
from bonefrac.radiograph.letterbox import Letterbox

ONLY = ("fractured", "intact", "unknown", "outlined")
_FRACTURE = {"fractured": 1, "intact": 0, "unknown": schema.UNKNOWN}
_CLASSES = {1: "fracture", 0: "intact", schema.UNKNOWN: "unknown"}

_CELL = 300  # pixels, a side
_GAP = 14
_FONT, _TITLE = 14, 18
_LINE = 19
_CLEAR = 3  # pixels between a lesion and its outline, which hides nothing of it
_BACKGROUND = (24, 25, 28)
_WORDS = (205, 207, 210)
_QUIET = (128, 131, 136)


class Cell(NamedTuple):
    """One radiograph of a sheet.

    Attributes:
        pixels: uint8 [H, W].
        mask: uint8 [H, W] of 0 and 1.
        title: the upper line below it.
        words: the lower line.
        marked: whether the lower line has the colour of a fracture.
        outlined: uint8 [H, W], what a network outlines, in another colour; None for nothing.
    """

    pixels: np.ndarray
    mask: np.ndarray
    title: str
    words: str
    marked: bool
    outlined: np.ndarray | None = None


def write_sheet(
    data: DataFolder, out: Path, *, split: str, count: int, seed: int, only: str | None = None
) -> int:
    """Draw radiographs that a seed chooses into a picture, whole or not at all.

    Args:
        data: an open data folder.
        out: the picture to write, .png or .jpg.
        split: names of splits, joined by "+".
        count: how many, at most.
        seed: of the choice.
        only: of `ONLY`; None takes any.

    Returns:
        How many there were to choose from.

    Raises:
        BonefracError: nothing fits `only`.
    """
    places = [place for place, fits in enumerate(_fitting(data, split, only)) if fits]
    if not places:
        raise BonefracError(
            f"{data.size(split)} radiographs of {split} in {data.path}, none of them {only}",
            expected="at least one",
            fix="Choose another --split or --only",
        )
    chosen = set(random.Random(seed).sample(places, min(count, len(places))))
    skipped = _read(data, split, (schema.IMAGE, schema.MASK))
    features = data.builder.info.features
    cells = [_cell(example, features) for k, example in enumerate(skipped) if k in chosen]
    what = only or "radiographs"
    title = f"{data.name}   {split}   {len(cells)} of {len(places)} {what}, seed {seed}"
    with storage.write_aside(out) as aside:
        Image.fromarray(draw_sheet(cells, title=title)).save(aside, quality=90)
    return len(places)


def draw_sheet(cells: Sequence[Cell], *, title: str) -> np.ndarray:
    """Lay cells out in full rows where that can be, about three across for two down.

    Returns:
        RGB, uint8 [H, W, 3].
    """
    across = _across(len(cells))
    down = math.ceil(len(cells) / across)
    pitch = _CELL + _GAP, _CELL + 2 * _LINE + _GAP + 6
    top = 3 * _GAP + _TITLE
    size = across * pitch[0] + _GAP, down * pitch[1] + top
    sheet = Image.new("RGB", size, _BACKGROUND)
    pencil = ImageDraw.Draw(sheet)
    _line(pencil, (_GAP, _GAP), title, _TITLE, _WORDS, width=size[0] - 2 * _GAP)
    for k, cell in enumerate(cells):
        x, y = _GAP + k % across * pitch[0], top + k // across * pitch[1]
        sheet.paste(Image.fromarray(_picture(cell)), (x, y))
        below = y + _CELL + 6
        _line(pencil, (x, below), cell.title, _FONT, _WORDS)
        colour = schema.COLOURS[schema.VERDICT_FRACTURE] if cell.marked else _QUIET
        _line(pencil, (x, below + _LINE), cell.words, _FONT, colour)
    return np.asarray(sheet)


def _across(count: int) -> int:
    root = math.sqrt(count)
    wide = range(math.ceil(root), math.ceil(2 * root) + 1)
    return min(wide, key=lambda across: (-count % across, abs(across - math.sqrt(1.5) * root)))


def _fitting(data: DataFolder, split: str, only: str | None) -> list[bool]:
    # A mask's size does not tell whether anything is in it: decoded where that is asked.
    skip = (schema.IMAGE,) if only == "outlined" else (schema.IMAGE, schema.MASK)
    return [_fits(example, only) for example in _read(data, split, skip)]


def _fits(example: dict[str, Any], only: str | None) -> bool:
    if only == "outlined":
        return bool(example[schema.MASK].any())
    return only is None or example[schema.FRACTURE] == _FRACTURE[only]


def _read(data: DataFolder, split: str, skip: Sequence[str]) -> Any:
    decoders = {key: tfds.decode.SkipDecoding() for key in skip}
    config = tfds.ReadConfig(try_autocache=False)
    return data.builder.as_dataset(
        split=split, shuffle_files=False, decoders=decoders, read_config=config
    ).as_numpy_iterator()


def _cell(example: dict[str, Any], features: Any) -> Cell:
    pixels, mask = (
        features[key].decode_example(example[key]).numpy()[..., 0]
        for key in (schema.IMAGE, schema.MASK)
    )
    fracture = int(example[schema.FRACTURE])
    words = [example[key].decode() for key in (schema.BODY_PART, schema.VIEW)]
    words.append(_CLASSES[fracture])
    if fracture == 1 and not example[schema.HAS_MASK]:
        words[-1] += ", not outlined"
    if example[schema.HARDWARE] == 1:
        words.append("hardware")
    line = " · ".join(word for word in words if word)
    return Cell(pixels, mask, example[schema.ID].decode(), line, fracture == 1)


def _picture(cell: Cell) -> np.ndarray:
    """The radiograph in its square, RGB, outlined as thinly as it can be seen."""
    height, width = cell.pixels.shape
    box = Letterbox(height, width, _CELL)
    rgb = np.repeat(np.rint(box.apply(cell.pixels)).astype(np.uint8)[..., None], 3, axis=2)
    _outline(rgb, box, cell.mask, schema.COLOURS[schema.VERDICT_FRACTURE])
    if cell.outlined is not None:
        _outline(rgb, box, cell.outlined, schema.COLOURS[schema.VERDICT_DOUBT])
    return rgb


def _outline(
    rgb: np.ndarray, box: Letterbox, mask: np.ndarray, colour: tuple[int, int, int]
) -> None:
    # What is smaller than a pixel of the sheet still shows.
    shown = cv2.dilate(mask, np.ones((_shrunk(box), _shrunk(box)), np.uint8))
    mask = np.pad(box.apply_mask(shown), _CLEAR)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * _CLEAR + 1, 2 * _CLEAR + 1))
    contours, _ = cv2.findContours(
        cv2.dilate(mask, disc), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE, offset=(-_CLEAR, -_CLEAR)
    )
    cv2.polylines(rgb, contours, True, colour, 1, cv2.LINE_AA)


def _shrunk(box: Letterbox) -> int:
    """Pixels of the radiograph to one of the sheet, at least 1."""
    return max(1, round(max(box.height, box.width) / box.size))


def _line(
    pencil: ImageDraw.ImageDraw,
    place: tuple[int, int],
    text: str,
    size: int,
    colour: tuple[int, int, int],
    width: int = _CELL,
) -> None:
    """A line of text; what is too long loses its middle, ids differ at their ends."""
    font = ImageFont.load_default(size)
    shown, kept = text, len(text)
    while font.getlength(shown) > width and kept > 2:
        kept -= 1
        shown = f"{text[: (kept + 1) // 2]}…{text[len(text) - kept // 2 :]}"
    pencil.text(place, shown, fill=colour, font=font)
