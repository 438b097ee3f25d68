"""Mask pictures of a data set: whether they can be read, and the regions in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import find_objects, label

from bonefrac.radiograph.reader import MAX_PIXELS

Target = tuple[float, float, float]  # area, height and width of one outlined region, pixels


@dataclass(frozen=True, eq=False)
class MaskFacts:
    """A mask picture: what is wrong with it ("" if it can be read), and what it holds.

    Attributes:
        problem: why it cannot be read.
        size: height and width, pixels.
        values: its gray levels, at most 8 of them.
        targets: its connected regions, of the values that are the fracture.
    """

    problem: str = ""
    size: tuple[int, int] = (0, 0)
    values: tuple[int, ...] = ()
    targets: tuple[Target, ...] = ()


def mask_facts(path: Path, chosen: Sequence[int]) -> MaskFacts:
    """What a mask picture holds.

    Args:
        chosen: gray levels that are the fracture; without any, all but 0.
    """
    try:
        mask = mask_levels(path)
    except (OSError, SyntaxError, ValueError) as error:
        return MaskFacts(problem=f"{path.name} cannot be read ({error})".replace(f"{path}", ""))
    inside = np.isin(mask, chosen) if chosen else mask != 0
    height, width = mask.shape
    values = tuple(int(value) for value in np.unique(mask)[:8])
    return MaskFacts(size=(height, width), values=values, targets=regions(inside))


def mask_levels(path: Path) -> np.ndarray:
    """The gray levels of a mask picture [H, W], whatever they mean.

    Raises:
        OSError, SyntaxError, ValueError: it is broken, or claims more pixels than are read.
    """
    with Image.open(path) as image:
        if image.width * image.height > MAX_PIXELS:
            raise ValueError(f"claims {image.width}x{image.height} pixels")
        return np.asarray(image.convert("L") if image.mode not in ("I;16", "I") else image)


def regions(mask: np.ndarray) -> tuple[Target, ...]:
    """The connected regions of a mask [H, W] that are not 0."""
    labels, _ = label(mask)
    areas = np.bincount(labels.ravel())[1:].tolist()
    return tuple(
        (float(area), float(y.stop - y.start), float(x.stop - x.start))
        for area, (y, x) in zip(areas, find_objects(labels), strict=True)
    )
