"""Checks of the outlines: against the label, against the picture, how coarse, how small."""

from collections.abc import Iterator

import numpy as np

from bonefrac.data.audit.finding import Evidence, Finding, Severity, one_by_one
from bonefrac.data.audit.masks import Target, regions
from bonefrac.data.audit.scan import Facts
from bonefrac.data.catalogue import Entry
from bonefrac.data.outlines import Patch, box

_TOLERANCE = 1.0  # pixels that an outline may reach over the edge: tools round and count from 1
_ROUGH = 8  # vertices; a fracture line drawn with fewer is a box or a blob


def intact_outlined(evidence: Evidence) -> Iterator[Finding]:
    """Called intact, but somebody outlined something; or the tables disagree."""
    seen = dict(evidence.catalogue.corrected)
    for entry, facts in evidence.all():
        drawn = len(_targets(entry, facts))
        if entry.label == 0 and drawn:
            seen[entry.id] = f"labelled 0, {drawn} outline{'s' if drawn > 1 else ''}"
    yield from one_by_one(
        "intact_outlined",
        severity=Severity.SEVERE,
        title="Labelled intact, but outlined",
        meaning="Label and outline contradict each other. Look at each; bonefrac believes the "
        "outline where it says so, and the label otherwise.",
        seen=seen,
    )


def fractured_not_outlined(evidence: Evidence) -> Iterator[Finding]:
    """Called fractured, in a data set that outlines fractures, with nothing drawn."""
    if not any(_targets(entry, facts) for entry, facts in evidence.all()):
        return
    seen = {}
    for entry, facts in evidence.all():
        if entry.fracture == 1 and not _targets(entry, facts):
            unknown = entry.outlines is None
            seen[entry.id] = "no outline" if unknown else "an outline that is empty"
    empty = sum(reason != "no outline" for reason in seen.values())
    yield from one_by_one(
        "fractured_not_outlined",
        severity=Severity.SEVERE if empty else Severity.WARNING,
        title="Labelled fractured, but nothing is outlined",
        meaning="An empty mask teaches that there is no fracture. bonefrac takes those without an "
        "outline as unknown; draw the outlines that are empty, or remove them.",
        seen=seen,
    )


def out_of_bounds(evidence: Evidence) -> Iterator[Finding]:
    """Outlines that leave the picture."""
    seen = {}
    for entry, facts in evidence.all():
        if entry.outlines and facts.readable:
            height, width = facts.size
            corners = entry.outlines.in_pixels(height, width)
            corners += tuple(_corners(patch) for patch in entry.outlines.patches)
            over = max((_over(points, width, height) for points in corners), default=0.0)
            if over > _TOLERANCE:
                seen[entry.id] = f"reaches {over:.0f} px over the edge of {width}x{height}"
    yield from one_by_one(
        "out_of_bounds",
        severity=Severity.SEVERE,
        title="Outlines that leave the picture",
        meaning="They were drawn on another size or orientation of the picture. Check EXIF "
        "rotation and scaling in your annotation tool's export.",
        seen=seen,
    )


def mask_pictures(evidence: Evidence) -> Iterator[Finding]:
    """Mask pictures that cannot be read, or are of another size than the radiograph."""
    seen = {}
    for entry, facts in evidence.all():
        mask = facts.mask
        if mask and mask.problem:
            seen[entry.id] = mask.problem
        elif mask and facts.readable and mask.size != facts.size:
            sizes = [f"{width}x{height}" for height, width in (mask.size, facts.size)]
            seen[entry.id] = f"mask {sizes[0]}, picture {sizes[1]}"
    yield from one_by_one(
        "mask_size",
        severity=Severity.SEVERE,
        title="Masks that do not fit their picture",
        meaning="A mask must have the size of the upright picture. Export the masks again.",
        seen=seen,
    )


def mask_values(evidence: Evidence) -> Iterator[Finding]:
    """Mask pictures with more gray levels than inside and outside."""
    seen = {
        entry.id: f"values {', '.join(map(str, facts.mask.values))}"
        for entry, facts in evidence.all()
        if facts.mask and len({0, *facts.mask.values}) > 2 and not _named(entry)
    }
    yield from one_by_one(
        "mask_values",
        severity=Severity.WARNING,
        title="Masks with other values than inside and outside",
        meaning="Whatever is not 0 counts as fracture: a mask saved as JPEG or scaled smoothly "
        "has a rim of grays, a mask of several classes counts them all. Save masks as PNG, 0 and "
        "255.",
        seen=seen,
    )


def degenerate(evidence: Evidence) -> Iterator[Finding]:
    """Outlines that enclose nothing."""
    seen = {}
    for entry, facts in evidence.all():
        if entry.outlines and facts.readable:
            polygons = entry.outlines.in_pixels(*facts.size)
            flat = sum(len(p) < 3 or _area(p) < 1 for p in polygons)
            if flat:
                seen[entry.id] = f"{flat} of {len(polygons)} enclose less than a pixel"
    yield from one_by_one(
        "degenerate",
        severity=Severity.WARNING,
        title="Outlines that enclose nothing",
        meaning="A slip of the mouse, or a point or line where an area was wanted. Remove them.",
        seen=seen,
    )


def sizes(evidence: Evidence) -> Iterator[Finding]:
    """How large the outlined fractures are, and how finely they are drawn."""
    rows: list[tuple[float, float, float]] = []
    vertices: list[int] = []
    outlined: dict[str, str] = {}
    for entry, facts in evidence.sound():
        targets = _targets(entry, facts)
        for area, height, width in targets:
            rows.append((100 * area / (facts.size[0] * facts.size[1]), width, height))
        if targets:
            outlined[entry.id] = f"{sum(area for area, _, _ in targets):.0f} px"
            vertices += _vertices(entry)
    if not rows:
        return
    share, width, height = np.array(rows).T
    table = {
        "% of the picture": _quartiles(share, "{:.2f}"),
        "width, px": _quartiles(width, "{:.0f}"),
        "height, px": _quartiles(height, "{:.0f}"),
    }
    rough = bool(vertices) and np.median(vertices) <= _ROUGH
    if vertices:
        table["vertices"] = _quartiles(np.array(vertices), "{:.0f}")
    told = "The outlines are coarse: a Dice near 1 is out of reach, and Hausdorff distances say "
    yield from one_by_one(
        "target_sizes",
        severity=Severity.NOTE,
        title="How large the outlined fractures are",
        meaning=(f"{told}little. " if rough else "")
        + f"{len(rows)} outlines on {len(outlined)} pictures. Choose an image size at which the "
        "smaller ones keep several pixels, and report scores by size.",
        seen=outlined,
        table=table,
    )


def _targets(entry: Entry, facts: Facts) -> tuple[Target, ...]:
    """Everything that is outlined on a radiograph that can be read."""
    if entry.outlines is None or not facts.readable:
        return ()
    polygons = entry.outlines.in_pixels(*facts.size)
    drawn = tuple((_area(p), *np.ptp(p, axis=0)[::-1].tolist()) for p in polygons)
    painted = (target for patch in entry.outlines.patches for target in regions(patch.pixels))
    return (*drawn, *painted, *(facts.mask.targets if facts.mask else ()))


def _vertices(entry: Entry) -> list[int]:
    return [len(polygon) for polygon in entry.outlines.polygons] if entry.outlines else []


def _named(entry: Entry) -> bool:
    """Whether it is known which values of a mask are the fracture."""
    return entry.outlines is not None and bool(entry.outlines.mask_values)


def _over(points: np.ndarray, width: int, height: int) -> float:
    """How far the farthest of some points x, y lies outside, pixels."""
    return float(max(*-points.min(axis=0), *(points.max(axis=0) - (width, height))))


def _corners(patch: Patch) -> np.ndarray:
    height, width = patch.pixels.shape
    return box(patch.left, patch.top, width, height)


def _area(polygon: np.ndarray) -> float:
    x, y = polygon.T
    return abs(float(x @ np.roll(y, 1) - y @ np.roll(x, 1))) / 2


def _quartiles(values: np.ndarray, form: str) -> dict[str, str]:
    marks = (5, 25, 50, 75, 95)
    levels = np.percentile(values, marks)
    return {f"{m} %": form.format(level) for m, level in zip(marks, levels, strict=True)}
