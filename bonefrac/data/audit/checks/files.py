"""Checks of the files: missing, cut short, turned, encoded in several ways."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from bonefrac.data.audit.finding import Evidence, Finding, Severity, Table, one_by_one
from bonefrac.data.catalogue import Entry

_TURNED = {2: "mirrored", 3: "turned by 180", 4: "mirrored", 6: "turned by 90", 8: "turned by 270"}
_IN_COLOUR = ("RGB", "RGBA", "CMYK", "YCbCr", "P", "PA", "LAB", "HSV")
_ROWS = 12  # of a table


def missing(evidence: Evidence) -> Iterator[Finding]:
    """What the data set names but does not hold, or holds but does not name."""
    seen = evidence.catalogue.left_out
    reasons = Counter(seen.values()).most_common(_ROWS)
    yield from one_by_one(
        "missing",
        severity=Severity.WARNING,
        title="Files without a table row, rows without a usable file",
        meaning="They are left out. If files are missing, fetch the data set again.",
        seen=seen,
        table={reason: {"radiographs": str(count)} for reason, count in reasons},
    )


def unreadable(evidence: Evidence) -> Iterator[Finding]:
    """Files that no decoder should accept."""
    bad = [(entry, facts.problem) for entry, facts in evidence.all() if facts.problem]
    yield from one_by_one(
        "unreadable",
        severity=Severity.SEVERE,
        title="Files that are cut short or cannot be read",
        meaning=f"{_labels(e for e, _ in bad)} A forgiving decoder fills the rest with gray, and a "
        "network learns the gray as a sign of the label. Fetch them again or leave them out; "
        "bonefrac-data build leaves them out.",
        seen={entry.id: problem for entry, problem in bad},
    )


def filler(evidence: Evidence) -> Iterator[Finding]:
    """Pictures that were cut short before they were encoded again."""
    bad = [(e, f.why_left_out) for e, f in evidence.all() if f.readable and f.filler]
    yield from one_by_one(
        "filler",
        severity=Severity.SEVERE,
        title="Pictures that end in filler",
        meaning=f"{_labels(e for e, _ in bad)} The files are whole, but were made from files that "
        "were cut short: their lowest rows are no X-ray. Leave them out; bonefrac-data build does.",
        seen={entry.id: reason for entry, reason in bad},
    )


def turned(evidence: Evidence) -> Iterator[Finding]:
    """Pictures that EXIF says are shown in another orientation than they are stored in."""
    yield from one_by_one(
        "exif_rotation",
        severity=Severity.WARNING,
        title="Pictures that EXIF turns",
        meaning="Outlines fit only one of the two orientations, and many readers "
        "(tf.io.decode_jpeg for one) ignore EXIF. bonefrac applies it; check that the outlines "
        "were drawn on the upright picture.",
        seen={
            entry.id: f"EXIF orientation {facts.orientation}: "
            + _TURNED.get(facts.orientation, "mirrored and turned")
            for entry, facts in evidence.all()
            if facts.orientation != 1
        },
    )


def encodings(evidence: Evidence) -> Iterator[Finding]:
    """How the pictures are encoded, where they are not all alike."""
    kinds: dict[str, list[Entry]] = defaultdict(list)
    for entry, facts in evidence.all():
        if facts.readable:
            kinds[facts.encoding].append(entry)
    ordered = sorted(kinds.items(), key=lambda item: -len(item[1]))
    yield from one_by_one(
        "encodings",
        severity=Severity.NOTE,
        title="Pictures that are encoded in another way than most",
        meaning="Format, depth and JPEG quality tell which machine or export a picture came from. "
        "Whether they predict the label stands under the shortcuts.",
        seen={entry.id: kind for kind, entries in ordered[1:] for entry in entries},
        table=_by_label(dict(ordered[:_ROWS])),
    )


def colour(evidence: Evidence) -> Iterator[Finding]:
    """Gray radiographs that are stored in colour."""
    yield from one_by_one(
        "colour",
        severity=Severity.NOTE,
        title="Pictures that are stored in colour",
        meaning="Radiographs are gray; bonefrac takes the luma. Look whether coloured marks were "
        "drawn into them: a network would learn the marks.",
        seen={
            entry.id: f"stored as {facts.mode}"
            for entry, facts in evidence.all()
            if facts.mode in _IN_COLOUR
        },
    )


def _by_label(kinds: dict[str, list[Entry]]) -> Table:
    table = {}
    for name, entries in kinds.items():
        known = [entry.label for entry in entries if entry.label >= 0]
        rate = f"{sum(known) / len(known):.1%}" if known else "unknown"
        table[name] = {"radiographs": str(len(entries)), "positive": rate}
    return table


def _labels(entries: Iterable[Entry]) -> str:
    known = [entry.label for entry in entries if entry.label >= 0]
    if not known:
        return "Their labels are unknown."
    value, count = Counter(known).most_common(1)[0]
    return f"{count} of {len(known)} are labelled {'positive' if value else 'negative'}."
