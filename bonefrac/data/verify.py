"""Everything that can be wrong with a data folder, looked for to the end and listed."""

import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import tensorflow_datasets as tfds

from bonefrac import schema, storage
from bonefrac.data.builder import Progress
from bonefrac.data.example_check import Checked, check_record
from bonefrac.data.features import features
from bonefrac.data.shards import read_shard
from bonefrac.data.split_file import read_rows
from bonefrac.data.workers import in_order
from bonefrac.errors import BonefracError

_INFO_FILE = "dataset_info.json"
_WINDOW = 64  # examples decoded ahead, a few megabytes each at most


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        file: name of the shard or other file in the folder.
        what: is wrong.
        record: its number in the shard, from 0; None where it is the file's.
        id: of the example, "" where unknown.
    """

    file: str
    what: str
    record: int | None = None
    id: str = ""

    def __str__(self) -> str:
        record = "" if self.record is None else f", record {self.record}"
        return f"{self.file}{record}{f' ({self.id})' if self.id else ''}: {self.what}"


@dataclass(frozen=True)
class Shard:
    """A shard as `dataset_info.json` describes it."""

    split: str
    path: Path
    examples: int


@dataclass
class Seen:
    """What the examples so far say, where, and what is wrong."""

    examples: int = 0
    problems: list[Problem] = field(default_factory=list)
    places: dict[str, str] = field(default_factory=dict)  # id -> shard and record
    homes: dict[str, tuple[str, str]] = field(default_factory=dict)  # id -> group, split
    splits: dict[str, str] = field(default_factory=dict)  # group -> its first split


def verify(path: Path, *, progress: Progress) -> Seen:
    """Check a data folder: checksums, shards, examples, and what examples must share or not.

    Files against their checksums; every record against its own; the number of records; the keys
    and types of every example; every picture decodes, its mask has its size and holds 0 and 1;
    labels in range; ids unique; no group in two splits, unless the folder was split by images;
    `split.csv` says the same as the shards.

    Args:
        path: the folder.
        progress: called as the examples are checked.

    Returns:
        How many examples were found, and all problems.

    Raises:
        BonefracError: there is no such folder, or nothing in it says that it is one.
    """
    path = Path(path)
    if not (path / _INFO_FILE).is_file():
        state = f"has no {_INFO_FILE}" if path.is_dir() else "does not exist"
        fix = "Build one with bonefrac-data build"
        raise BonefracError(f"{path} {state}", expected="a data folder", fix=fix)
    seen = Seen(problems=list(_files(path)))
    try:
        shards = _shards(path)
    except Exception as error:  # tfds parses with whatever raises whatever
        reason = str(error).strip().splitlines()[0] if str(error).strip() else repr(error)
        seen.problems.append(Problem(_INFO_FILE, f"cannot be understood ({reason})"))
        return seen
    known = {shard.path.name for shard in shards}
    for stray in sorted({file.name for file in path.glob("*.tfrecord*")} - known):
        seen.problems.append(Problem(stray, f"is no shard that {_INFO_FILE} knows"))
    total = sum(shard.examples for shard in shards)
    may_tear = _split_kind(path, seen) == schema.RANDOM_IMAGES
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for shard in shards:
            for example in _examples(shard, pool, seen):
                _compare(example, shard, seen, may_tear=may_tear)
                progress("Checking", seen.examples, max(total, seen.examples))
    _compare_table(path, seen)
    # What both the manifest and the shards tell is told once.
    seen.problems = list(dict.fromkeys(seen.problems))
    return seen


def _files(path: Path) -> Iterator[Problem]:
    if not (path / schema.MANIFEST_FILE).is_file():
        yield Problem(schema.MANIFEST_FILE, "is missing")
        return
    for name, state, _ in storage.damages(path):
        yield Problem(name, state)
    listed = (path / schema.MANIFEST_FILE).read_text(encoding="utf-8", errors="replace")
    names = {line.partition("  ")[2] for line in listed.splitlines()}
    for file in sorted(path.rglob("*")):
        name = file.relative_to(path).as_posix()
        if file.is_file() and name not in names | {schema.MANIFEST_FILE}:
            yield Problem(name, f"is not in {schema.MANIFEST_FILE}")


def _shards(path: Path) -> list[Shard]:
    info = tfds.builder_from_directory(path).info
    if set(info.features) != set(features()):
        raise ValueError(f"it has the features {sorted(info.features)}")
    return [
        Shard(name, Path(file), int(count))
        for name, split in info.splits.items()
        for file, count in zip(split.filepaths, split.shard_lengths, strict=True)
    ]


def _split_kind(path: Path, seen: Seen) -> str:
    try:
        report = json.loads((path / schema.REPORT_FILE).read_text(encoding="utf-8"))
        return str(report["split"])
    except FileNotFoundError:
        seen.problems.append(Problem(schema.REPORT_FILE, "is missing"))
    except (ValueError, KeyError, TypeError) as error:
        seen.problems.append(Problem(schema.REPORT_FILE, f"cannot be understood ({error})"))
    return ""


def _examples(shard: Shard, pool: ThreadPoolExecutor, seen: Seen) -> Iterator[Checked]:
    if not shard.path.is_file():
        seen.problems.append(Problem(shard.path.name, "is missing"))
        return
    check = partial(check_record, spec=features())
    found = 0
    for example in in_order(pool, check, read_shard(shard.path), window=_WINDOW):
        found += 1
        seen.examples += 1
        yield example
    if found != shard.examples:
        what = f"holds {found} records; {_INFO_FILE} says {shard.examples}"
        seen.problems.append(Problem(shard.path.name, what))


def _compare(example: Checked, shard: Shard, seen: Seen, *, may_tear: bool) -> None:
    """What is wrong with an example beside those before it."""
    name, number = shard.path.name, example.number
    wrong = list(example.wrong)
    if example.id:
        place = seen.places.setdefault(example.id, f"{name}, record {number}")
        if place != f"{name}, record {number}":
            wrong.append(f"its id is also that of {place}")
        seen.homes.setdefault(example.id, (example.group, shard.split))
    if example.group and not may_tear:
        split = seen.splits.setdefault(example.group, shard.split)
        if split != shard.split:
            wrong.append(f"its group {example.group} is also in {split}")
    seen.problems += [Problem(name, what, number, example.id) for what in wrong]


def _compare_table(path: Path, seen: Seen) -> None:
    try:
        rows = read_rows(path / schema.SPLIT_FILE)
    except FileNotFoundError:
        seen.problems.append(Problem(schema.SPLIT_FILE, "is missing"))
        return
    except (ValueError, TypeError) as error:
        seen.problems.append(Problem(schema.SPLIT_FILE, f"cannot be understood ({error})"))
        return
    told = {row.id: (row.group, row.split) for row in rows}
    for name in sorted(told.keys() | seen.homes.keys()):
        said, found = told.get(name), seen.homes.get(name)
        if said != found:
            what = f"says {_home(said)}, the shards say {_home(found)}"
            seen.problems.append(Problem(schema.SPLIT_FILE, what, id=name))


def _home(home: tuple[str, str] | None) -> str:
    return "nothing" if home is None else f"{home[1]}, group {home[0]}"
