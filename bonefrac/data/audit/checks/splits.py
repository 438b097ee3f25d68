"""Checks of the authors' own split: the same picture or patient on both sides."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from bonefrac.data.audit.finding import Evidence, Finding, Severity, Table

_LEARNT = "train"


def copies_across(evidence: Evidence) -> Iterator[Finding]:
    """Near-duplicates, one in train and one in validation or test."""
    splits = [entry.split for entry in evidence.entries]
    found = [p for p in evidence.pairs if "" not in (a := {splits[k] for k in p}) and len(a) > 1]
    if found:
        yield Finding(
            "split_copies",
            Severity.SEVERE,
            "Nearly the same picture in two of the official splits",
            "Scores on the official split are too high: it tests on what it trained on. Use "
            "folds that keep copies together, as bonefrac-data build makes them.",
            cases=evidence.ids(found),
            details={evidence.entries[k].id: splits[k] for pair in found for k in pair},
            table=_leaked(splits, found),
        )


def groups_across(evidence: Evidence) -> Iterator[Finding]:
    """Groups that the official split parts."""
    members: dict[str, list[int]] = defaultdict(list)
    for k, entry in enumerate(evidence.entries):
        if entry.group and entry.split:
            members[entry.group].append(k)
    splits = [entry.split for entry in evidence.entries]
    parted = [
        _one_of_each_first(group, splits)
        for group in members.values()
        if len({splits[k] for k in group}) > 1
    ]
    if parted:
        yield Finding(
            "split_groups",
            Severity.WARNING,
            "Groups that the official splits part",
            f"The groups of this data set are {evidence.catalogue.groups_are}. Where a group is "
            "one patient, the official split tests on patients that it trained on.",
            cases=evidence.ids(parted),
            details={evidence.entries[k].id: splits[k] for group in parted for k in group},
            table=_leaked(splits, parted),
        )


def _one_of_each_first(group: list[int], splits: list[str]) -> list[int]:
    kinds = dict.fromkeys(splits[k] for k in group)
    first = [next(k for k in group if splits[k] == split) for split in kinds]
    return first + [k for k in group if k not in first]


def _leaked(splits: list[str], links: list) -> Table:
    """How many radiographs of each other split have one of train beside them."""
    total = Counter(split for split in splits if split)
    leaked: dict[str, set[int]] = defaultdict(set)
    for link in links:
        if any(splits[k] == _LEARNT for k in link):
            for k in link:
                leaked[splits[k]].add(k)
    return {
        split: {"radiographs": str(count), "with one in train": str(len(leaked[split]))}
        for split, count in total.items()
        if split != _LEARNT
    }
