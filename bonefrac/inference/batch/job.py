"""What is done with every radiograph of a batch, in this process or in several."""

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from bonefrac.data.workers import workers
from bonefrac.errors import BonefracError
from bonefrac.inference.batch.sources import Source

if TYPE_CHECKING:
    from bonefrac.inference.finding import Finding
    from bonefrac.inference.predictor import Predictor

# Writes more about a finding: to `<base>.<suffix>`, where base has no suffix yet. Returns what the
# JSON of the finding tells of it. Picklable, and its `repr` is all that its files depend on.
Writer = Callable[["Finding", Path], dict[str, Any]]


class Model(Protocol):
    """A model that is not loaded yet: picklable, and equal to another that would be the same."""

    def load(self) -> "Predictor":
        """Load it, in the process that will use it."""
        ...

    def __hash__(self) -> int: ...


@dataclass(frozen=True)
class Job:
    """What is done with every radiograph.

    Attributes:
        model: that answers; each process loads its own.
        output: folder for what is written of each finding, or None.
        writers: of more files a finding, where there is an output folder.
    """

    model: Model
    output: Path | None = None
    writers: tuple[Writer, ...] = field(default=())


@dataclass(frozen=True)
class Outcome:
    """What came of one radiograph.

    Attributes:
        source: its name.
        record: of `Finding.to_json` or `Finding.save`, or None.
        error: one line, where there is no record.
    """

    source: str
    record: dict[str, Any] | None = None
    error: str = ""


def run(job: Job, sources: Sequence[Source], *, jobs: int = 1) -> Iterator[Outcome]:
    """Do a job for each source, in their order; an unreadable one is an outcome, not an error.

    Args:
        jobs: processes.

    Raises:
        BonefracError: the model cannot be loaded or knows no fractures.
    """
    if jobs == 1:
        _ready(job.model)  # once, and not for every radiograph
    with workers(jobs) as parallel:
        yield from parallel(functools.partial(outcome, job), sources)


def outcome(job: Job, source: Source) -> Outcome:
    """Do a job for one source."""
    predictor = _ready(job.model)
    try:
        return Outcome(source.name, _record(job, predictor, source))
    except BonefracError as error:
        return Outcome(source.name, error=" ".join(str(error).split()))


def _record(job: Job, predictor: "Predictor", source: Source) -> dict[str, Any]:
    finding = predictor.predict(source.picture)
    if job.output is None:
        return finding.to_json()
    base = job.output / source.stem
    more: dict[str, Any] = {}
    for write in job.writers:
        more |= write(finding, base)
    return finding.save(base.parent, stem=base.name, more=more)


@functools.lru_cache(maxsize=1)
def _ready(model: Model) -> "Predictor":
    predictor = model.load()
    predictor.card.require_fracture()
    return predictor
