"""What a reader of annotations returns: named shapes, picture by picture."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from bonefrac.data.outlines import Outlines, Patch
from bonefrac.errors import BonefracError

# Folders that tell what lies in them, but not whose.
_KINDS = ("images", "labels", "masks", "mask", "annotations")


@dataclass(frozen=True, eq=False)
class Shape:
    """One thing that somebody marked; exactly one of its last three attributes is filled.

    Attributes:
        label: its class, as the file names it.
        coarse: whether it is drawn around the thing (a box, a circle) instead of along it.
        polygon: [N, 2] as x, y, counted from pixel corners.
        patch: painted pixels.
        refused: why it encloses nothing ("a point"); an error once its class is asked for.
    """

    label: str
    coarse: bool = False
    polygon: np.ndarray | None = None
    patch: Patch | None = None
    refused: str = ""


@dataclass(frozen=True, eq=False)
class Marks:
    """All that is known of one picture; without shapes, somebody looked and marked nothing.

    Attributes:
        file: where it is written, for errors.
        shapes: what is marked.
        labels: classes that occur, where the shapes themselves are not at hand (mask files).
        size: height and width of the picture that was marked, None where the file says nothing.
        normalised: whether polygons are shares of width and height.
        mask_path: the mask file, whose values are the labels.
    """

    file: Path
    shapes: tuple[Shape, ...] = ()
    labels: frozenset[str] = frozenset()
    size: tuple[int, int] | None = None
    normalised: bool = False
    mask_path: Path | None = None

    @property
    def occurring(self) -> frozenset[str]:
        """Classes that occur in this picture."""
        return self.labels | {shape.label for shape in self.shapes}

    def outlines(self, classes: frozenset[str]) -> Outlines:
        """What is drawn of some classes.

        Raises:
            BonefracError: one of them is a point or a line.
        """
        shapes = [shape for shape in self.shapes if shape.label in classes]
        for shape in shapes:
            if shape.refused:
                raise BonefracError(
                    f"{self.file} marks {shape.label!r} by {shape.refused}",
                    expected="shapes that enclose something",
                    fix="Draw a polygon or a box, or choose other --classes",
                )
        values = tuple(sorted(int(label) for label in self.labels & classes))
        return Outlines(
            polygons=tuple(s.polygon for s in shapes if s.polygon is not None),
            normalised=self.normalised,
            patches=tuple(s.patch for s in shapes if s.patch is not None),
            mask_path=self.mask_path if values else None,
            mask_values=values,
            coarse=any(shape.coarse for shape in shapes),
        )


@dataclass(frozen=True, eq=False)
class Annotations:
    """What one format says about a folder of pictures.

    Attributes:
        marks: picture id -> what is marked on it; absent where the format does not mention it.
        classes: every class that the files name, also those that never occur.
        missing: picture name -> the file that mentions it, though there is no such picture.
    """

    marks: dict[str, Marks]
    classes: frozenset[str] = frozenset()
    missing: dict[str, str] = field(default_factory=dict)

    @property
    def every_class(self) -> frozenset[str]:
        """Classes that are named or occur."""
        return self.classes.union(*(marks.occurring for marks in self.marks.values()))


class Pictures:
    """The pictures of a folder, found by the names that annotation files give them.

    A name is only ever looked up among these pictures, never opened: "../../secret.png" and
    absolute paths of another machine lead nowhere else.

    Args:
        root: the folder; an id is the path below it without suffix.
        paths: the pictures.

    Raises:
        BonefracError: two pictures have one id.
    """

    def __init__(self, root: Path, paths: Iterable[Path]) -> None:
        self.paths: dict[str, Path] = {}
        for path in sorted(paths):
            other = self.paths.setdefault(_id(path.relative_to(root)), path)
            if other != path:
                raise BonefracError(
                    f"{other} and {path.name} differ in their suffix only",
                    expected="one name a picture",
                    fix="Rename one of them",
                )
        self._by_stem: dict[str, list[str]] = {}
        for name in self.paths:
            self._by_stem.setdefault(name.rpartition("/")[2], []).append(name)

    def find(self, name: str, *, suffix: bool = True) -> str | None:
        """Id of the picture that a file means, None if there is none.

        Args:
            name: as written in the file, with any folders before it, / or \\.
            suffix: whether the name ends in a suffix.

        Raises:
            BonefracError: two pictures fit equally well.
        """
        parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".", "..")]
        if not parts:
            return None
        if suffix:
            parts[-1] = _without_suffix(parts[-1])
        fits = [
            (_common(parts, found.split("/")), found) for found in self._by_stem.get(parts[-1], [])
        ]
        best = max((depth for depth, _ in fits), default=0)
        found = [one for depth, one in fits if depth == best]
        if len(found) > 1:
            raise BonefracError(
                f"{name!r} may be {' or '.join(found[:3])}",
                expected="names that tell pictures apart",
                fix="Rename one of them, or write the folder into the name",
            )
        return found[0] if found else None


def _id(path: Path) -> str:
    return path.with_suffix("").as_posix()


def _without_suffix(name: str) -> str:
    return name.rpartition(".")[0] or name


def _common(one: list[str], other: list[str]) -> int:
    """How many parts two paths share, from the end: train/labels/a is beside train/images/a."""
    depth = 0
    for a, b in zip(_telling(one), _telling(other), strict=False):
        if a != b:
            break
        depth += 1
    return depth


def _telling(parts: list[str]) -> list[str]:
    return [parts[-1], *(part for part in reversed(parts[:-1]) if part.lower() not in _KINDS)]
