"""A user's own table of radiographs: one row a picture."""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bonefrac import schema
from bonefrac.data.annotations.checked import told
from bonefrac.data.annotations.marks import Pictures
from bonefrac.errors import BonefracError

NAME = "labels.csv"
_YES = ("1", "1.0", "yes", "y", "true", "t")
_NO = ("0", "0.0", "no", "n", "false", "f")
_SPLITS = {"train": "train", "training": "train", "validation": "validation", "valid": "validation"}
_SPLITS |= {"val": "validation", "test": "test", "testing": "test"}


def _text(value: str) -> str:
    return value


def _lower(value: str) -> str:
    return value.lower()


def _flag(value: str) -> int:
    if not value:
        return schema.UNKNOWN
    if value.lower() not in _YES + _NO:
        raise ValueError("1, 0 or nothing")
    return int(value.lower() in _YES)


def _split(value: str) -> str:
    if value and value.lower() not in _SPLITS:
        raise ValueError("train, validation, test or nothing")
    return _SPLITS.get(value.lower(), "")


# Column -> field of an Entry and how its text is read.
_COLUMNS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "group": ("group", _text),
    "patient": ("group", _text),
    "fracture": ("fracture", _flag),
    "body_part": ("body_part", _lower),
    "view": ("view", _lower),
    "hardware": ("hardware", _flag),
    "split": ("split", _split),
}
_KEYS = ("image", "id")


def read(path: Path, pictures: Pictures) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Read a table with a column `image` (or `id`) and any of the others.

    Returns:
        picture id -> fields of its Entry, and the names of pictures that are not there.

    Raises:
        BonefracError: the file, a column or a value is not as expected; tells the line.
    """
    with told(path, "table"):
        text = path.read_text(encoding="utf-8-sig")
        rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        header = {(name or "").strip().lower(): name for name in rows.fieldnames or ()}
        _check_header(path, header)
        fields: dict[str, dict[str, Any]] = {}
        missing = []
        for row in rows:
            name = _cell(row, header, *_KEYS)
            # "IMG.7" may be an id with a dot or a name with a suffix.
            found = pictures.find(name) or pictures.find(name, suffix=False)
            if found is None:
                missing.append(name)
            elif found in fields:
                raise _wrong(path, rows.line_num, f"{name} a second time", "one row a picture")
            else:
                fields[found] = _fields(path, rows.line_num, row, header)
    return fields, missing


def _check_header(path: Path, header: dict[str, str]) -> None:
    if not any(key in header for key in _KEYS) or not any(name in header for name in _COLUMNS):
        raise BonefracError(
            f"{path} has the columns {', '.join(header) or '(none)'}",
            expected=f"image (or id) and some of {', '.join(_COLUMNS)}",
            fix="Rename its columns",
        )


def _fields(path: Path, line: int, row: dict[str, Any], header: dict[str, str]) -> dict[str, Any]:
    fields = {}
    for column, (field, read_cell) in _COLUMNS.items():
        if column in header and field not in fields:
            value = _cell(row, header, column)
            try:
                fields[field] = read_cell(value)
            except ValueError as error:
                raise _wrong(path, line, f"{column} {value!r}", str(error)) from None
    return fields


def _cell(row: dict[str, Any], header: dict[str, str], *columns: str) -> str:
    for column in columns:
        if column in header:
            return (row[header[column]] or "").strip()
    return ""


def _wrong(path: Path, line: int, what: str, expected: str) -> BonefracError:
    return BonefracError(f"{path}, line {line}: {what}", expected=expected, fix="Correct the row")
