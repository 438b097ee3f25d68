"""Small pictures of radiographs for the page, as data that it carries along."""

import base64
import io

import numpy as np
from PIL import Image, ImageDraw, ImageFile

from bonefrac.data.catalogue import Entry
from bonefrac.errors import BonefracError
from bonefrac.radiograph.letterbox import fit, resize
from bonefrac.radiograph.reader import read

_SIDE = 240  # pixels
_QUALITY = 72
_LINE = (255, 176, 0)  # amber: told from gray by everybody, also in print


def data_uri(entry: Entry, *, outlined: bool) -> str:
    """A JPEG of the radiograph, longer side 240 pixels, as a data URI; "" if nothing decodes it.

    A file that is cut short is shown as a forgiving decoder fills it.

    Args:
        entry: the radiograph.
        outlined: whether its polygons are drawn.
    """
    pixels = _pixels(entry)
    if pixels is None:
        return ""
    height, width = fit(pixels.shape[0], pixels.shape[1], _SIDE)
    small = resize(pixels, height, width)
    image = Image.fromarray(np.rint(small).clip(0, 255).astype(np.uint8))
    if outlined and entry.outlines is not None:
        image = image.convert("RGB")
        scale = (width / pixels.shape[1], height / pixels.shape[0])
        for polygon in entry.outlines.in_pixels(*pixels.shape):
            points = [tuple(point) for point in (polygon * scale).tolist()]
            ImageDraw.Draw(image).line([*points, points[0]], fill=_LINE, width=2)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=_QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(out.getvalue()).decode()}"


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
