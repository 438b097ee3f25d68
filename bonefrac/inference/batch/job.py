"""What is done with every radiograph of a batch, in this process or in several."""

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from bonefrac.errors import BonefracError, in_one_line
from bonefrac.inference.batch.kept import kept, key
from bonefrac.inference.batch.sources import Source
from bonefrac.radiograph.reader import read_bytes

if TYPE_CHECKING:
    from bonefrac.inference.finding import Finding
    from bonefrac.inference.predictor import Predictor
    from bonefrac.radiograph.radiograph import Radiograph

# Writes more about a finding and the file that it is of: to `<base>.<suffix>`, where base has no
# suffix yet. Returns what the JSON of the finding tells of it. Picklable, and its `repr` is all
# that its files depend on.
Writer = Callable[["Finding", bytes, Path], dict[str, Any]]

# Takes them elsewhere, whether or not anything is written here; promises what a `Writer` does.
Delivery = Callable[["Finding", bytes], dict[str, Any]]


class Model(Protocol):
    """A model that is not loaded yet: picklable, and equal to another that would be the same."""

    def load(self) -> "Predictor":
        """Load it, in the process that will use it."""
        ...

    def key(self) -> str:
        """What changes when its answers do; without loading it."""
        ...

    def __hash__(self) -> int: ...


@dataclass(frozen=True)
class Job:
    """What is done with every radiograph.

    Attributes:
        model: that answers; each process loads its own.
        output: folder for what is written of each finding, or None.
        writers: of more files a finding, where there is an output folder.
        deliver: takes each finding elsewhere, or None.
        again: whether to do what an earlier run with the same model and options has done.
        guarded: whether files are decoded in a process of their own, with limits.
    """

    model: Model
    output: Path | None = None
    writers: tuple[Writer, ...] = ()
    deliver: Delivery | None = None
    again: bool = False
    guarded: bool = False


@dataclass(frozen=True)
class Outcome:
    """What came of one radiograph.

    Attributes:
        source: its name.
        record: of `Finding.to_json` or `Finding.save`, or None.
        error: one line, where there is no record.
        is_kept: whether the record is that of an earlier run.
    """

    source: str
    record: dict[str, Any] | None = None
    error: str = ""
    is_kept: bool = False


def run(job: Job, sources: Sequence[Source], *, jobs: int = 1) -> Iterator[Outcome]:
    """Do a job for each source, in their order; an unreadable one is an outcome, not an error.

    Args:
        jobs: processes.

    Raises:
        BonefracError: the model cannot be loaded or knows no fractures.
    """
    one = functools.partial(outcome, job)
    if jobs == 1:
        yield from map(one, sources)
        return
    from bonefrac.data.workers import workers

    with workers(jobs) as parallel:
        yield from parallel(one, sources)


def outcome(job: Job, source: Source) -> Outcome:
    """Do a job for one source."""
    more = _key(job, source)
    if (record := _kept(job, source, more)) is not None:
        return Outcome(source.name, record, is_kept=True)
    predictor = ready(job.model)
    try:
        return Outcome(source.name, _record(job, predictor, source, more))
    except BonefracError as error:
        return Outcome(source.name, error=in_one_line(error))


def _key(job: Job, source: Source) -> dict[str, str]:
    if job.output is None or source.error is not None:
        return {}
    steps = job.writers if job.deliver is None else (*job.writers, job.deliver)
    return {"key": key(source, _model_key(job.model), tuple(map(repr, steps)))}


def _kept(job: Job, source: Source, more: dict[str, str]) -> dict[str, Any] | None:
    if job.output is None or job.again or not more:
        return None
    return kept(job.output / source.stem, image=source.name, **more)


def _record(
    job: Job, predictor: "Predictor", source: Source, more: dict[str, Any]
) -> dict[str, Any]:
    data = source.read()
    finding = predictor.predict(_read(data, source.name, guarded=job.guarded))
    if job.deliver is not None:
        more = more | job.deliver(finding, data)
    if job.output is None:
        return finding.to_json() | more
    base = job.output / source.stem
    for write in job.writers:
        more = more | write(finding, data, base)
    return finding.save(base.parent, stem=base.name, more=more)


def _read(data: bytes, name: str, *, guarded: bool) -> "Radiograph":
    if guarded:
        from bonefrac.radiograph.guarded import guarded_read

        return guarded_read(data, name=name)
    return read_bytes(data, name)


@functools.lru_cache(maxsize=1)
def ready(model: Model) -> "Predictor":
    """A model, loaded once in this process."""
    predictor = model.load()
    predictor.card.require_fracture()
    return predictor


@functools.lru_cache(maxsize=1)
def _model_key(model: Model) -> str:
    return model.key()
