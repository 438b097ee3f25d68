"""What a server does with pictures and squares, in its worker threads."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

import numpy as np

from bonefrac.errors import BonefracError
from bonefrac.inference.finding import Finding
from bonefrac.inference.lesions import lesions
from bonefrac.radiograph.guarded import Guard
from bonefrac.radiograph.letterbox import Letterbox
from bonefrac.web.answers import png
from bonefrac.web.batches import Square
from bonefrac.web.desk import Desk
from bonefrac.web.metrics import Metrics
from bonefrac.web.models import Model, Models
from bonefrac.web.settings import Settings

Answer = TypeVar("Answer")


class Service:
    """Models, workers and counts of one server.

    Args:
        settings: of the server.

    Raises:
        BonefracError: a model cannot be loaded.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.models = Models(settings.models, workers=settings.workers)
        self.desk = Desk(
            workers=settings.workers, waiting=settings.waiting, seconds=settings.seconds
        )
        self.metrics = Metrics(lambda: self.desk.pending)
        self.is_stopping = False
        self._guard = Guard(workers=settings.workers, seconds=settings.seconds)

    def warm(self) -> None:
        """Start a decoder and ask every model once; the first caller need not wait for it."""
        pixels = self._guard.read(png(np.zeros((64, 64), np.uint8)), "<warm>").pixels
        for model in self.models:
            with model.borrow() as predictor:
                lesions(predictor.answer(pixels).mask, 0.5)

    async def find(self, model: Model, data: bytes, name: str) -> Finding:
        """The finding on the bytes of a picture file, which another process decodes.

        Raises:
            BonefracError: it is no radiograph.
            FullError, TimeoutError: as `Desk.do` has them.
        """

        def work() -> Finding:
            radiograph = self._guard.read(data, name)
            with model.borrow() as predictor:
                return predictor.predict(radiograph)

        finding = await self.desk.do(work)
        self.metrics.verdicts.labels(model.name, finding.verdict).inc()
        return finding

    async def squares_of(self, model: Model, pictures: Sequence[bytes]) -> list[Square]:
        """What a model answers on picture files, on the letterboxed square.

        Raises:
            BonefracError: one is no radiograph.
        """

        def square(data: bytes, size: int) -> np.ndarray:
            pixels = self._guard.read(data, "<b64>").pixels
            height, width = pixels.shape
            return Letterbox(height, width, size).apply(pixels)

        return await self._each(model, [partial(square, data) for data in pictures])

    async def answers(self, model: Model, squares: np.ndarray) -> list[Square]:
        """What a model answers on squares, float32 [N, S, S]."""
        return await self._each(model, [partial(_as_it_is, square) for square in squares])

    async def do(self, work: Callable[[], Answer]) -> Answer:
        """Have other work done by a worker."""
        return await self.desk.do(work)

    def reload(self, name: str | None = None) -> None:
        """Load one model anew, or all; each old one stays if that fails.

        Raises:
            BonefracError: the first that failed.
        """
        for model in self.models if name is None else [self.models.get(name)]:
            model.reload()

    def close(self) -> None:
        """Finish what was begun."""
        self.is_stopping = True
        self.desk.close()
        self._guard.close()

    async def _each(
        self, model: Model, squares: Sequence[Callable[[int], np.ndarray]]
    ) -> list[Square]:
        """One worker for all: a caller with many squares must not take every worker."""
        self.metrics.batch.observe(len(squares))
        end = time.monotonic() + self.settings.seconds

        def work() -> list[Square]:
            answered = []
            with model.borrow() as predictor:
                (runtime,) = predictor.runtimes
                for square in squares:
                    if time.monotonic() > end:  # nobody waits for the rest
                        raise TimeoutError
                    answered.append(runtime(square(runtime.card.image_size)))
            return answered

        return await self.desk.do(work)


def _as_it_is(square: np.ndarray, size: int) -> np.ndarray:
    if square.shape != (size, size):  # the model was replaced while the request waited
        raise BonefracError(
            f"A square of {square.shape[0]} pixels", expected=f"{size}", fix="Ask for its metadata"
        )
    return square
