"""The images that a DICOMDIR lists, as CDs and archives bring it: files below its own folder."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bonefrac.errors import BonefracError

if TYPE_CHECKING:
    from pydicom import Dataset

_NAME = "DICOMDIR"


def is_dicomdir(path: Path) -> bool:
    """Whether a file is called as the standard has it (PS3.10 8.6), in whatever case."""
    return path.name.upper() == _NAME and path.is_file()


def referenced(path: Path) -> Iterator[tuple[Path, BonefracError | None]]:
    """Each image file that a DICOMDIR lists, in its order.

    The standard names a file by the folders and the name below the DICOMDIR (PS3.10 8.1). What
    leads elsewhere, be it by a link, comes with an error and is not to be opened.

    Returns:
        Path and None, or what was asked for and why it is refused. A DICOMDIR that cannot be read
        comes as itself, with an error.
    """
    try:
        asked = [parts for record in _records(path) if (parts := _components(record))]
    except Exception as error:  # pydicom raises whatever it trips over
        yield path, _error(f"{path} cannot be read ({error})", "Give the folder that it lies in")
        return
    for parts in asked:
        file = path.parent.joinpath(*parts)
        if all(map(_is_plain, parts)) and file.resolve().is_relative_to(path.parent.resolve()):
            yield file, None
        else:
            where = "\\".join(parts)
            yield file, _error(f"{path} refers to {where!r}", "Give the files that you mean")


def _records(path: Path) -> "Iterator[Dataset]":
    import pydicom

    pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
    yield from pydicom.dcmread(path).DirectoryRecordSequence


def _components(record: "Dataset") -> list[str]:
    """The parts of the path of an image; none of a patient, a study or anything else."""
    if record.get("DirectoryRecordType") != "IMAGE":
        return []
    parts = record.get("ReferencedFileID") or []
    return [parts] if isinstance(parts, str) else [str(part) for part in parts]


def _is_plain(part: str) -> bool:
    return part not in ("", ".", "..") and {"/", "\\", "\0", ":"}.isdisjoint(part)


def _error(received: str, fix: str) -> BonefracError:
    received = " ".join(received.split()).rstrip(".")
    return BonefracError(received, expected="a DICOMDIR of files below its own folder", fix=fix)
