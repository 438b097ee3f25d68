"""Damage radiographs of every format at random, and count what comes of reading them.

python tests/radiograph/fuzz.py [--count 2000] [--seed 0] [--keep FOLDER]

Each file must be read or refused by a BonefracError, within limits of memory and time. A file that
something else comes of is kept in FOLDER; the exit code is 1 if it was an exception or a hang.
"""

import argparse
import io
import random
import struct
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tifffile
from dicom_files import dataset, encoded, ramp, transcoded
from PIL import Image
from pydicom import Dataset
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian

from bonefrac.errors import BonefracError
from bonefrac.radiograph.guarded import MIB, Guard

PNG = b"\x89PNG\r\n\x1a\n"
MEMORY, SECONDS = 512 * MIB, 10.0
OUTCOMES = ("read", "refused", "memory", "slow", "crashed", "exception")
SYNTAXES = (
    *("RLELossless", "JPEGBaselineProcess1", "JPEGLosslessProcess14", "JPEGLosslessProcess14_1"),
    *("JPEGLSLossless", "JPEGLSNearLossless", "JPEG2000Lossless", "JPEG2000"),
)


def pictures() -> dict[str, list[bytes]]:
    """Whole PNG, JPEG and TIFF files, of the kinds that Pillow and tifffile write."""
    gray = ramp(high=255).astype(np.uint8)
    colour = Image.fromarray(gray).convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = 6
    squeezed = ("tiff_lzw", "tiff_adobe_deflate", "packbits", "group4", "jpeg")
    return {
        "PNG": [
            *(_saved(Image.fromarray(pixels), "PNG") for pixels in (gray, ramp())),
            *(_saved(image, "PNG") for image in (colour, colour.quantize(16))),
            _saved(colour.convert("RGBA"), "PNG", exif=exif),
        ],
        "JPEG": [
            _saved(Image.fromarray(gray), "JPEG", exif=exif),
            _saved(colour, "JPEG", progressive=True),
            _saved(colour.convert("CMYK"), "JPEG"),
        ],
        "TIFF": [
            *(_tiff(ramp(), byteorder=order) for order in "<>"),
            _tiff(ramp(), bigtiff=True),
            _tiff(gray, tile=(16, 16), compression="zlib"),
            _tiff(ramp().astype(np.float32)),
            *(_saved(_fit(gray, name), "TIFF", compression=name) for name in squeezed),
        ],
    }


def dicoms(folder: Path) -> list[bytes]:
    """Whole DICOM files of every transfer syntax that pydicom and GDCM write, and with LUTs."""
    window = {"WindowCenter": [2048, 99], "WindowWidth": [4096, 9], "PixelPaddingValue": 0}
    plain = dataset(ramp(), RescaleSlope=2, RescaleIntercept=-5, **window)
    made = [encoded(plain), encoded(dataset(ramp(), VOILUTSequence=[_lut(12)]))]
    for syntax in (ImplicitVRLittleEndian, ExplicitVRBigEndian):
        other = dataset(ramp(), ModalityLUTSequence=[_lut(16)])
        other.file_meta.TransferSyntaxUID = syntax
        if syntax == ExplicitVRBigEndian:
            other.PixelData = ramp().astype(">u2").tobytes()
        made.append(encoded(other))
    deep, shallow = encoded(plain), encoded(dataset(ramp(high=255), bits=8))
    for syntax in SYNTAXES:
        start = shallow if syntax == "JPEGBaselineProcess1" else deep
        made.append(transcoded(start, syntax, folder))
    return made


def damaged(data: bytes, other: bytes, draw: random.Random) -> bytes:
    """One to four kinds of damage, most of it near the start, where a file tells what it is.

    Half of the PNG files get checksums that fit, or nothing behind a checksum would be reached.
    """
    harmed = bytearray(data)
    for _ in range(draw.randint(1, 4)):
        draw.choice(DAMAGES)(harmed, other, draw)
    return mended(bytes(harmed)) if draw.random() < 0.5 else bytes(harmed)


def mended(data: bytes) -> bytes:
    """A PNG with the checksums of its chunks as they should be; anything else as it is."""
    if not data.startswith(PNG):
        return data
    out, place = bytearray(data), len(PNG)
    while place + 12 <= len(out):
        end = place + 8 + int.from_bytes(out[place : place + 4], "big")
        if end + 4 <= len(out):
            out[end : end + 4] = zlib.crc32(out[place + 4 : end]).to_bytes(4, "big")
        place = end + 4
    return bytes(out)


def flip(data: bytearray, _other: bytes, draw: random.Random) -> None:
    """Bits turned round."""
    for _ in range(draw.randint(1, 8)):
        if data:
            data[_place(data, draw)] ^= 1 << draw.randrange(8)


def cut(data: bytearray, _other: bytes, draw: random.Random) -> None:
    """The end is missing."""
    del data[draw.randint(0, len(data)) :]


def splice(data: bytearray, other: bytes, draw: random.Random) -> None:
    """A piece of another file, in place of or between what was there."""
    start = draw.randrange(len(other))
    piece = other[start : start + draw.choice([4, 16, 64, 512])]
    place = _place(data, draw)
    data[place : place + draw.choice([0, len(piece)])] = piece


def lie(data: bytearray, _other: bytes, draw: random.Random) -> None:
    """A number that is another: zero, the largest, one beyond a bound."""
    form = draw.choice(["<H", ">H", "<I", ">I"])
    most = 256 ** struct.calcsize(form) - 1
    value = draw.choice([0, 1, most, most // 2, most // 2 + 1, 255, 4097, draw.randint(0, most)])
    place = _place(data, draw)
    data[place : place + struct.calcsize(form)] = struct.pack(form, value)


def swap(data: bytearray, _other: bytes, draw: random.Random) -> None:
    """Two pieces, of the size of a tag or of an entry, change places."""
    size = draw.choice([2, 4, 8, 12])
    one, two = sorted(_place(data, draw) & ~1 for _ in range(2))
    if one + size <= two:
        data[one : one + size], data[two : two + size] = (
            data[two : two + size],
            data[one : one + size],
        )


def repeat(data: bytearray, _other: bytes, draw: random.Random) -> None:
    """A piece comes several times."""
    place = _place(data, draw)
    piece = data[place : place + draw.choice([1, 12, 64, 1024])]
    data[place:place] = piece * draw.choice([1, 3, 50])


def drop(data: bytearray, _other: bytes, draw: random.Random) -> None:
    """A piece is missing."""
    place = _place(data, draw)
    del data[place : place + draw.choice([1, 2, 12, 128])]


DAMAGES: tuple[Callable[[bytearray, bytes, random.Random], None], ...]
DAMAGES = (flip, flip, cut, splice, lie, lie, lie, swap, repeat, drop)


def outcome(guard: Guard, data: bytes) -> tuple[str, str]:
    """What came of reading, one of `OUTCOMES`, and the error."""
    try:
        guard.read(data)
    except BonefracError as error:
        told = str(error)
        for kind, sign in (
            ("memory", "takes more memory"),
            ("slow", "was not decoded within"),
            ("crashed", "crashed its decoder"),
            ("exception", "ended its decoder"),
            ("exception", "answer nonsense"),
        ):
            if sign in told:
                return kind, told
        return "refused", told
    return "read", ""


def campaign(
    files: dict[str, list[bytes]], *, count: int, seed: int, keep: Path | None = None
) -> dict[str, Counter[str]]:
    """Read `count` damaged files of each format; how often each outcome was."""
    tally: dict[str, Counter[str]] = {}
    every = [data for some in files.values() for data in some]
    with Guard(memory=MEMORY, seconds=SECONDS) as guard:
        for name, whole in files.items():
            draw = random.Random(f"{name} {seed}")
            tally[name] = Counter()
            for number in range(count):
                data = damaged(draw.choice(whole), draw.choice(every), draw)
                kind, told = outcome(guard, data)
                tally[name][kind] += 1
                if keep is not None and kind not in ("read", "refused"):
                    keep.mkdir(parents=True, exist_ok=True)
                    (keep / f"{name}-{seed}-{number}-{kind}").write_bytes(data)
                    print(f"{name} {number}: {told}", file=sys.stderr)
    return tally


def main() -> None:
    """Print a table of outcomes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000, help="damaged files a format")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=Path("fuzz-found"))
    arguments = parser.parse_args()
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        files = pictures() | {"DICOM": dicoms(Path(scratch))}
        some = {"count": arguments.count, "seed": arguments.seed}
        tally = campaign(files, keep=arguments.keep, **some)
    print("| Format | Whole files | Damaged |", " | ".join(OUTCOMES), "|")
    print("|---|" + "---:|" * (2 + len(OUTCOMES)))
    for name, found in tally.items():
        cells = [len(files[name]), found.total(), *(found[kind] for kind in OUTCOMES)]
        print(f"| {name} |", " | ".join(map(str, cells)), "|")
    print(f"{time.monotonic() - start:.0f} s", file=sys.stderr)
    sys.exit(any(found["exception"] or found["slow"] for found in tally.values()))


def _place(data: bytearray, draw: random.Random) -> int:
    most = len(data) if draw.random() < 0.4 else min(len(data), 1200)
    return draw.randrange(max(most, 1)) if data else 0


def _saved(image: Image.Image, form: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def _tiff(pixels: np.ndarray, **options: object) -> bytes:
    out = io.BytesIO()
    tifffile.imwrite(out, pixels, **options)
    return out.getvalue()


def _fit(gray: np.ndarray, compression: str) -> Image.Image:
    return Image.fromarray(gray).convert("1" if compression == "group4" else "L")


def _lut(bits: int) -> Dataset:
    made = Dataset()
    made.LUTDescriptor = [4096, 0, bits]
    made["LUTDescriptor"].VR = "US"
    made.LUTData = np.arange(4095, -1, -1, np.uint16).tobytes()
    made.ModalityLUTType = "US"
    return made


if __name__ == "__main__":
    main()
