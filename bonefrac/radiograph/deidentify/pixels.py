"""The pixel data of a DICOM file without what may lie beside the picture in it."""

from typing import TYPE_CHECKING

from bonefrac.errors import BonefracError
from bonefrac.radiograph.codestream import JP2_BOX, JPEG, JPEG_2000

if TYPE_CHECKING:
    from pydicom import Dataset

_END = b"\xff\xd9"
_SCAN, _TILE = 0xDA, 0x90  # the picture itself begins
_COMMENTS = {0xFE, *range(0xE0, 0xF0)}  # COM, APP0 to APP15: ITU-T T.81 table B.1
_COMMENT_2000 = {0x64}  # ITU-T T.800 annex A.9.2
# JFIF, the colour transform of JPEG-LS, and Adobe's: short ones tell how to read the colours.
_COLOURS = {0xE0, 0xE8, 0xEE}
_SHORT = 16


def clean_pixels(dataset: "Dataset", name: str) -> None:
    """Cut off comments, thumbnails and whatever follows the picture, in place; pixels stay.

    Args:
        dataset: with its transfer syntax in `file_meta`.
        name: of the file, for errors.

    Raises:
        BonefracError: there are fewer pixels than the file claims.
    """
    if "PixelData" not in dataset:
        return
    if dataset.file_meta.TransferSyntaxUID.is_encapsulated:
        _clean_frames(dataset)
    else:
        _cut_to_size(dataset, name)


def without_comments(stream: bytes) -> bytes:
    """A JPEG, JPEG-LS or JPEG 2000 codestream without the comments ahead of its picture."""
    if stream.startswith(JP2_BOX):  # not allowed in DICOM, but seen
        start = stream.find(JPEG_2000)
        return without_comments(stream[start:]) if start > 0 else stream
    if stream.startswith(JPEG_2000):
        return _filtered(_to_end(stream), _COMMENT_2000, _TILE)
    if stream.startswith(JPEG):
        return _filtered(_to_end(stream), _COMMENTS, _SCAN)
    return stream


def _to_end(stream: bytes) -> bytes:
    end = stream.rfind(_END)
    return stream[: end + 2] if end > 0 else stream


def _filtered(stream: bytes, unwanted: set[int], last: int) -> bytes:
    kept, place = [stream[:2]], 2
    while place + 4 <= len(stream) and stream[place] == 0xFF and stream[place + 1] != last:
        marker = stream[place + 1]
        if marker == 0xFF:  # a fill byte
            place += 1
            continue
        length = 2 + int.from_bytes(stream[place + 2 : place + 4], "big")
        if marker not in unwanted or (marker in _COLOURS and length <= 2 + _SHORT):
            kept.append(stream[place : place + length])
        place += length
    return b"".join((*kept, stream[place:]))


def _clean_frames(dataset: "Dataset") -> None:
    from pydicom.encaps import encapsulate, generate_frames

    count = int(dataset.get("NumberOfFrames") or 1)
    frames = generate_frames(dataset.PixelData, number_of_frames=count)
    dataset.PixelData = encapsulate([without_comments(frame) for frame in frames])
    dataset["PixelData"].is_undefined_length = True


def _cut_to_size(dataset: "Dataset", name: str) -> None:
    from pydicom.pixels.utils import get_expected_length

    size = get_expected_length(dataset, unit="bytes")
    data = dataset.PixelData
    if len(data) < size:
        raise BonefracError(
            f"{name} has {len(data)} bytes of pixels",
            expected=f"the {size} that it claims",
            fix="Fetch the file again",
        )
    dataset.PixelData = data[:size] + b"\0" * (size % 2)
