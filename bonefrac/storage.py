"""Files that are complete or absent: written aside, checksummed, renamed last."""

import contextlib
import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bonefrac.errors import BonefracError
from bonefrac.schema import MANIFEST_FILE

_PARTIAL = ".partial-"


@contextmanager
def write_aside(target: Path) -> Iterator[Path]:
    """Give a path beside `target` to write a file or folder at; rename it onto `target` at the end.

    If the body raises, what was written is removed, with folders that were made for it, and
    `target` is as it was. What a killed process left beside `target` is removed by the next one
    that writes it.

    Args:
        target: the file or folder to create or replace.
    """
    target = Path(target)
    made = [folder for folder in target.parents if not folder.exists()]
    target.parent.mkdir(parents=True, exist_ok=True)
    _remove_stale(target)
    # The suffix stays last: h5py, OpenCV and Keras choose the format by it.
    aside = target.parent / f"{_PARTIAL}{os.getpid()}-{target.name}"
    try:
        yield aside
        _sync(aside)
        _replace(aside, target)
    except BaseException:
        _remove(aside)
        with contextlib.suppress(OSError):  # something else has come to lie there
            for folder in made:
                folder.rmdir()
        raise


def write_text(target: Path, text: str) -> None:
    """Write a small UTF-8 file whole or not at all."""
    with write_aside(target) as aside:
        aside.write_text(text, encoding="utf-8")


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_manifest(folder: Path) -> None:
    """List every file below `folder` with its SHA-256, in the format of `sha256sum --check`."""
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != MANIFEST_FILE)
    lines = [f"{sha256(p)}  {p.relative_to(folder).as_posix()}\n" for p in files]
    (folder / MANIFEST_FILE).write_text("".join(lines), encoding="utf-8")


def verify_manifest(folder: Path, *, what: str, fix: str) -> str:
    """Check every file that the manifest of `folder` lists.

    Args:
        folder: a folder that `write_manifest` closed.
        what: what the folder is, for the error ("data folder").
        fix: what to do when it is damaged, for the error.

    Returns:
        SHA-256 of the manifest: one name for the content of the whole folder.

    Raises:
        BonefracError: no manifest, a file missing, or a file changed.
    """
    folder = Path(folder)
    manifest = folder / MANIFEST_FILE
    if not manifest.is_file():
        state = "has no " + MANIFEST_FILE if folder.is_dir() else "does not exist"
        raise BonefracError(f"{folder} {state}", expected=f"a {what}", fix=fix)
    if not manifest.read_bytes():
        raise BonefracError(f"{manifest} is empty", expected=f"a complete {what}", fix=fix)
    for name, state, digest in damages(folder):
        expected = f"SHA-256 {digest[:12]}…" if digest else f"a complete {what}"
        raise BonefracError(f"{folder / name} {state}", expected=expected, fix=fix)
    return sha256(manifest)


def damages(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Each file that the manifest of `folder` lists and that is not as it was.

    Returns:
        Name below `folder`, "is missing" or "(n bytes) is damaged", and the SHA-256 that a
        damaged file had.
    """
    manifest = folder / MANIFEST_FILE
    for line in manifest.read_text(encoding="utf-8", errors="replace").splitlines():
        digest, _, name = line.partition("  ")
        path = folder / name
        if not path.is_file():
            yield name, "is missing", ""
        elif sha256(path) != digest:
            yield name, f"({path.stat().st_size} bytes) is damaged", digest


def _replace(aside: Path, target: Path) -> None:
    if target.is_dir():
        old = target.parent / f"{_PARTIAL}{os.getpid()}-old-{target.name}"
        target.rename(old)
        aside.rename(target)
        shutil.rmtree(old)
    else:
        aside.replace(target)
    _sync_one(target.parent)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _remove_stale(target: Path) -> None:
    pattern = re.compile(re.escape(_PARTIAL) + r"(\d+)-(old-)?" + re.escape(target.name))
    # Names, not paths: a folder of 30,000 findings is listed for each file that is written into it.
    left = (name for name in os.listdir(target.parent) if name.startswith(_PARTIAL))  # noqa: PTH208
    for path in map(target.parent.joinpath, left):
        match = pattern.fullmatch(path.name)
        # This process' own number: a container gives a restarted program the one that died.
        if match and (int(match[1]) == os.getpid() or not _alive(int(match[1]))):
            if match[2] and not target.exists():
                path.rename(target)  # killed between the two renames of `_replace`
            else:
                _remove(path)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _sync(path: Path) -> None:
    for file in [path, *path.rglob("*")] if path.is_dir() else [path]:
        _sync_one(file)


def _sync_one(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
