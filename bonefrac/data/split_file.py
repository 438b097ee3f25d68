"""`split.csv`: which radiograph and which group lie in which split, one row a radiograph."""

import csv
import io
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from bonefrac import schema
from bonefrac.data.splits import fold_name
from bonefrac.errors import BonefracError

_KEYS = (schema.ID, schema.GROUP)
_SPLIT = "split"
_EXPECTED = (
    f"a CSV table with the columns {schema.ID} (or {schema.GROUP}) and {_SPLIT}, which is "
    f"{', '.join(schema.PARTS)}, or fold0 to one less than the number of folds, at least 3"
)


class Row(NamedTuple):
    """One radiograph."""

    id: str
    group: str
    split: str


def write_rows(rows: Iterable[Row], path: Path) -> None:
    """Write `split.csv`, sorted: equal rows give equal bytes."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(Row._fields)
    writer.writerows(sorted(rows))
    path.write_text(text.getvalue(), encoding="utf-8")


def read_rows(path: Path) -> list[Row]:
    """Read what `write_rows` wrote."""
    with path.open(newline="", encoding="utf-8") as file:
        return [Row(*row) for row in list(csv.reader(file))[1:]]


def crossing(rows: Iterable[Row], *sides: Collection[str]) -> list[str]:
    """The groups that lie on more than one side.

    Args:
        rows: of all radiographs.
        sides: names of the splits of each side, such as train, validation and test.
    """
    side_of = {split: k for k, side in enumerate(sides) for split in side}
    found = defaultdict(set)
    for row in rows:
        if row.split in side_of:
            found[row.group].add(side_of[row.split])
    return sorted(group for group, seen in found.items() if len(seen) > 1)


def read_assignment(path: Path) -> tuple[str, dict[str, str]]:
    """Read a table that somebody wrote, or the `split.csv` of a data folder.

    Returns:
        "id" or "group", whichever the table names ("id" where it names both), and the split of
        each of these.

    Raises:
        BonefracError: no such table, names twice under two splits, or splits of other names.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            table = csv.DictReader(file)
            columns = table.fieldnames or ()
            rows = list(table)
    except (FileNotFoundError, IsADirectoryError):
        fix = f"Give {', '.join(schema.SPLIT_KINDS)} or the path of a CSV file"
        raise BonefracError(f"--split {path}: no such file", expected=_EXPECTED, fix=fix) from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise _wrong(path, f"no UTF-8 CSV ({error})") from None
    key = next((name for name in _KEYS if name in columns), None)
    if key is None or _SPLIT not in columns:
        raise _wrong(path, f"the columns {', '.join(columns) or 'none'}")
    assigned: dict[str, str] = {}
    for row in rows:
        name, split = row[key], (row[_SPLIT] or "").strip()
        if assigned.setdefault(name, split) != split:
            raise _wrong(path, f"{key} {name} under both {assigned[name]!r} and {split!r}")
    _check_names(path, sorted(set(assigned.values())))
    return key, assigned


def _check_names(path: Path, names: Sequence[str]) -> None:
    folds = {fold_name(k) for k in range(len(names))}
    named = set(names) <= set(schema.PARTS) and {schema.TRAIN, schema.TEST} <= set(names)
    if not named and not (len(names) >= 3 and set(names) == folds):
        raise _wrong(path, f"the splits {', '.join(map(repr, names)) or 'none'}")


def _wrong(path: Path, received: str) -> BonefracError:
    return BonefracError(f"{path} has {received}", expected=_EXPECTED, fix="Correct the table")
