"""Progress in lines, for a log file or a pipe that shows no bar."""

import time
from collections.abc import Callable

EVERY_SECONDS = 30.0


class ProgressLines:
    """Says now and then how far a job is: fed by (what, done, total).

    Args:
        say: takes a line.
        every: seconds between two lines, and before the first.
        clock: gives seconds.
    """

    def __init__(
        self,
        say: Callable[[str], None],
        *,
        every: float = EVERY_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._say, self._every, self._clock = say, every, clock
        self._start = self._last = clock()
        self._before = 0
        self._what = ""

    def __call__(self, what: str, done: int, total: int) -> None:
        """Take note, and perhaps say a line."""
        now = self._clock()
        if what != self._what:
            self._what, self._start, self._before = what, now, max(done - 1, 0)
        if now - self._last < self._every or done >= total or now <= self._start:
            return
        self._last = now
        rate = (done - self._before) / (now - self._start)
        left = duration((total - done) / rate) if rate else "unknown time"
        self._say(f"{what}: {done} of {total}, {rate_text(rate)}, {left} left")


def rate_text(rate: float) -> str:
    """Items a second, to two digits."""
    return f"{rate:.0f}/s" if rate >= 10 else f"{rate:.2g}/s"


def duration(seconds: float) -> str:
    """About how long, in words."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"
