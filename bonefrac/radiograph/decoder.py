"""The program in which `guarded` decodes: bytes in on stdin, plain numbers out on stdout."""

import json
import os
import resource
import sys
from pathlib import Path
from typing import Any, BinaryIO

from bonefrac.errors import BonefracError
from bonefrac.radiograph.radiograph import Radiograph


def main() -> None:
    """Answer one request after another until stdin ends.

    It says that it is ready. A request is a line of JSON {"name", "bytes"}, then the bytes; an
    answer is a line of JSON, then float32 pixels in little-endian order where it has "rows" and
    "columns".
    """
    memory, seconds = int(sys.argv[1]), float(sys.argv[2])
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not end up in an answer
    _import_decoders()
    _limit(memory)
    answers.write(b"ready\n")
    answers.flush()
    while line := sys.stdin.buffer.readline():
        _limit_processor_time(seconds)
        request = json.loads(line)
        _answer(answers, _read(sys.stdin.buffer, request))


def _import_decoders() -> None:
    """Before the limits: a library must not be what does not fit."""
    import gdcm  # noqa: F401
    import pydicom.pixels  # noqa: F401
    import scipy.special  # noqa: F401

    import bonefrac.radiograph.reader  # noqa: F401


def _limit(memory: int) -> None:
    """Let this process take `memory` bytes more than it has, and write no file and no core."""
    size = Path("/proc/self/statm")
    if size.is_file():  # elsewhere than on Linux the system does not keep to such a limit
        most = int(size.read_text().split()[0]) * resource.getpagesize() + memory
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    for kind in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE):
        resource.setrlimit(kind, (0, 0))


def _limit_processor_time(seconds: float) -> None:
    # The caller's clock comes first; this one is for a decoder whose caller was killed.
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = int(used.ru_utime + used.ru_stime + seconds) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))


def _read(stream: BinaryIO, request: dict[str, Any]) -> Radiograph | BonefracError:
    from bonefrac.radiograph.reader import read_bytes

    data = stream.read(request["bytes"])
    try:
        return read_bytes(data, request["name"])
    except BonefracError as error:
        return error


def _answer(stream: BinaryIO, read: Radiograph | BonefracError) -> None:
    if isinstance(read, BonefracError):
        told: dict[str, Any] = {"error": [read.received, read.expected, read.fix]}
        pixels = None
    else:
        spacing = read.spacing
        told = {
            "rows": read.size[0],
            "columns": read.size[1],
            "spacing": spacing and [spacing.row_mm, spacing.column_mm, spacing.provenance],
            "body_part": read.body_part,
            "view": read.view,
            "laterality": read.laterality,
            "notes": list(read.notes),
            "colour": read.colour,
        }
        pixels = read.pixels.astype("<f4", order="C", copy=False)
    stream.write(json.dumps(told).encode() + b"\n")
    if pixels is not None:
        stream.write(pixels.data)
    stream.flush()


if __name__ == "__main__":
    main()
