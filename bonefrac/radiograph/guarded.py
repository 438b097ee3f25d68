"""Decode a radiograph that nobody vouches for in another process, with limits on what it takes.

The decoder gets bytes and gives back one line of JSON and raw pixels, each checked here: nothing
that it sends is unpickled, opened or run. It cannot write files, and starts without this process'
environment. It is no sandbox: a file that takes it over may read what the user may read, and answer
wrongly for the files that come after it.
"""

import atexit
import contextlib
import functools
import io
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

from bonefrac.errors import BonefracError
from bonefrac.radiograph.answer import Answer, BadDecoderError
from bonefrac.radiograph.radiograph import Radiograph

MIB = 2**20
# Estimated: an 18 Mpx DICOM image, as large as detectors are, takes 0.7 GB.
MEMORY = 2048 * MIB
SECONDS = 30.0
_LONGEST_LINE = 65536
_PIECE = MIB
_START_SECONDS = 60.0
# What finds Python, its libraries and the language; nothing that could be a password.
_KEPT = ("PATH", "LD_LIBRARY_PATH", "PYTHONHOME", "LANG", "LC_ALL", "SYSTEMROOT")


class Guard:
    """Decoders that are kept for the next file, and ended when one does not answer as it should.

    May be shared by threads. Closing it ends the decoders.

    Args:
        memory: bytes that decoding may take, besides the libraries; enforced on Linux.
        seconds: that decoding may take.
        workers: decoders at a time; another reader waits.
        program: module that decodes.
    """

    def __init__(
        self,
        *,
        memory: int = MEMORY,
        seconds: float = SECONDS,
        workers: int = 1,
        program: str = "bonefrac.radiograph.decoder",
    ) -> None:
        self._memory, self._seconds, self._program = memory, seconds, program
        self._places = threading.BoundedSemaphore(workers)
        self._idle: list[_Decoder] = []

    def __enter__(self) -> "Guard":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the decoders that wait; the next reading starts others."""
        while self._idle:
            self._idle.pop().end()

    def read(self, data: bytes, name: str = "<bytes>") -> Radiograph:
        """Read a radiograph as `bonefrac.radiograph.reader.read` does, elsewhere.

        Args:
            data: of the whole file.
            name: of it, for errors and findings.

        Raises:
            BonefracError: whatever `read` refuses; the decoder took too long or too much memory,
                crashed, or answered what no radiograph is.
        """
        with self._places:
            decoder, is_good = self._decoder(), False
            try:
                answer = decoder.ask(data, name, seconds=self._seconds)
                is_good = True
            except BonefracError as error:
                is_good = not isinstance(error, BadDecoderError)
                raise
            finally:
                if is_good:
                    self._idle.append(decoder)
                else:
                    decoder.end()
        return answer

    def _decoder(self) -> "_Decoder":
        with contextlib.suppress(IndexError):  # another thread may take the last one
            while True:
                decoder = self._idle.pop()
                if decoder.is_alive():
                    return decoder
                decoder.end()
        return _Decoder(self._program, str(self._memory), str(self._seconds))


def guarded_read(
    data: bytes, *, name: str = "<bytes>", memory: int = MEMORY, seconds: float = SECONDS
) -> Radiograph:
    """Read a radiograph in a decoder that this process keeps for the next one.

    Args, errors: those of `Guard` and `Guard.read`.
    """
    return _guard(memory, seconds).read(data, name)


@functools.lru_cache(maxsize=8)
def _guard(memory: int, seconds: float) -> Guard:
    guard = Guard(memory=memory, seconds=seconds, workers=os.cpu_count() or 1)
    atexit.register(guard.close)
    return guard


class _Decoder:
    """One process that decodes."""

    def __init__(self, program: str, *arguments: str) -> None:
        self._process = subprocess.Popen(
            # -P: a numpy.py beside somebody's radiographs must not be imported.
            [sys.executable, "-P", "-m", program, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env=_environment(),
            process_group=0,  # Ctrl-C is for the caller, who ends it
        )
        assert self._process.stdin and self._process.stdout
        self._to, self._from = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._to, False)
        self._is_ready = False

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def end(self) -> None:
        """Kill it; it has nothing to tidy up."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()

    def ask(self, data: bytes, name: str, *, seconds: float) -> Radiograph:
        """Have one file decoded; the time begins when the process has started."""
        request = json.dumps({"name": name, "bytes": len(data)}).encode() + b"\n"
        try:
            self._get_ready()
            clock = _Clock(seconds)
            for part in (request, data):
                self._send(part, clock)
            return self._answer(clock, name)
        except TimeoutError:
            told = f"{name} was not decoded within {seconds:g} s"
            raise BadDecoderError(told, expected="a file that is decoded quickly") from None
        except (BrokenPipeError, EOFError):
            raise BadDecoderError(f"{name} {self._death()}") from None

    def _get_ready(self) -> None:
        if not self._is_ready:
            next(self._pieces(_Clock(_START_SECONDS)))
            self._is_ready = True

    def _send(self, data: bytes, clock: "_Clock") -> None:
        rest = memoryview(data)
        while rest:
            clock.wait(self._to, select.POLLOUT)
            with contextlib.suppress(BlockingIOError):
                rest = rest[os.write(self._to, rest[:_PIECE]) :]

    def _answer(self, clock: "_Clock", name: str) -> Radiograph:
        line = io.BytesIO()
        for piece in self._pieces(clock):
            line.write(piece)
            if b"\n" in piece or line.tell() > _LONGEST_LINE:
                break
        head, _, begun = line.getvalue().partition(b"\n")
        told = Answer(head, name)
        wanted = told.pixel_bytes
        pixels = bytearray(begun)
        while len(pixels) < wanted:
            pixels += next(self._pieces(clock))
        if len(pixels) > wanted:
            raise told.forged()
        return told.radiograph(pixels)

    def _pieces(self, clock: "_Clock") -> Iterator[bytes]:
        while True:
            clock.wait(self._from, select.POLLIN)
            piece = os.read(self._from, _PIECE)
            if not piece:
                raise EOFError
            yield piece

    def _death(self) -> str:
        try:
            code = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return "closed its decoder's answer"
        if code >= 0:
            return f"ended its decoder (exit code {code})"
        return f"crashed its decoder ({signal.Signals(-code).name})"


class _Clock:
    """What is left of a time, and waiting for a file descriptor that long."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def wait(self, descriptor: int, event: int) -> None:
        poll = select.poll()
        poll.register(descriptor, event)
        left = self._end - time.monotonic()
        if left <= 0 or not poll.poll(left * 1000):
            raise TimeoutError


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    one = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1")
    return kept | one | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
