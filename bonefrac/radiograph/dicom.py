"""A DICOM radiograph, checked before anything of it is decoded, as the scene on a screen."""

import io
import math
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from bonefrac.errors import BonefracError, reason
from bonefrac.radiograph.codestream import MAX_SCANS, claimed, scans
from bonefrac.radiograph.colour import LUMA, colour
from bonefrac.radiograph.grayscale import shown
from bonefrac.radiograph.radiograph import Radiograph
from bonefrac.radiograph.spacing import spacing_of
from bonefrac.schema import PIXEL_MAX

if TYPE_CHECKING:
    from pydicom import Dataset

_MAGIC_AT = 128
_MAGIC = b"DICM"
# Bytes that tell whether a file is DICOM; its meta information follows.
START = _MAGIC_AT + len(_MAGIC)
_RADIOGRAPHS = {
    "1.2.840.10008.5.1.4.1.1.1": "CR",
    "1.2.840.10008.5.1.4.1.1.1.1": "DX",
    "1.2.840.10008.5.1.4.1.1.1.1.1": "DX for processing",
}
# A secondary capture of one of these is no radiograph either.
_NOT_PLAIN = {
    **{"CT": "computed tomography", "MR": "magnetic resonance", "US": "ultrasound"},
    **{"NM": "nuclear medicine", "PT": "positron emission tomography", "MG": "the breast"},
    **{"XA": "vessels", "ES": "endoscopy", "SM": "microscopy", "OP": "the eye"},
}
_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
# The whole dataset is one zlib stream: a few kilobytes can inflate to gigabytes before anything
# can be checked.
_DEFLATED = {"1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.205"}
_WRAPPED = "1.2.840.10008.1.2.1.98"  # not compressed, only in pieces
_RLE, _RLE_HEADER = "1.2.840.10008.1.2.5", 64
_VIEWS = {
    **dict.fromkeys(("AP", "PA", "APO", "PAO", "DP", "PD"), "frontal"),
    **dict.fromkeys(("LL", "RL", "LAT", "LATERAL", "ML", "LM"), "lateral"),
    **dict.fromkeys(("RLO", "LLO", "RAO", "LAO", "RPO", "LPO", "OBL", "OBLIQUE"), "oblique"),
}
_SIDES = {"L": "left", "R": "right", "B": "both"}


def is_dicom(data: bytes) -> bool:
    """Whether bytes begin as a DICOM file does: a preamble of 128 bytes, then "DICM"."""
    return data[_MAGIC_AT:START] == _MAGIC


def read_dicom(data: bytes, name: str, *, max_pixels: int) -> Radiograph:
    """Read a CR or DX image, or a secondary capture with a note.

    Args:
        data: of the whole file.
        name: of the file, for errors.
        max_pixels: that it may have.

    Returns:
        The radiograph as it is shown, with spacing, view and side where the file tells them.

    Raises:
        BonefracError: another kind of image, too large, cut short, or not decodable.
    """
    try:
        dataset = parse_dicom(io.BytesIO(data), name)
        notes = _require_radiograph(dataset, name)
        _require_size(dataset, name, max_pixels)
        stored, hue = _stored(dataset)
        pixels, left_open = shown(stored, dataset)
        spacing = spacing_of(dataset)
    except (BonefracError, MemoryError):
        raise
    except Exception as error:  # pydicom and the decoders raise whatever they trip over
        raise BonefracError(
            f"{name} cannot be decoded ({reason(error)})",
            expected="a whole DICOM radiograph",
            fix="Fetch the file again",
        ) from None
    side = dataset.get("ImageLaterality") or dataset.get("Laterality") or ""
    view = str(dataset.get("ViewPosition") or "").upper()
    return Radiograph(
        pixels,
        name,
        spacing=spacing,
        body_part=str(dataset.get("BodyPartExamined") or "").lower().replace("_", " ").strip(),
        view=_VIEWS.get(view, view.lower()),
        laterality=_SIDES.get(str(side).upper(), ""),
        notes=(*notes, *left_open),
        colour=hue,
    )


def file_meta(file: BinaryIO) -> "Dataset":
    """The meta information of a file that `is_dicom`, and no byte behind it.

    What follows may be a stream that inflates without end.

    Raises:
        Exception: whatever pydicom trips over in a damaged file.
    """
    from pydicom.filereader import read_dataset

    file.seek(START)
    return read_dataset(file, False, True, stop_when=lambda tag, _vr, _length: tag.group != 2)


def parse_dicom(file: BinaryIO, name: str, *, pixels: bool = True) -> "Dataset":
    """The dataset of a DICOM file; its values are judged by who reads them.

    Args:
        file: opened, with its preamble.
        name: of the file, for errors.
        pixels: False ends ahead of them.

    Raises:
        BonefracError: the file is deflated.
        Exception: whatever pydicom trips over in a damaged file.
    """
    import pydicom

    # Odd values of tags that nobody reads are no reason for a warning a file.
    pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
    syntax = file_meta(file).get("TransferSyntaxUID")
    if syntax in _DEFLATED:
        raise BonefracError(
            f"{name} has the transfer syntax {syntax.name}",
            expected="a file that is not deflated: its size cannot be told before it is inflated",
            fix="Convert it, for example with dcmconv +te",
        )
    file.seek(0)
    return pydicom.dcmread(file, stop_before_pixels=not pixels)


def _require_radiograph(dataset: "Dataset", name: str) -> list[str]:
    """Notes on a radiograph that is not quite one; anything else is refused."""
    kind = dataset.get("SOPClassUID", "")
    expected = "a CR or DX image"
    if "PixelData" not in dataset:
        raise BonefracError(
            f"{name} is a DICOM file without a picture ({getattr(kind, 'name', kind)})",
            expected=expected,
            fix="Give the image that it belongs to",
        )
    modality = str(dataset.get("Modality") or "").upper()
    if modality in _NOT_PLAIN:
        raise BonefracError(
            f"{name} is a picture of {_NOT_PLAIN[modality]} (modality {modality})",
            expected=expected,
            fix="Give a plain radiograph",
        )
    if str(kind).startswith(_SECONDARY_CAPTURE):
        return ["A secondary capture: a copy of a screen or a scan, with its window burned in"]
    if kind not in _RADIOGRAPHS:
        raise BonefracError(
            f"{name} is a {getattr(kind, 'name', kind) or 'DICOM file of no class'}",
            expected=expected,
            fix="Give a plain radiograph",
        )
    if _RADIOGRAPHS[kind] == "DX for processing":
        return ["Raw detector values, for processing; images for presentation look otherwise"]
    return []


def _require_size(dataset: "Dataset", name: str, max_pixels: int) -> None:
    """Refuse before decoding what would not fit: claimed by the tags, and by the codestream."""
    from pydicom.encaps import generate_frames

    frames = int(dataset.get("NumberOfFrames") or 1)
    size = int(dataset.Rows), int(dataset.Columns)
    if frames != 1 or not 0 < size[0] * size[1] <= max_pixels:
        raise BonefracError(
            f"{name} claims {frames} x {size[1]}x{size[0]} pixels",
            expected=f"one picture of at most {max_pixels // 10**6} Mpx",
            fix="Check that it is an X-ray",
        )
    samples, bits = int(dataset.SamplesPerPixel), int(dataset.BitsAllocated)
    if samples not in (1, 3) or bits not in (1, 8, 16, 32):
        raise BonefracError(
            f"{name} has {samples} samples of {bits} bits a pixel",
            expected="1 or 3 samples of 8 or 16 bits",
            fix="Check that it is an X-ray",
        )
    syntax = dataset.file_meta.TransferSyntaxUID
    if syntax.is_encapsulated and syntax != _WRAPPED:
        frame = next(generate_frames(dataset.PixelData, number_of_frames=1))
        _require_claim(frame, (*size, samples), name, bits=bits if syntax == _RLE else 0)


def _require_claim(frame: bytes, size: tuple[int, int, int], name: str, *, bits: int) -> None:
    """Refuse a compressed picture that is another than its tags say, or that never ends.

    Args:
        size: height, width and samples by the tags.
        bits: of a sample in RLE, which claims nothing but cannot be longer than what it spares;
            else 0.
    """
    claim = claimed(frame)
    if bits:
        if 8 * len(frame) <= 2 * math.prod(size) * bits + 8 * _RLE_HEADER:
            return
        found = f"{len(frame)} bytes of RLE"
    elif claim is None:
        found = "nothing that a decoder knows"
    elif scans(frame) > MAX_SCANS:
        found = f"{scans(frame)} scans"
    elif claim != size:
        found = f"{claim[1]}x{claim[0]} in {claim[2]}"
    else:
        return
    raise BonefracError(
        f"{name} says {size[1]}x{size[0]} pixels in {size[2]} samples and its compressed picture "
        f"{found}",
        expected="one size",
        fix="Fetch the file again",
    )


def _stored(dataset: "Dataset") -> tuple[np.ndarray, float]:
    """Grays as they are stored, and how colourful they were."""
    from pydicom.pixels import pixel_array

    pixels = pixel_array(dataset)  # converts YBR to RGB
    if pixels.ndim != 3:
        return pixels, 0.0
    white = 2.0 ** int(dataset.BitsStored) - 1
    return pixels @ LUMA, colour(pixels * (PIXEL_MAX / white))
