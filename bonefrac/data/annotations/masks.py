"""Masks: a PNG a picture, of the picture's size, 0 outside."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from bonefrac.data.annotations.checked import told, wrong
from bonefrac.data.annotations.marks import Annotations, Marks, Pictures
from bonefrac.errors import BonefracError
from bonefrac.radiograph.reader import MAX_PIXELS

SUFFIX = "_mask"
_MOST_VALUES = 32  # more are a photograph or soft borders


def read(files: list[Path], pictures: Pictures) -> Annotations:
    """Read which values each mask holds; a mask of zeros says that nothing is to be seen.

    The classes are the values other than 0.

    Raises:
        BonefracError: a mask is damaged, coloured, or has too many values to be one.
    """
    marks: dict[str, Marks] = {}
    missing: dict[str, str] = {}
    with ThreadPoolExecutor() as threads:
        for path, (labels, known) in zip(files, threads.map(_values, files), strict=True):
            name = path.with_suffix("").as_posix()
            found = pictures.find(name.removesuffix(SUFFIX), suffix=False)
            found = found or pictures.find(name, suffix=False)
            if found is None:
                missing[path.stem] = path.name
            else:
                mask_path = path if labels else None
                marks[found] = Marks(path, labels=labels, size=known, mask_path=mask_path)
    return Annotations(marks, missing=missing)


def open_mask(path: Path) -> np.ndarray:
    """The values of a mask file, int [H, W].

    Raises:
        BonefracError: the file is damaged or coloured.
    """
    with told(path, "mask of one channel"), Image.open(path, formats=["PNG"]) as image:
        if image.width * image.height > MAX_PIXELS:
            raise ValueError(f"{image.width}x{image.height} pixels")
        pixels = np.asarray(image if image.mode != "1" else image.convert("L"))
    if pixels.ndim == 2:
        return pixels
    gray = pixels[..., 0]
    # An alpha channel says nothing about the class.
    colours = pixels[..., : pixels.shape[2] - (image.mode in ("LA", "RGBA"))]
    if (colours != gray[..., None]).any():
        raise wrong(path, f"colours ({image.mode})", expected="a mask of one channel")
    return gray


def _values(path: Path) -> tuple[frozenset[str], tuple[int, int]]:
    mask = open_mask(path)
    values = np.unique(mask)
    if len(values) > _MOST_VALUES:
        raise BonefracError(
            f"{path} holds {len(values)} values",
            expected="0 outside and one value a class",
            fix="Save masks without soft borders, as PNG and never as JPEG",
        )
    return frozenset(str(value) for value in values.tolist() if value), mask.shape[:2]
