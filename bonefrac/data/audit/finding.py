"""What an audit starts from, and the findings that it ends in."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from bonefrac.data.audit.duplicates import Pairs
from bonefrac.data.audit.scan import Facts
from bonefrac.data.catalogue import Catalogue, Entry

Table = Mapping[str, Mapping[str, str]]


class Severity(StrEnum):
    """How bad a finding is."""

    SEVERE = "severe"  # a score measured on these data would be wrong
    WARNING = "warning"  # to be looked at before training
    NOTE = "note"  # to be known

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return list(Severity).index(self)


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with, or should be known of, a data set.

    Attributes:
        check: its name, for machines; the same in every version.
        severity: how bad it is.
        title: what was found, a noun phrase.
        meaning: what it means and what to do, a sentence or two.
        cases: ids, one for a radiograph of its own, two or more for those that belong together.
        details: id -> what was seen on it.
        table: name -> numbers, where they say more than ids: columns are the same in every row.
    """

    check: str
    severity: Severity
    title: str
    meaning: str
    cases: tuple[tuple[str, ...], ...] = ()
    details: Mapping[str, str] = field(default_factory=dict)
    table: Table = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many cases."""
        return len(self.cases)


@dataclass(frozen=True, eq=False)
class Evidence:
    """All that the checks look at.

    Attributes:
        catalogue: what the data set says.
        facts: what its files are, in the order of the catalogue's entries.
        pairs: near-duplicates, as indices of entries.
    """

    catalogue: Catalogue
    facts: Sequence[Facts]
    pairs: Pairs

    @property
    def entries(self) -> Sequence[Entry]:
        """Of the catalogue."""
        return self.catalogue.entries

    def all(self) -> Iterator[tuple[Entry, Facts]]:
        """Every radiograph."""
        return zip(self.entries, self.facts, strict=True)

    def sound(self) -> Iterator[tuple[Entry, Facts]]:
        """Every radiograph that a model could be trained on."""
        return ((entry, facts) for entry, facts in self.all() if not facts.why_left_out)

    def ids(self, links: Iterable[Iterable[int]]) -> tuple[tuple[str, ...], ...]:
        """Indices as the ids of their entries."""
        return tuple(tuple(self.entries[k].id for k in link) for link in links)


def one_by_one(
    check: str,
    *,
    severity: Severity,
    title: str,
    meaning: str,
    seen: Mapping[str, str],
    table: Table | None = None,
) -> Iterator[Finding]:
    """A finding about radiographs each on its own; none if none was seen.

    Args:
        check: its name; the rest as in `Finding`.
        seen: id -> what was seen on it.
    """
    if seen:
        cases = tuple((id,) for id in seen)
        yield Finding(check, severity, title, meaning, cases, dict(seen), table or {})


def together(
    check: str,
    *,
    severity: Severity,
    title: str,
    meaning: str,
    cases: Sequence[tuple[str, ...]],
    details: Mapping[str, str] | None = None,
) -> Iterator[Finding]:
    """A finding about radiographs that belong together; none if there are no cases."""
    if cases:
        yield Finding(check, severity, title, meaning, tuple(cases), details or {})


def printable(text: str) -> str:
    """A text from a file name or a table, with whatever a terminal or a page would obey marked."""
    return "".join(c if c.isprintable() else "�" for c in text)
