"""A decoder that does what the name of its file says, for tests of the guard."""

import json
import os
import resource
import signal
import sys
import time

import numpy as np

MORE = {"spacing": None, "body_part": "", "view": "", "laterality": "", "notes": [], "colour": 0}


def say(line, pixels=b""):
    sys.stdout.buffer.write(line + b"\n" + pixels)
    sys.stdout.buffer.flush()


def answer(rows=2, columns=3, pixels=None, **changes):
    grays = np.zeros((2, 3), "<f4") if pixels is None else np.asarray(pixels, "<f4")
    say(json.dumps({"rows": rows, "columns": columns, **MORE, **changes}).encode(), grays.tobytes())


DEEDS = {
    "answers": answer,
    "hangs": lambda: time.sleep(60),
    "spins": lambda: [None for _ in iter(int, 1)],
    "stalls": lambda: (say(b'{"rows": 2, "columns": 3}'), time.sleep(60)),
    "crashes": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "leaves": lambda: sys.exit(3),
    "babbles": lambda: say(b"\x80\x04cos\nsystem\n"),
    "nests": lambda: say(b"[" * 60_000),
    "shouts": lambda: say(b" " * 200_000),
    "lists": lambda: say(b"[1, 2]"),
    "claims": lambda: answer(rows=10**6, columns=10**6),
    "negates": lambda: answer(rows=-2, columns=-3),
    "lies": lambda: answer(rows=True),
    "adds": lambda: answer(pixels=np.zeros(9)),
    "blinds": lambda: answer(pixels=[[np.nan] * 3] * 2),
    "overflows": lambda: answer(pixels=[[256] * 3] * 2),
    "shrinks": lambda: answer(spacing=[0, 1, "detector"]),
    "glows": lambda: answer(colour=-1),
    "counts": lambda: answer(notes=[1]),
    "forgets": lambda: say(b'{"rows": 1, "columns": 1}', b"\0" * 4),
    "errs": lambda: say(b'{"error": ["one"]}'),
    "writes": lambda: answer(notes=["a\x1b[2Jb\n" + "c" * 10_000]),
    "tells": lambda: answer(notes=[os.environ.get("A_SECRET", "nothing"), str(os.getpid())]),
}


def main():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    say(b"ready")
    while line := sys.stdin.buffer.readline():
        request = json.loads(line)
        sys.stdin.buffer.read(request["bytes"])
        DEEDS[request["name"]]()


if __name__ == "__main__":
    main()
