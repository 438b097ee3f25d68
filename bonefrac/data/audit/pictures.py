"""Small pictures of radiographs for the page, as data that it carries along."""

import base64
import contextlib
import io

import numpy as np
from PIL import Image, ImageDraw, ImageFile
from scipy.ndimage import binary_dilation

from bonefrac.data.audit.masks import mask_levels
from bonefrac.data.catalogue import Entry
from bonefrac.data.outlines import Outlines
from bonefrac.errors import BonefracError
from bonefrac.radiograph.letterbox import fit, resize
from bonefrac.radiograph.reader import read

_SIDE = 240  # pixels
_QUALITY = 72
_LINE = (255, 176, 0)  # amber: told from gray by everybody, also in print
_WIDTH = 2  # of the line


def data_uri(entry: Entry, *, outlined: bool) -> str:
    """A JPEG of the radiograph, longer side 240 pixels, as a data URI; "" if nothing decodes it.

    A file that is cut short is shown as a forgiving decoder fills it.

    Args:
        entry: the radiograph.
        outlined: whether what is drawn and painted on it is outlined.
    """
    pixels = _pixels(entry)
    if pixels is None:
        return ""
    height, width = fit(pixels.shape[0], pixels.shape[1], _SIDE)
    small = resize(pixels, height, width)
    image = Image.fromarray(np.rint(small).clip(0, 255).astype(np.uint8))
    if outlined and entry.outlines is not None:
        image = _outlined(image, entry.outlines, pixels.shape)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=_QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(out.getvalue()).decode()}"


def _outlined(small: Image.Image, outlines: Outlines, shape: tuple[int, int]) -> Image.Image:
    """A line along every polygon, and one around all that is painted."""
    pixels = np.array(small.convert("RGB"))
    painted = resize(_painted(outlines, shape), small.height, small.width) > 0
    pixels[binary_dilation(painted, iterations=_WIDTH) & ~painted] = _LINE
    image = Image.fromarray(pixels)
    scale = (small.width / shape[1], small.height / shape[0])
    for polygon in outlines.in_pixels(*shape):
        points = [tuple(point) for point in (polygon * scale).tolist()]
        ImageDraw.Draw(image).line([*points, points[0]], fill=_LINE, width=_WIDTH)
    return image


def _painted(outlines: Outlines, shape: tuple[int, int]) -> np.ndarray:
    """Mask picture and patches, bool [H, W]; a mask that does not fit the picture is left out."""
    canvas = np.zeros(shape, bool)
    if outlines.mask_path is not None:
        with contextlib.suppress(OSError, SyntaxError, ValueError):
            levels = mask_levels(outlines.mask_path)
            if levels.shape == shape:
                chosen = outlines.mask_values
                canvas |= np.isin(levels, chosen) if chosen else levels != 0
    for patch in outlines.patches:
        patch.paint(canvas)
    return canvas


def _pixels(entry: Entry) -> np.ndarray | None:
    try:
        return read(entry.path).pixels
    except BonefracError:
        pass
    # Pillow has this switch for the whole process only; no other thread decodes by now.
    before, ImageFile.LOAD_TRUNCATED_IMAGES = ImageFile.LOAD_TRUNCATED_IMAGES, True
    try:
        return read(entry.path).pixels
    except BonefracError:
        return None
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = before
