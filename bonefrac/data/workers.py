"""Worker processes that keep ahead of a single writer, and end when it does, however it ends."""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any

from bonefrac.errors import BonefracError

Map = Callable[[Callable[[Any], Any], Iterable[Any]], Iterator[Any]]

# Results that may wait for the writer, each job: enough to even out large and small pictures.
_AHEAD = 4


def cores() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def workers(jobs: int) -> Iterator[Map]:
    """Give a `map` that keeps order, and that `jobs` processes work ahead of its reader.

    Function and items are pickled; the function's module should import no TensorFlow. What a
    function raises in a worker is raised at the reader.

    Args:
        jobs: 1 works in this process, when the reader asks.

    Raises:
        BonefracError: at the reader, if the system ended a worker.
    """
    if jobs == 1:
        yield map
        return
    # Processes, because drawing a phantom holds Python's lock for 85 % of its time, scanning 60 %.
    # A server forks them, because this process may have TensorFlow's threads.
    context = multiprocessing.get_context("forkserver")
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_prepare)

    def ahead(function: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
        try:
            yield from in_order(pool, function, items, window=_AHEAD * jobs)
        except BrokenProcessPool:
            raise BonefracError(
                "A worker process was ended from outside",
                expected=f"enough memory for {jobs} jobs",
                fix="Use fewer --jobs",
            ) from None

    try:
        yield ahead
    finally:
        pool.shutdown(cancel_futures=True)


def in_order(
    pool: Executor, function: Callable[[Any], Any], items: Iterable[Any], *, window: int
) -> Iterator[Any]:
    """`pool.map` that takes no more than `window` items before its reader has taken the first."""
    waiting: deque[Future] = deque()
    for item in items:
        waiting.append(pool.submit(function, item))
        if len(waiting) == window:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _prepare() -> None:
    """In a worker, before NumPy and OpenCV are imported."""
    # Ctrl-C reaches the whole group; the writer ends the workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in ("OPENCV_FOR_THREADS_NUM", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    threading.Thread(target=_end_with_writer, daemon=True).start()


def _end_with_writer() -> None:
    # The workers of a killed process wait for ever: each holds the other end of their queue.
    writer = multiprocessing.parent_process()
    if writer is not None:
        writer.join()
        os._exit(1)
