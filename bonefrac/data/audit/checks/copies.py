"""Checks of copies: the same file, the same pixels, nearly the same, under two labels."""

from collections.abc import Iterator

from bonefrac.data.audit.duplicates import exact_copies
from bonefrac.data.audit.finding import Evidence, Finding, Severity, together
from bonefrac.data.catalogue import Entry

_LABELS = {1: "positive", 0: "negative"}


def two_labels(evidence: Evidence) -> Iterator[Finding]:
    """The same picture, positive once and negative once."""
    found = [(i, j) for i, j in evidence.pairs if _differ(evidence.entries[i], evidence.entries[j])]
    yield from together(
        "two_labels",
        severity=Severity.SEVERE,
        title="The same picture under two labels",
        meaning="One of the two labels is wrong. Look at each pair and drop the wrong copy; "
        "bonefrac-data build drops the negative one.",
        cases=evidence.ids(found),
        details={
            evidence.entries[k].id: f"labelled {_LABELS[evidence.entries[k].label]}"
            for pair in found
            for k in pair
        },
    )


def same_file(evidence: Evidence) -> Iterator[Finding]:
    """The same bytes under two names."""
    found = exact_copies([facts.file_digest for facts in evidence.facts])
    yield from together(
        "same_file",
        severity=Severity.WARNING,
        title="The same file under several names",
        meaning="Keep one of each: copies count double in training and leak between splits.",
        cases=evidence.ids(found),
    )


def same_pixels(evidence: Evidence) -> Iterator[Finding]:
    """The same pixels in different files."""
    files = [facts.file_digest for facts in evidence.facts]
    found = [
        copies
        for copies in exact_copies([facts.pixel_digest for facts in evidence.facts])
        if len({files[k] for k in copies}) > 1
    ]
    yield from together(
        "same_pixels",
        severity=Severity.WARNING,
        title="The same pixels in different files",
        meaning="Keep one of each: copies count double in training and leak between splits.",
        cases=evidence.ids(found),
    )


def near(evidence: Evidence) -> Iterator[Finding]:
    """Nearly the same picture: encoded anew, scaled, turned or mirrored."""
    pixels = [facts.pixel_digest for facts in evidence.facts]
    found = [(i, j) for i, j in evidence.pairs if pixels[i] != pixels[j]]
    yield from together(
        "near_duplicates",
        severity=Severity.WARNING,
        title="Nearly the same picture twice",
        meaning="Never part them between train, validation and test; bonefrac-data build keeps "
        "them in one fold. Copies count double in training.",
        cases=evidence.ids(found),
    )


def _differ(one: Entry, other: Entry) -> bool:
    return {one.label, other.label} == {0, 1}
