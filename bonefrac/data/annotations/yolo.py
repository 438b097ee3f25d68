"""YOLO: a text file a picture; a class number, then a box or a polygon in shares of the sides."""

import re
from collections.abc import Sequence
from pathlib import Path

from bonefrac.data.annotations.checked import number, polygon, told, wrong
from bonefrac.data.annotations.marks import Annotations, Marks, Pictures, Shape
from bonefrac.data.outlines import box

NAME_FILES = ("data.yaml", "data.yml", "dataset.yaml", "meta.yaml", "classes.txt", "obj.names")


def read(files: list[Path], pictures: Pictures, *, names: Sequence[str] = ()) -> Annotations:
    """Read label files; an empty one says that nothing is to be seen.

    A line is `class x y width height` (centre and sides) or `class x1 y1 x2 y2 x3 y3 ...`, from 0
    to 1 (Ultralytics' detection and segmentation formats).

    Args:
        files: the label files, and among them those that name the classes.
        pictures: found by the label files' own names.
        names: of the classes, by number; else as a data.yaml or classes.txt says, else numbers.

    Raises:
        BonefracError: a line is neither, or a number is not a share.
    """
    named = [path for path in files if path.name in NAME_FILES]
    labels = [path for path in files if path.name not in NAME_FILES]
    for path in named[:1] if not names else ():
        with told(path, "list of class names"):
            names = class_names(path)
    marks: dict[str, Marks] = {}
    missing: dict[str, str] = {}
    for path in labels:
        with told(path, "YOLO label file"):
            found = pictures.find(path.with_suffix("").as_posix(), suffix=False)
            lines = path.read_text(encoding="utf-8-sig").splitlines()
            shapes = tuple(_shape(path, line, names) for line in lines if line.strip())
            if found is None:
                missing[path.stem] = path.name
            else:
                marks[found] = Marks(path, shapes, normalised=True)
    return Annotations(marks, frozenset(names), missing)


def _shape(path: Path, line: str, names: Sequence[str]) -> Shape:
    first, *rest = line.split()
    values = [number(value) for value in rest]
    if not first.isdecimal() or len(values) < 4 or len(values) == 5 or len(values) % 2:
        expected = "a class number and 4 numbers of a box, or 6 and more of a polygon"
        raise wrong(path, f"the line {line[:60]!r}", expected=expected)
    # Rounding in exporters leaves boxes a little over the border.
    if any(not -0.01 <= value <= 1.01 for value in values):
        raise wrong(path, f"the line {line[:60]!r}", expected="shares of the sides, 0 to 1")
    label = names[int(first)] if int(first) < len(names) else str(int(first))
    if len(values) == 4:
        x, y, width, height = values
        outline = box(x - width / 2, y - height / 2, width, height)
        return Shape(label, coarse=True, polygon=outline)
    return Shape(label, polygon=polygon(zip(values[::2], values[1::2], strict=True)))


def class_names(path: Path) -> tuple[str, ...]:
    """Class names by number: the lines of a text file, or `names` of a YAML file.

    YAML is read as exporters write it: `names: [a, b]`, `- a` or `0: a` below `names:`.
    """
    text = path.read_text(encoding="utf-8-sig")
    if path.suffix in (".txt", ".names"):
        return tuple(line.strip() for line in text.splitlines() if line.strip())
    found = re.search(r"^names\s*:[ \t]*(.*(?:\n(?:[ \t]+.*|-.*|\].*|))*)", text, re.M)
    if not found:
        return ()
    block = re.sub(r"(^|\s)#.*", r"\1", found[1]).strip()
    if block.startswith(("[", "{")):
        parts = block.strip("[]{} \n").split(",")
    else:
        parts = [line.strip().removeprefix("-") for line in block.splitlines()]
    return _numbered([part.strip() for part in parts if part.strip()])


def _numbered(parts: list[str]) -> tuple[str, ...]:
    keyed = [re.fullmatch(r"(\d+)\s*:\s*(.*)", part) for part in parts]
    if parts and all(keyed):
        by_number = {int(match[1]): match[2] for match in keyed if match}
        parts = [by_number.get(k, str(k)) for k in range(min(max(by_number) + 1, 10_000))]
    return tuple(part.strip("\"' ") for part in parts)
