"""Ctrl-C and a scheduler's SIGTERM: a training stops after its step, saved."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopped(Exception):  # noqa: N818 - asked for, no error
    """A training stopped because it was asked to.

    Args:
        signum: the signal that asked.
        where: the last epoch and step that are saved, for a person.
    """

    def __init__(self, signum: int, where: str) -> None:
        super().__init__(where)
        self.signum, self.where = signum, where


@dataclass
class Asked:
    """Whether a signal asked to stop.

    Attributes:
        signum: that signal, 0 before any.
    """

    signum: int = 0


@contextlib.contextmanager
def stop_politely() -> Iterator[Asked]:
    """Note the first signal to stop; the second one ends the process as it would have."""
    asked = Asked()
    if threading.current_thread() is not threading.main_thread():
        yield asked  # only the main thread may handle signals
        return
    before = {signum: signal.getsignal(signum) for signum in _SIGNALS}

    def note(signum: int, _: Any) -> None:
        asked.signum = signum
        _handle(before)

    _handle(dict.fromkeys(_SIGNALS, note))
    try:
        yield asked
    finally:
        _handle(before)


def _handle(handlers: dict[signal.Signals, Any]) -> None:
    for signum, handler in handlers.items():
        signal.signal(signum, handler)
