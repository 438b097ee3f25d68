"""Which radiographs are meant by files, folders, globs, a DICOMDIR and standard input."""

import glob
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bonefrac.errors import BonefracError
from bonefrac.inference.batch.dicomdir import is_dicomdir, referenced
from bonefrac.radiograph.reader import SUFFIXES, content

STDIN = "-"


@dataclass(frozen=True)
class Source:
    """One radiograph that is to be read.

    Attributes:
        name: as errors and findings name it.
        stem: of the files that are written for it, below the output folder, with "/" in it where
            the source lay in a folder of the tree.
        path: of its file, or None.
        content: bytes where there is no file.
        fetch: gives the bytes when they are wanted, where they lie elsewhere; picklable.
        error: why it will not be read.
    """

    name: str
    stem: str
    path: Path | None = None
    content: bytes | None = None
    fetch: Callable[[], bytes] | None = None
    error: BonefracError | None = None

    @property
    def picture(self) -> Path | bytes:
        """What `bonefrac.radiograph.reader.read` takes.

        Raises:
            BonefracError: it is not to be read, or cannot be fetched.
        """
        if self.error is not None:
            raise self.error
        if self.fetch is not None:
            return self.fetch()
        return self.content if self.content is not None else self.path or Path(self.name)

    def read(self) -> bytes:
        """What is in its file.

        Raises:
            BonefracError: it is not to be read, or cannot be.
        """
        picture = self.picture
        return picture if isinstance(picture, bytes) else content(picture)


def find_sources(
    names: Iterable[str], *, stdin: Iterator[bytes], leave_out: Path | None = None
) -> list[Source]:
    """The radiographs that `names` mean, in the order of the names, each file once.

    A folder means every file below it with a suffix of `SUFFIXES` or with the preamble of DICOM,
    whatever it is called, less hidden files; a DICOMDIR means the images that it lists. No two
    sources have the same stem: where names are alike, the stem keeps the suffix, then as many
    folders as it takes.

    Args:
        names: files, folders, globs, DICOMDIRs, or "-".
        stdin: gives what "-" means.
        leave_out: a folder whose files are not meant even where it lies in a folder of `names`.
    """
    found: dict[str, Source] = {}
    stems: set[str] = set()
    for path, below, error in _named(names, leave_out):
        # A link and its target are two files to whoever named both; a path twice is one.
        key = os.path.abspath(path)  # noqa: PTH100 - pathlib has no `..` without links followed
        if str(path) == STDIN and STDIN not in found:
            found[STDIN] = Source("<bytes>", _free(["stdin"], stems), content=next(stdin))
        elif str(path) != STDIN and key not in found:
            stem = _free(_stems(Path(key), below), stems)
            found[key] = Source(str(path), stem, path=path, error=error)
    return list(found.values())


def _named(
    names: Iterable[str], leave_out: Path | None
) -> Iterator[tuple[Path, Path, BonefracError | None]]:
    """Each file that is meant, the part of its path that names its results, or an error."""
    for name in names:
        path = Path(name)
        if name == STDIN:
            yield path, path, None
        elif path.is_dir():
            for file in _radiographs(path, leave_out):
                yield file, file.relative_to(path), None
        elif is_dicomdir(path):
            for file, error in referenced(path):
                yield file, Path(path.name) if error else file.relative_to(path.parent), error
        elif path.is_file() or not (matches := _matches(name)):
            # Nothing matched: the name itself goes on, to be reported as missing.
            yield path, Path(path.name), None
        else:
            yield from _named(matches, leave_out)


def _matches(pattern: str) -> list[str]:
    # pathlib takes no absolute pattern.
    return sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207


def _radiographs(folder: Path, leave_out: Path | None) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        if leave_out is not None:
            folders[:] = [f for f in folders if not is_same(Path(parent, f), leave_out)]
        for path in (Path(parent, name) for name in sorted(files) if not name.startswith(".")):
            if _is_radiograph(path):
                yield path


def is_same(one: Path, other: Path) -> bool:
    """Whether two paths lead to one file or folder, which is there."""
    return other.exists() and one.samefile(other)


def _is_radiograph(path: Path) -> bool:
    from bonefrac.radiograph.dicom import START, is_dicom

    if path.suffix.lower() in SUFFIXES:
        return True
    try:
        with path.open("rb") as file:
            return is_dicom(file.read(START)) and not is_dicomdir(path)
    except OSError:
        return False


def _stems(whole: Path, below: Path) -> Iterator[str]:
    """Names for what is written of a file, from the shortest to one that no other file has."""
    known = (
        below.suffix.lower() in SUFFIXES
    )  # a UID ends in something like ".5", which is no suffix
    if known:
        yield below.with_suffix("").as_posix()
    yield below.as_posix()
    parts = whole.relative_to(whole.anchor).parts
    for start in range(len(parts) - len(below.parts) - 1, -1, -1):
        yield "/".join(parts[start:])


def _free(stems: Iterable[str], taken: set[str]) -> str:
    stem = next(stem for stem in stems if stem not in taken)
    taken.add(stem)
    return stem
