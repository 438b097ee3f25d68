"""Squares that wait at the same time, answered in one batch by a runtime that takes batches."""

import contextlib
import queue
import threading
from concurrent.futures import Future
from typing import Any

import numpy as np

from bonefrac.inference.runtimes import BatchRuntime

MOST = 8  # squares in a batch

Square = tuple[np.ndarray, float]  # mask probability [S, S], fracture probability
Waiting = tuple[np.ndarray, "Future[Square]"]


class Batches:
    """A runtime for any number of threads over one that answers in batches.

    Nothing waits for company: a batch is what has come while the one before was answered.

    Args:
        runtime: that answers; only the thread of this object asks it.
    """

    def __init__(self, runtime: BatchRuntime) -> None:
        self._runtime, self.card = runtime, runtime.card
        self._waiting = queue.SimpleQueue[Waiting | None]()
        threading.Thread(target=self._answer_all, daemon=True, name="batches").start()

    @property
    def model(self) -> Any:
        """The Keras model, or None where the runtime has none."""
        return self._runtime.model

    def __call__(self, square: np.ndarray) -> Square:
        """Answer for one square, perhaps together with those of other threads."""
        return self._put(square).result()

    def close(self) -> None:
        """End the thread when it has answered what waits."""
        self._waiting.put(None)

    def _put(self, square: np.ndarray) -> "Future[Square]":
        future = Future[Square]()
        self._waiting.put((square, future))
        return future

    def _answer_all(self) -> None:
        while (first := self._waiting.get()) is not None:
            batch = [first]
            with contextlib.suppress(queue.Empty):
                while len(batch) < MOST and (more := self._waiting.get_nowait()) is not None:
                    batch.append(more)
            self._answer(batch)

    def _answer(self, batch: list[Waiting]) -> None:
        try:
            masks, probabilities = self._runtime.many(np.stack([square for square, _ in batch]))
            for (_, future), mask, probability in zip(batch, masks, probabilities, strict=True):
                future.set_result((mask, float(probability)))
        except Exception as error:  # whoever waits for a square of this batch has to hear of it
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
