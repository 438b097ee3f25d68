"""The models of a server: a copy for each worker or one in batches, replaced only by what loads."""

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from bonefrac.errors import BonefracError
from bonefrac.inference.card import Card
from bonefrac.inference.predictor import Predictor, load_model
from bonefrac.inference.runtimes import BatchRuntime
from bonefrac.web.batches import Batches


class UnknownModelError(BonefracError):
    """No model of that name is served."""


class Model:
    """One model, for as many workers as there are.

    A LiteRT interpreter answers for one square at a time, so each worker has one. TensorFlow and
    ONNX Runtime take batches: one copy answers what all workers ask.

    Args:
        path: name or path.
        workers: that ask it.

    Raises:
        BonefracError: it cannot be loaded, or knows no fractures.
    """

    def __init__(self, path: Path, *, workers: int) -> None:
        self.path, self._workers = path, workers
        self._loading = threading.Lock()
        self._current = self._load()

    def _load(self) -> "tuple[Card, queue.SimpleQueue[Predictor]]":
        loaded = self._copies()
        idle = queue.SimpleQueue[Predictor]()
        for predictor in loaded:
            predictor.card.require_fracture()
            idle.put(predictor)
        return loaded[0].card, idle

    def _copies(self) -> list[Predictor]:
        first, *others = load_model(self.path), *range(1, self._workers)
        (runtime,) = first.runtimes
        # Not isinstance: that asks for `.model`, and so loads Keras behind a shipped `.tflite`.
        if hasattr(runtime, "many"):  # one for all: what waits is answered together
            shared = Batches(cast(BatchRuntime, runtime))
            return [Predictor(shared, gate=first.gate) for _ in range(self._workers)]
        return [first, *(load_model(self.path) for _ in others)]

    @property
    def card(self) -> Card:
        """Of the model that answers now."""
        return self._current[0]

    @property
    def name(self) -> str:
        """Of the card."""
        return self.card.name

    def reload(self) -> None:
        """Load it anew from its path; the old one answers until that is done, and if it fails.

        Raises:
            BonefracError: it cannot be loaded, or has another name.
        """
        with self._loading:
            new = self._load()
            if new[0].name != self.name:
                raise BonefracError(
                    f"{self.path} holds {new[0].name} now",
                    expected=self.name,
                    fix="Start the server anew to serve another model",
                )
            self._current = new

    @contextmanager
    def borrow(self) -> Iterator[Predictor]:
        """One copy for a while."""
        _, idle = self._current  # what was replaced meanwhile goes back to its own kind
        predictor = idle.get()
        try:
            yield predictor
        finally:
            idle.put(predictor)


class Models:
    """All models of a server, by name.

    Args:
        paths: names or paths; the first is the default.
        workers: of the server.

    Raises:
        BonefracError: one cannot be loaded, or two have one name.
    """

    def __init__(self, paths: tuple[Path, ...], *, workers: int) -> None:
        self._models: dict[str, Model] = {}
        for path in paths:
            model = Model(path, workers=workers)
            if model.name in self._models:
                raise BonefracError(
                    f"Two models called {model.name}",
                    expected="a name for each",
                    fix="Serve one of them, or train the other under another name",
                )
            self._models[model.name] = model

    def __iter__(self) -> Iterator[Model]:
        return iter(self._models.values())

    def get(self, name: str | None = None) -> Model:
        """A model, the default for None.

        Raises:
            UnknownModelError: none of that name.
        """
        if name is None:
            return next(iter(self))
        if name not in self._models:
            raise UnknownModelError(
                f"Model {name[:80]!r}",
                expected=" or ".join(self._models),
                fix="Name one of them, or none for the first",
            )
        return self._models[name]
