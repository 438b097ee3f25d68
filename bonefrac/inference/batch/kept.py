"""What an earlier run left of a radiograph, so that it is not done again."""

import hashlib
import json
from pathlib import Path
from typing import Any

from bonefrac import __version__
from bonefrac.inference.batch.sources import Source
from bonefrac.inference.runtimes import no_model
from bonefrac.inference.shipped import answering
from bonefrac.schema import MANIFEST_FILE
from bonefrac.storage import sha256

_LETTERS = 16
# Of a run folder, a model folder and the versions of a SavedModel; not of a training's checkpoints.
_MANIFESTS = (MANIFEST_FILE, f"model/{MANIFEST_FILE}", f"[0-9]*/{MANIFEST_FILE}")


def digest(model: Path) -> str:
    """One name for the content of a model file or folder.

    Raises:
        BonefracError: there is neither.
    """
    model = answering(model)
    if model.is_file():
        return sha256(model)
    found = [path for pattern in _MANIFESTS for path in sorted(model.glob(pattern))]
    if not found:
        raise no_model(model)
    return " ".join(map(sha256, found))


def key(source: Source, model: str, options: tuple[str, ...]) -> str:
    """What the finding of a source depends on: file, model, options and version, in 16 letters.

    A file is known by size and time of its last change: reading 10,000 radiographs to learn that
    nothing is to be done would take as long as half of the work.

    Args:
        model: its digest.
        options: whatever else changes what is written.
    """
    parts = [__version__, model, *options, *_state(source)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:_LETTERS]


def kept(base: Path, *, image: str, key: str) -> dict[str, Any] | None:
    """The record of an earlier run, if it has the same key and all its files are there.

    Args:
        base: path of what was written, without suffixes.
        image: name of the radiograph.
    """
    try:
        record = json.loads(base.with_name(f"{base.name}.json").read_text(encoding="utf-8"))
        files = [value for name, value in record.items() if name.endswith("_path")]
        same = record["image"] == image and record["key"] == key
        return record if same and all(Path(file).is_file() for file in files) else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _state(source: Source) -> list[str]:
    if source.fetch is not None:
        return ["elsewhere"]  # its name is a UID, which what is behind it never leaves
    if source.content is not None:
        return [hashlib.sha256(source.content).hexdigest()]
    try:
        stat = Path(source.name if source.path is None else source.path).stat()
    except OSError:
        return ["missing"]
    return [str(stat.st_size), str(stat.st_mtime_ns)]
