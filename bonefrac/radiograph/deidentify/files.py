"""A file or a folder tree of DICOM files, de-identified into a new folder."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bonefrac.errors import BonefracError
from bonefrac.radiograph.deidentify.dataset import Deidentified, deidentify
from bonefrac.radiograph.deidentify.key import Key
from bonefrac.radiograph.dicom import START, is_dicom
from bonefrac.storage import write_aside

Progress = Callable[[str, int, int], None]  # (what is done, how many, of how many)


@dataclass
class Outcome:
    """What became of the files.

    Attributes:
        written: source -> file below the new folder.
        patients: how many there are.
        refused: source -> why.
        others: files that are no DICOM files, none of which was copied.
        silent: new files that do not say if text is burned into their pixels.
    """

    written: dict[Path, Path] = field(default_factory=dict)
    patients: int = 0
    refused: dict[Path, str] = field(default_factory=dict)
    others: list[Path] = field(default_factory=list)
    silent: list[Path] = field(default_factory=list)


def deidentify_files(
    source: Path, out: Path, *, key: Key, burned_in: bool = False, progress: Progress
) -> Outcome:
    """Write each DICOM file of a tree without its patient.

    A new file lies at patient/study/instance.dcm, all three pseudonyms: names of files and folders
    are often those of patients. A file that is refused is not written, and the others are.

    Args:
        source: a file or a folder.
        out: the folder to write to, created if need be, not within `source`.
        key: of the pseudonyms.
        burned_in: of `deidentify`.
        progress: called after every file.

    Raises:
        BonefracError: `source` does not exist, or `out` lies in it.
    """
    files = _files(source, out)
    outcome = Outcome()
    digests: dict[Path, bytes] = {}
    for done, path in enumerate(files, start=1):
        try:
            data = _read(path)
            if is_dicom(data):
                made = deidentify(data, str(path), key=key, burned_in=burned_in)
                _write(made, path, out, outcome, digests)
            else:
                outcome.others.append(path)
        except BonefracError as error:
            outcome.refused[path] = str(error)
        progress("Files", done, len(files))
    outcome.patients = len({path.parts[0] for path in outcome.written.values()})
    return outcome


def _files(source: Path, out: Path) -> list[Path]:
    if not source.exists():
        raise BonefracError(
            f"{source} does not exist", expected="a file or a folder", fix="Check the path"
        )
    if source.is_file():
        return [source]
    if out.resolve().is_relative_to(source.resolve()):
        raise BonefracError(
            f"{out} lies in {source}", expected="a folder outside it", fix="Choose another"
        )
    return sorted(path for path in source.rglob("*") if path.is_file())


def _read(path: Path) -> bytes:
    """The file, or its first bytes where they tell that it is no DICOM file."""
    try:
        with path.open("rb") as file:
            start = file.read(START)
            return start + file.read() if is_dicom(start) else start
    except OSError as error:
        raise BonefracError(
            f"{path} cannot be read ({error.strerror})", expected="a file", fix="Check it"
        ) from None


def _write(
    made: Deidentified, path: Path, out: Path, outcome: Outcome, digests: dict[Path, bytes]
) -> None:
    target = Path(made.patient) / made.study / f"{made.instance}.dcm"
    digest = hashlib.sha256(made.data).digest()
    if digests.setdefault(target, digest) != digest:
        raise BonefracError(
            f"{path} has the SOP Instance UID of another file and differs from it",
            expected="one content",
            fix="Leave one of them out",
        )
    with write_aside(out / target) as aside:
        aside.write_bytes(made.data)
    outcome.written[path] = target
    if made.silent:
        outcome.silent.append(target)
