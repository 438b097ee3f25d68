"""Where requests wait for a worker, and are turned away when too many do."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Answer = TypeVar("Answer")


class FullError(Exception):
    """As many requests wait as may."""


class Desk:
    """Runs blocking work in worker threads, a bounded number of it.

    Args:
        workers: threads.
        waiting: pieces of work that may wait.
        seconds: that one piece may take, waiting included.
    """

    def __init__(self, *, workers: int, waiting: int, seconds: float) -> None:
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="look")
        self._most, self._seconds = workers + waiting, seconds
        self.pending = 0

    async def do(self, work: Callable[[], Answer]) -> Answer:
        """Have work done by a worker.

        Raises:
            FullError: too many wait.
            TimeoutError: it took too long; the worker is free when it has ended, not before.
        """
        if self.pending >= self._most:
            raise FullError
        self.pending += 1
        loop = asyncio.get_running_loop()
        work_done = self._pool.submit(work)
        work_done.add_done_callback(lambda _: loop.call_soon_threadsafe(self._done))
        try:
            waited = asyncio.wrap_future(work_done)
            return await asyncio.wait_for(asyncio.shield(waited), self._seconds)
        finally:
            work_done.cancel()  # what has not begun, nobody waits for

    def close(self) -> None:
        """Finish what was begun, and nothing else."""
        self._pool.shutdown(cancel_futures=True)

    def _done(self) -> None:
        self.pending -= 1
