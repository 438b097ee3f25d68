"""Every data set that lies on disk, and which of them a folder holds; no TensorFlow here."""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bonefrac.data.datasets.about import EVERY, About
from bonefrac.errors import BonefracError

if TYPE_CHECKING:
    from bonefrac.data.catalogue import Catalogue

# name -> texts. Each is read by the module of its name; the tfds classes are in `builders.py`.
DATASETS: dict[str, About] = {about.name: about for about in EVERY}


def recognise(source: Path) -> str:
    """Name of the data set whose layout a folder has; "folder" for pictures in any other.

    Raises:
        BonefracError: no such folder, or no picture in it.
    """
    if not source.is_dir():
        state = "is a file" if source.exists() else "does not exist"
        raise BonefracError(f"{source} {state}", expected="a data set's folder", fix="Check it")
    for name in DATASETS:
        if _module(name).recognises(source):
            return name
    raise BonefracError(
        f"{source} holds no data set",
        expected=f"the layout of {', '.join(DATASETS)}",
        fix="Give the folder that its download unpacks to",
    )


def catalogue_of(source: Path, name: str | None = None, **options: Any) -> "Catalogue":
    """What the data set in a folder says about its radiographs; builds and decodes nothing.

    Args:
        source: the data set's folder.
        name: of the data set; recognised by its layout if None.
        **options: of the data set's own `catalogue`.

    Raises:
        BonefracError: an unknown name or layout, or a file that is not as expected.
    """
    source = Path(source)
    if name is None:
        name = recognise(source)
    if name not in DATASETS:
        raise BonefracError(
            f"Data set {name!r}", expected=f"one of {', '.join(DATASETS)}", fix="Check the name"
        )
    return _module(name).catalogue(source, **options)


def _module(name: str) -> Any:
    return import_module(f"bonefrac.data.datasets.{name}")
