"""Read one X-ray, whatever picture file it comes in, into gray pixels from 0 to 255."""

import io
import math
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from bonefrac.errors import BonefracError
from bonefrac.radiograph.codestream import MAX_SCANS, scans
from bonefrac.radiograph.colour import LUMA, colour
from bonefrac.radiograph.dicom import is_dicom, read_dicom
from bonefrac.radiograph.grayscale import robust_window
from bonefrac.radiograph.radiograph import Radiograph
from bonefrac.schema import PIXEL_MAX

FORMATS = ("PNG", "JPEG", "TIFF")
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff")
DICOM_SUFFIXES = (".dcm", ".dicom")
SUFFIXES = (*PICTURE_SUFFIXES, *DICOM_SUFFIXES)
# A 43 x 43 cm detector at 0.1 mm has 18 Mpx; a file that claims four times that is not an X-ray.
MAX_PIXELS = 80_000_000
# Raw 16-bit pixels of such a picture, and colour, take less.
MAX_BYTES = 512 * 2**20
_PHOTOMETRIC, _TILE = 262, (322, 323)  # TIFF tags
_LARGEST = 1e30  # so that differences stay finite in float32


def read(source: str | Path | bytes | np.ndarray | Radiograph) -> Radiograph:
    """Read a radiograph from a file, from encoded bytes or from an array; one that is read stays.

    PNG, JPEG and TIFF; gray or colour (ITU-R 601 luma); 8 bits as they are, more bits windowed
    between the 0.1 and 99.9 percentiles; EXIF orientation applied. DICOM as `read_dicom` has it.

    Args:
        source: path of a picture, its encoded bytes, an array [H, W], [H, W, 1] or [H, W, 3], or
            a radiograph.

    Returns:
        The radiograph, pixels float32 [H, W] in 0..255.

    Raises:
        BonefracError: the file is missing, is no such picture, is cut short or is too large.
    """
    if isinstance(source, Radiograph):
        return source
    if isinstance(source, np.ndarray):
        return _from_array(source)
    if isinstance(source, bytes):
        return read_bytes(source)
    return read_bytes(content(Path(source)), str(source))


def content(path: Path) -> bytes:
    """The bytes of a picture file.

    Raises:
        BonefracError: there is no such file, it cannot be read, or it is too large.
    """
    if not path.is_file():
        state = "is a folder" if path.is_dir() else "does not exist"
        raise BonefracError(f"{path} {state}", expected="a picture file", fix="Check the path")
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise BonefracError(
            f"{path} cannot be read ({error.strerror})", expected="a picture file", fix="Check it"
        ) from None
    if len(data) > MAX_BYTES:
        raise BonefracError(
            f"{path} is larger than {MAX_BYTES // 2**20} MiB",
            expected="one radiograph",
            fix="Check that it is an X-ray",
        )
    return data


def read_bytes(data: bytes, name: str = "<bytes>") -> Radiograph:
    """Read a radiograph from the bytes of its file, as `read` does.

    Args:
        name: of the file, for errors and findings.
    """
    try:
        if is_dicom(data):
            return read_dicom(data, name, max_pixels=MAX_PIXELS)
        return _decode(data, name)
    except MemoryError:
        raise BonefracError(
            f"{name} takes more memory to decode than there is",
            expected="a radiograph",
            fix="Check that it is an X-ray",
        ) from None


def _decode(data: bytes, name: str) -> Radiograph:
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
        _require_modest(image, data, name)
        # Pillow refuses a picture that is cut short; OpenCV fills the rest with gray in silence.
        return _gray(image, name)
    except (BonefracError, MemoryError):
        raise
    except UnidentifiedImageError:
        kind = f"{len(data)} bytes, starting {data[:8]!r}" if data else "an empty file"
        raise _error(f"{name} is {kind}", "Convert it to one of them") from None
    except Image.DecompressionBombError as error:
        raise _error(f"{name} claims too much ({error})", "Check that it is an X-ray") from None
    except Exception as error:  # Pillow's parsers raise whatever they trip over: struct.error, ...
        reason = str(error).rstrip(".") or "cut short"
        raise _error(f"{name} cannot be decoded ({reason})", "Fetch the file again") from None


def _require_modest(image: Image.Image, data: bytes, name: str) -> None:
    """Refuse before decoding what would take too much of memory or time."""
    tags = getattr(image, "tag_v2", {})
    # A TIFF is decoded tile by tile, and a tile may be larger than its picture.
    sizes = (image.width, image.height), tuple(tags.get(tag, 0) for tag in _TILE)
    width, height = max(sizes, key=math.prod)
    if width * height > MAX_PIXELS:
        raise _error(f"{name} claims {width}x{height} pixels", "Check that it is an X-ray")
    if scans(data) > MAX_SCANS:
        raise _error(f"{name} has {scans(data)} scans", "Save it as a plain JPEG")


def _error(received: str, fix: str) -> BonefracError:
    expected = f"a complete {', '.join(FORMATS)} picture of at most {MAX_PIXELS // 10**6} Mpx"
    return BonefracError(received, expected=expected, fix=fix)


def _gray(image: Image.Image, name: str) -> Radiograph:
    # Pillow turns a TIFF where white is zero round at 8 bits, but not at more.
    negative = getattr(image, "tag_v2", {}).get(_PHOTOMETRIC) == 0
    image = ImageOps.exif_transpose(image)
    if image.mode == "F" or image.mode.startswith("I"):
        pixels = PIXEL_MAX * robust_window(_finite(np.asarray(image, dtype=np.float32), name))
        return Radiograph(PIXEL_MAX - pixels if negative else pixels, name)
    shade = np.asarray(image.convert("L"), dtype=np.float32)
    has_colour = image.mode not in ("1", "L", "LA", "La")
    return Radiograph(
        shade, name, colour=colour(np.asarray(image.convert("RGB"))) if has_colour else 0.0
    )


def _from_array(array: np.ndarray) -> Radiograph:
    shape, hue = array.shape, 0.0
    numbers = array.dtype.kind in "buif"
    if numbers and array.ndim == 3 and shape[2] == 3 and array.size:
        hue = _hue(array)
        array = array @ LUMA
    elif numbers and array.ndim == 3 and shape[2] == 1:
        array = array[..., 0]
    if not numbers or array.ndim != 2 or array.size == 0:
        raise BonefracError(
            f"An array of {array.dtype} of shape {shape}",
            expected="numbers, [H, W], [H, W, 1] or [H, W, 3]",
            fix="Reshape it",
        )
    with np.errstate(over="ignore"):
        pixels = _finite(array.astype(np.float32), "<array>")
    fits = pixels.min() >= 0 and pixels.max() <= PIXEL_MAX
    grays = pixels if fits else PIXEL_MAX * robust_window(pixels)
    return Radiograph(grays, "<array>", colour=hue)


def _hue(array: np.ndarray) -> float:
    """Colour of an array that may hold anything, as if its largest value were white."""
    largest = float(np.abs(array).max())
    if not 0 < largest < _LARGEST:
        return 0.0
    return colour(array * (PIXEL_MAX / max(largest, PIXEL_MAX)))


def _finite(pixels: np.ndarray, name: str) -> np.ndarray:
    if not (np.abs(pixels) < _LARGEST).all():
        raise BonefracError(
            f"{name} has pixels that are NaN, infinite or beyond {_LARGEST:g}",
            expected="finite pixels",
            fix="Replace them",
        )
    return pixels
