"""The reference page of augmentation and its picture: each op on a phantom."""

import re
from collections.abc import Callable
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from bonefrac.cli.options import load_tensorflow

PICTURE = Path(__file__).parent / "images" / "augmentations.png"
_SIDE, _DRAWS, _GAP = 180, 4, 4
_OUTLINE = (60, 150, 255)  # orange, BGR


def augmentation_page(note: str) -> str:
    """The picture and a table of every strength."""
    load_tensorflow()
    from bonefrac.data.augment import STRENGTHS, Strength

    meanings = _meanings(Strength)
    rows = [
        f"| `{field.name}` | {meanings[field.name]} "
        + "".join(f"| {getattr(strength, field.name):g} " for strength in STRENGTHS.values())
        + "|\n"
        for field in fields(Strength)
    ]
    return (
        "# Augmentation\n\n"
        + note
        + "Training changes each radiograph a little, each time in another way: a function of the\n"
        "seed, the epoch and the radiograph, so that a training that was killed goes on with the\n"
        "same pictures. `bonefrac-train --augment` chooses how far; a call of\n"
        "`bonefrac.data.augment.random_augment` with a `Strength` chooses each number.\n\n"
        "![Every op on a phantom, with the mask outlined](../images/augmentations.png)\n\n"
        "Left the phantom, then four draws. Each op is shown alone, at its default strength and\n"
        "always on; the rows `all` are what a training sees. The mask is outlined; only the warp\n"
        "moves it.\n\n"
        "| Field | What it is | " + " | ".join(STRENGTHS) + " |\n"
        "|---|---|" + "---:|" * len(STRENGTHS) + "\n" + "".join(rows) + _WORDS
    )


_WORDS = """
An op whose reach or chance is 0 is left out. The order is that in which a picture comes about:
gray levels, one warp for all of geometry, blur, noise, collimation, marker, JPEG.

- Nothing is mirrored upside down. Left and right change places in half of the draws; a marker is
  laid afterwards and reads the right way round.
- The black around a radiograph stays black, whatever happens to its gray levels.
- Leaves and markers keep clear of the mask. Where a radiograph is fractured and has no mask,
  nobody knows what they hide: they keep to the border, and the darkest of twelve places gets
  the marker.
- Quantum noise grows with the gray: bone is white where few quanta arrive.

## Pasted fractures

`Strength(paste=0.1)` lays a hairline fracture of a phantom over a bone of about one radiograph in
ten: the gray levels that the fracture changes there, turned and scaled to the bone here. This is
an experiment, and no named strength does it: nothing checks that the place is a bone and not
something that looks like one. Only radiographs whose mask is known take part; the mask gains the
fracture, and the label becomes `fracture`, also where it said intact. The 16 fractures are drawn
when the training starts.
"""


def _meanings(cls: type) -> dict[str, str]:
    """Field -> what the docstring of the class says of it, on one line."""
    attributes = (cls.__doc__ or "").partition("Attributes:")[2]
    found = re.findall(r"^ {8}(\w+): (.*?)(?=^ {8}\w|\Z)", attributes, re.M | re.S)
    return {name: " ".join(text.split()).rstrip(".") for name, text in found}


def draw_augmentations() -> None:
    """One row an op: a phantom, then some draws with the mask outlined."""
    load_tensorflow()
    rows = []
    for number, (name, apply, phantom) in enumerate(_ops()):
        pictures = [_framed(*phantom)]
        for draw in range(_DRAWS):
            pictures.append(_framed(*apply(*phantom, seed=[100 * number + draw, 0])))
        rows.append(np.hstack([_label(name), *pictures]))
    cv2.imwrite(str(PICTURE), np.vstack(rows), [cv2.IMWRITE_PNG_COMPRESSION, 9])


def _ops() -> list[tuple[str, Callable[..., Any], tuple[Any, Any]]]:
    """Name, op at its default strength without its chance, and the phantom to show it on."""
    from dataclasses import replace

    from bonefrac.data.augment import NONE, STRENGTHS, Strength, random_augment

    always = {field.name: 1.0 for field in fields(Strength) if "chance" in field.name}
    sure = replace(Strength(), **always)
    shown = {
        "affine": ("rotation", "scale", "shear", "translation"),
        "flip": ("flip",),
        "elastic": ("elastic", "elastic_chance"),
        "gamma": ("gamma",),
        "exposure": ("exposure",),
        "window": ("contrast", "brightness"),
        "negative": ("invert",),
        "electronic noise": ("noise", "noise_chance"),
        "quantum noise": ("quantum", "noise_chance"),
        "blur": ("blur", "blur_chance"),
        "collimation": ("collimation", "collimation_chance"),
        "marker": ("marker",),
        "JPEG": ("jpeg", "jpeg_chance"),
    }
    rows = []
    for number, (name, used) in enumerate(shown.items()):
        chosen = {f: 1.0 if f in ("invert", "marker") else getattr(sure, f) for f in used}
        op = partial(random_augment, strength=replace(NONE, **chosen))
        rows.append((name, op, _phantom(number)))
    for name, strength in list(STRENGTHS.items())[1:]:
        rows.append((f"all, {name}", partial(random_augment, strength=strength), _phantom(0)))
    rows.append(("paste (off)", _paste, _phantom(3, fracture="none")))
    return rows


def _paste(image: Any, mask: Any, *, seed: Any) -> tuple[Any, Any]:
    from bonefrac.data.augment import Strength, random_paste

    strength = Strength(paste=1.0)
    return random_paste(image, mask, 0, has_mask=True, seed=seed, strength=strength)[:2]


def _phantom(index: int, fracture: str = "displaced") -> tuple[Any, Any]:
    from bonefrac.data.geometry import letterbox, letterbox_mask
    from bonefrac.data.phantom import draw

    phantom = draw(seed=11, index=index, fracture=fracture)
    square = letterbox(phantom.image[..., None], _SIDE)
    return square, letterbox_mask(phantom.mask[..., None], _SIDE)


def _framed(image: Any, mask: Any) -> np.ndarray:
    """BGR with the mask outlined by a thin line just outside it."""
    picture = cv2.cvtColor(np.rint(np.asarray(image)[..., 0]).astype(np.uint8), cv2.COLOR_GRAY2BGR)
    marked = np.asarray(mask)[..., 0]
    ring = cv2.dilate(marked, np.ones((5, 5), np.uint8)) - cv2.dilate(
        marked, np.ones((3, 3), np.uint8)
    )
    picture[ring > 0] = _OUTLINE
    return cv2.copyMakeBorder(picture, _GAP, 0, _GAP, 0, cv2.BORDER_CONSTANT, value=(255,) * 3)


def _label(name: str) -> np.ndarray:
    side = _SIDE + _GAP
    label = np.full((side, 26, 3), 255, np.uint8)
    turned = np.full((26, side, 3), 255, np.uint8)
    cv2.putText(turned, name, (8, 19), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1, cv2.LINE_AA)
    label[:] = cv2.rotate(turned, cv2.ROTATE_90_COUNTERCLOCKWISE)
    return label
