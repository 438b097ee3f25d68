"""A user's own radiographs, with masks, another tool's annotations, a table, or several of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image, UnidentifiedImageError

from bonefrac.data.annotations import formats
from bonefrac.data.annotations.classes import fracture_classes
from bonefrac.data.annotations.marks import Annotations, Marks, Pictures
from bonefrac.data.catalogue import Catalogue, Entry
from bonefrac.data.datasets import patients
from bonefrac.data.datasets import table as tables
from bonefrac.data.datasets.about import FOLDER
from bonefrac.data.outlines import Outlines
from bonefrac.errors import BonefracError
from bonefrac.radiograph.deidentify.key import Key
from bonefrac.radiograph.reader import FORMATS, SUFFIXES

INTACT, UNKNOWN = "intact", "unknown"
_IMAGES = "images"
_ORIENTATION = 0x0112  # EXIF; 5 to 8 lie on their side
_NOTHING = Annotations({})


def catalogue(
    source: Path,
    *,
    format: str | None = None,
    classes: Sequence[str] = (),
    table: Path | None = None,
    unmarked: str = UNKNOWN,
    key: Path | None = None,
) -> Catalogue:
    """Join pictures, annotations and table.

    A picture is fractured if a fracture is marked on it, else as the table says, else intact if
    it is annotated without any. A fracture that nobody marked has no mask. Without annotations
    and table nothing is known of any picture. DICOM files are grouped by patient, where the table
    does not group them.

    Args:
        source: folder with pictures, in it or below; only `images/` is searched where it exists.
        format: of the annotations, a name of `formats.READERS`; found out if None.
        classes: which classes are fractures; see `fracture_classes`.
        table: a csv file; `labels.csv` in `source` if None and it exists.
        unmarked: what a picture is that neither annotations nor table mention.
        key: file of the key that makes all ids and groups pseudonyms; None leaves them.

    Raises:
        BonefracError: no pictures, or something is not as expected.
    """
    files = _files(source)
    pictures = _pictures(source, files)
    annotations = formats.read(files, pictures, format=format)
    rows, absent, table = _rows(source, table, pictures)
    secret = Key.read(key) if key else None
    headers = patients.read_headers(pictures.paths)
    rows = patients.with_groups(rows, headers, secret)
    chosen = fracture_classes((annotations or _NOTHING).every_class, classes)
    marks = (annotations or _NOTHING).marks
    for name, found in marks.items():
        _check_size(pictures.paths[name], found)
    entries = tuple(
        _entry(name, path, marks.get(name), chosen, rows.get(name, {}), unmarked)
        for name, path in pictures.paths.items()
    )
    left_out = {
        name: f"in {file}, no such picture"
        for name, file in (annotations or _NOTHING).missing.items()
    }
    left_out |= {name: f"in {table.name}, no such picture" for name in absent if table}
    groups_are = "patients" if headers else "the table's groups"
    if not any(entry.group for entry in entries):
        groups_are = "radiographs"
    whole = Catalogue(FOLDER.name, source, entries, left_out, groups_are)
    return patients.pseudonymous(whole, headers, secret) if secret else whole


def recognises(source: Path) -> bool:
    """Whether there is any picture below the folder."""
    return any(path.suffix.lower() in SUFFIXES for path in _files(source))


def _files(source: Path) -> list[Path]:
    """Every file below, but none that is hidden (macOS' ._x.png among them)."""
    return [
        path
        for path in sorted(source.rglob("*"))
        if path.is_file() and not any(p.startswith(".") for p in path.relative_to(source).parts)
    ]


def _pictures(source: Path, files: list[Path]) -> Pictures:
    root = source / _IMAGES if (source / _IMAGES).is_dir() else source
    paths = [
        path
        for path in files
        if path.suffix.lower() in SUFFIXES
        and path.is_relative_to(root)
        and not formats.is_mask(path)
    ]
    if not paths:
        state = "holds no picture" if source.is_dir() else "does not exist"
        raise BonefracError(
            f"{source} {state}", expected=f"{', '.join(FORMATS)} files", fix="Check --source"
        )
    return Pictures(root, paths)


def _rows(
    source: Path, table: Path | None, pictures: Pictures
) -> tuple[dict[str, dict[str, Any]], list[str], Path | None]:
    if table is None and (source / tables.NAME).is_file():
        table = source / tables.NAME
    if table is None:
        return {}, [], None
    return *tables.read(table, pictures), table


def _entry(
    name: str,
    path: Path,
    marks: Marks | None,
    chosen: frozenset[str],
    row: dict[str, Any],
    unmarked: str,
) -> Entry:
    outlines: Outlines | None = None
    fracture = row.get("fracture", -1)
    if marks and marks.occurring & chosen:
        fracture, outlines = 1, marks.outlines(chosen)
    elif fracture == -1 and (marks or unmarked == INTACT):
        fracture = 0
    if fracture == 0:
        outlines = Outlines()
    return Entry(name, path, **(row | {"fracture": fracture}), outlines=outlines)


def _check_size(path: Path, marks: Marks) -> None:
    if marks.size is None:
        return
    try:
        with Image.open(path, formats=FORMATS) as image:
            height, width = image.height, image.width
            turned = image.getexif().get(_ORIENTATION, 1) >= 5
    except (OSError, UnidentifiedImageError, ValueError, SyntaxError):
        return  # the scan says what is wrong with it
    shown = (width, height) if turned else (height, width)
    if marks.size != shown:
        raise BonefracError(
            f"{marks.file} is for {path.name} of {marks.size[1]}x{marks.size[0]} pixels, "
            f"which has {shown[1]}x{shown[0]}",
            expected="annotations of the upright picture at its own size",
            fix="Annotate the picture that you give, or give the one that you annotated",
        )
