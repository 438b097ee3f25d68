"""Which split each radiograph goes to: by folds, by the authors, at random, or by a file."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bonefrac.data.split_file import Row, crossing, read_assignment
from bonefrac.data.splits import deal, fold_name
from bonefrac.errors import BonefracError
from bonefrac.schema import (
    FOLDS,
    OFFICIAL,
    OFFICIAL_GROUPS,
    PARTS,
    RANDOM_IMAGES,
    SPLIT_FROM_FILE,
    TEST,
    TRAIN,
    VALIDATION,
)

# Where nobody gives a validation part, one tenth of train becomes it.
_CARVED = 10


@dataclass(frozen=True)
class Record:
    """One radiograph that will become an example.

    Attributes:
        id: unique in the data set.
        group: never split between folds.
        payload: whatever the data set needs to make the example.
        split: the authors' own "train", "validation" or "test", "" where they give none.
        stratum: folds hold about as many radiographs of each, such as "fractured hand".
    """

    id: str
    group: str
    payload: Any = None
    split: str = ""
    stratum: str = ""


@dataclass
class Partition:
    """Where the radiographs of a data set went.

    Attributes:
        kind: "folds", "official", "official-groups", "random-images" or "file".
        split_of: id -> split, of those that are kept.
        left_out: id -> reason.
        notes: name of an observation -> the ids (or groups) it was made on.
    """

    kind: str
    split_of: dict[str, str]
    left_out: dict[str, str] = field(default_factory=dict)
    notes: dict[str, list[str]] = field(default_factory=dict)

    def rows(self, records: Iterable[Record]) -> list[Row]:
        """The rows of `split.csv`."""
        kept = (r for r in records if r.id in self.split_of)
        return [Row(r.id, r.group, self.split_of[r.id]) for r in kept]


def partition(records: Sequence[Record], *, split: str, folds: int) -> Partition:
    """Divide records.

    Args:
        records: all of the data set.
        split: "folds" (by groups), "official" (the authors'), "official-groups" (the authors', and
            what they do not name goes where its group is), "random-images" (folds that ignore
            groups), or the path of a CSV file with the columns id (or group) and split.
        folds: how many, where the split is one of folds.

    Raises:
        BonefracError: a split would be empty, the authors give none, or the file is wrong or
            puts one group on two sides.
    """
    if split == FOLDS:
        dealt = deal(((r.group, r.stratum) for r in records), folds)
        made = Partition(FOLDS, {r.id: fold_name(dealt[r.group]) for r in records})
    elif split == RANDOM_IMAGES:
        dealt = deal(((r.id, r.stratum) for r in records), folds)
        made = Partition(RANDOM_IMAGES, {r.id: fold_name(dealt[r.id]) for r in records})
    elif split in (OFFICIAL, OFFICIAL_GROUPS):
        made = _official(records, split)
    else:
        made = _from_file(records, Path(split))
    names = set(made.split_of.values())
    if names & set(PARTS):
        _carve_validation(made, records)
        _require_some_in(PARTS, made, records, "train, validation and test")
    else:
        # A file that was read has no gap in its folds.
        count = len(names) if made.kind == SPLIT_FROM_FILE else folds
        wanted = [fold_name(k) for k in range(count)]
        _require_some_in(wanted, made, records, f"each of {count} folds")
    return made


def _official(records: Sequence[Record], kind: str) -> Partition:
    given = {r.split for r in records} - {""}
    if not given & {VALIDATION, TEST}:
        raise BonefracError(
            f"{len(records)} radiographs without an official split",
            expected="a data set whose authors name the test part",
            fix=f"Use --split {FOLDS}",
        )
    made = Partition(kind, {r.id: r.split or TRAIN for r in records})
    if TEST not in given:
        # The public part that others report on is the one to test on.
        moved = [r.id for r in records if r.split == VALIDATION]
        made.split_of.update(dict.fromkeys(moved, TEST))
        made.notes["of_the_official_validation_part_in_test"] = moved
    last = _last_part(made, records)
    unnamed = [r for r in records if not r.split]
    if kind == OFFICIAL_GROUPS:
        followed = {r.id: last[r.group] for r in unnamed if last[r.group] != TRAIN}
        made.split_of.update(followed)
        made.notes["without_an_official_split_where_their_group_is"] = list(followed)
        unnamed = [r for r in unnamed if r.id not in followed]
    if unnamed:
        made.notes["without_an_official_split_in_train"] = [r.id for r in unnamed]
    _keep_one_side(made, records, last)
    return made


def _last_part(made: Partition, records: Sequence[Record]) -> dict[str, str]:
    """Group -> test where some of it is there, or else validation, or else train."""
    rank = {part: k for k, part in enumerate(PARTS)}
    last: dict[str, str] = {}
    for r in records:
        part = made.split_of[r.id]
        last[r.group] = max(last.get(r.group, part), part, key=rank.__getitem__)
    return last


def _keep_one_side(made: Partition, records: Sequence[Record], last: dict[str, str]) -> None:
    """Leave out what lies elsewhere than its group's last part."""
    for r in records:
        if made.split_of[r.id] != last[r.group]:
            made.left_out[r.id] = (
                f"in {made.split_of.pop(r.id)}, but {r.group} is in the official {last[r.group]}"
            )


def _carve_validation(made: Partition, records: Sequence[Record]) -> None:
    if VALIDATION in made.split_of.values():
        return
    train = [r for r in records if made.split_of.get(r.id) == TRAIN]
    dealt = deal(((r.group, r.stratum) for r in train), _CARVED)
    carved = [r.id for r in train if dealt[r.group] == 0]
    made.split_of.update(dict.fromkeys(carved, VALIDATION))
    made.notes["of_train_in_validation"] = carved


def _from_file(records: Sequence[Record], path: Path) -> Partition:
    key, assigned = read_assignment(path)
    name_of = {r.id: getattr(r, key) for r in records}
    made = Partition(
        SPLIT_FROM_FILE, {i: assigned[name] for i, name in name_of.items() if name in assigned}
    )
    made.left_out.update({i: f"not in {path.name}" for i in name_of if i not in made.split_of})
    if unmatched := sorted(assigned.keys() - set(name_of.values())):
        made.notes["only_in_the_split_file"] = unmatched
    sides = [{name} for name in set(assigned.values())]
    if torn := crossing(made.rows(records), *sides):
        raise BonefracError(
            f"{path} puts {len(torn)} groups on several sides ({', '.join(torn[:3])})",
            expected="every group in one split: its radiographs show one patient or one picture",
            fix=f"Move each to one side; only --split {RANDOM_IMAGES} ignores groups",
        )
    return made


def _require_some_in(
    names: Sequence[str], made: Partition, records: Sequence[Record], expected: str
) -> None:
    empty = [name for name in names if name not in made.split_of.values()]
    if empty:
        groups = len({r.group for r in records})
        raise BonefracError(
            f"{len(records)} radiographs in {groups} groups leave {', '.join(empty)} empty",
            expected=f"some in {expected}",
            fix="Use fewer folds, another --split or more data",
        )
