"""One pass over the files of a data set: what each is, in a few kilobytes."""

import hashlib
import io
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import ExifTags, Image

from bonefrac.data.audit.duplicates import Progress, packed, thumbnail
from bonefrac.data.audit.filler import filler_share
from bonefrac.data.audit.masks import MaskFacts, mask_facts
from bonefrac.data.catalogue import Entry
from bonefrac.errors import BonefracError
from bonefrac.radiograph.reader import read

_JOBS = 8  # files read at once unless told otherwise; more only wait for the disk
_AHEAD = 4  # files a thread that wait for their turn: no more lie in memory
_BORDER = 1 / 32  # of a side
# Sum of the 64 steps of the luminance table in ITU-T T.81, annex K, which libjpeg calls quality 50.
_QUALITY_50 = 3688
_UPRIGHT = 1
# EXIF orientation -> the upright picture as it was stored.
_AS_STORED = {
    2: lambda p: p[:, ::-1],
    3: lambda p: p[::-1, ::-1],
    4: lambda p: p[::-1],
    5: lambda p: p.T,
    6: lambda p: np.rot90(p),
    7: lambda p: p[::-1, ::-1].T,
    8: lambda p: np.rot90(p, -1),
}


@dataclass(frozen=True, eq=False)
class Facts:
    """What one file is; what follows `orientation` only if it can be read.

    Attributes:
        problem: why it cannot be read, "" if it can.
        file_bytes: its size.
        file_digest: SHA-256 of the file; `pixel_digest` of the upright gray pixels.
        format: "JPEG", "PNG", "TIFF"; `mode` is Pillow's: "L", "RGB", "I;16".
        quality: of a JPEG, 1..100 on libjpeg's scale, from its luminance table; 0 otherwise.
        orientation: of EXIF, 1 upright.
        size: height and width when upright, pixels.
        filler: share of the height that a decoder made up, 0..1.
        mean: gray level, 0..255; `low`, `median`, `high` are its percentiles 1, 50, 99.
        border: median gray level of the outermost 1/32.
        thumbnail: uint8 [64 * 64], as `duplicates.packed` makes it; empty if unreadable.
        mask: of the mask picture, None where there is none.
    """

    problem: str = ""
    file_bytes: int = 0
    file_digest: str = ""
    pixel_digest: str = ""
    format: str = ""
    mode: str = ""
    quality: int = 0
    orientation: int = _UPRIGHT
    size: tuple[int, int] = (0, 0)
    filler: float = 0.0
    mean: float = 0.0
    low: float = 0.0
    median: float = 0.0
    high: float = 0.0
    border: float = 0.0
    thumbnail: np.ndarray = field(default_factory=lambda: np.empty(0, np.uint8))
    mask: MaskFacts | None = None

    @property
    def readable(self) -> bool:
        """Whether its pixels could be decoded."""
        return not self.problem

    @property
    def encoding(self) -> str:
        """Format, depth or colour, and quality: "JPEG L, quality 75"."""
        kind = f"{self.format} {self.mode}"
        return f"{kind}, quality {self.quality}" if self.quality else kind

    @property
    def why_left_out(self) -> str:
        """Why no model should be trained on it, "" if sound."""
        if self.problem or not self.filler:
            return self.problem
        return f"the lowest {self.filler:.0%} is filler: cut short before it was encoded again"


def scan(entries: Sequence[Entry], *, jobs: int | None = None, progress: Progress) -> list[Facts]:
    """Read every file once, on threads; a file that cannot be read is a fact, not an error.

    Decoding, hashing and NumPy release Python's lock. About 5 KB of memory a radiograph.

    Args:
        entries: what to read.
        jobs: files read at once.
        progress: called after every file.

    Returns:
        The facts, in the order of the entries.
    """
    facts = []
    for done, found in enumerate(_in_order(entries, jobs or _JOBS), start=1):
        facts.append(found)
        progress("Scanning", done, len(entries))
    return facts


def facts_of(entry: Entry) -> Facts:
    """Read the file of one entry, and its mask picture."""
    facts = _picture(entry.path)
    if entry.outlines is None or entry.outlines.mask_path is None:
        return facts
    return replace(facts, mask=mask_facts(entry.outlines.mask_path, entry.outlines.mask_values))


def _in_order(entries: Sequence[Entry], jobs: int) -> Iterator[Facts]:
    with ThreadPoolExecutor(jobs) as threads:
        waiting: deque[Future[Facts]] = deque()
        for entry in entries:
            waiting.append(threads.submit(facts_of, entry))
            if len(waiting) >= jobs * _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _picture(path: Path) -> Facts:
    try:
        data = path.read_bytes()
    except OSError as error:
        state = "does not exist" if isinstance(error, FileNotFoundError) else error.strerror
        return Facts(problem=f"{path.name} {state}")
    file = Facts(file_bytes=len(data), file_digest=hashlib.sha256(data).hexdigest())
    try:
        pixels = read(data).pixels
    except BonefracError as error:
        problem = error.received.replace("<bytes>", path.name)
        return replace(file, problem=problem, **_header(data))
    header = _header(data)
    return replace(file, **header, **_pixels(pixels, header.get("orientation", _UPRIGHT)))


def _header(data: bytes) -> dict[str, Any]:
    """Of a file that Pillow opens at least; {} of any other."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            tables = getattr(image, "quantization", None)
            orientation = image.getexif().get(ExifTags.Base.Orientation, _UPRIGHT)
            return {
                "format": image.format or "",
                "mode": image.mode,
                "quality": _quality(sum(tables[0])) if tables else 0,
                "orientation": orientation if orientation in _AS_STORED else _UPRIGHT,
            }
    except Exception:  # Pillow's parsers raise whatever they trip over: struct.error, ...
        return {}


def _quality(table_sum: int) -> int:
    ratio = table_sum / _QUALITY_50
    return max(1, round(100 - 50 * ratio if ratio <= 1 else 50 / ratio))


def _pixels(pixels: np.ndarray, orientation: int) -> dict[str, Any]:
    stored = _AS_STORED[orientation](pixels) if orientation != _UPRIGHT else pixels
    counts = np.bincount(np.rint(pixels).astype(np.uint8).ravel(), minlength=256)
    low, median, high = _levels(counts, 0.01, 0.5, 0.99)
    height, width = pixels.shape
    digest = hashlib.sha256(f"{height}x{width}".encode())
    digest.update(np.ascontiguousarray(pixels).data)
    return {
        "pixel_digest": digest.hexdigest(),
        "size": (height, width),
        "filler": filler_share(stored),
        "mean": float(counts @ np.arange(256) / pixels.size),
        "low": low,
        "median": median,
        "high": high,
        "border": _border(pixels),
        "thumbnail": packed(thumbnail(pixels)),
    }


def _levels(counts: np.ndarray, *shares: float) -> list[float]:
    return [float(k) for k in np.searchsorted(np.cumsum(counts), np.array(shares) * counts.sum())]


def _border(pixels: np.ndarray) -> float:
    y, x = (max(1, int(side * _BORDER)) for side in pixels.shape)
    edges = (pixels[:y], pixels[-y:], pixels[:, :x], pixels[:, -x:])
    return float(np.median(np.concatenate([edge.ravel() for edge in edges])))
