"""The audit of a data set from its catalogue to its findings."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bonefrac.data.audit.checks import CHECKS
from bonefrac.data.audit.duplicates import Pairs, Progress, copies_of_cut, near_duplicates
from bonefrac.data.audit.finding import Evidence, Finding, Severity
from bonefrac.data.audit.scan import Facts, scan
from bonefrac.data.audit.shortcuts import Shortcut, as_findings, shortcuts
from bonefrac.data.catalogue import Catalogue


@dataclass(frozen=True, eq=False)
class Audit:
    """What an audit found.

    Attributes:
        evidence: what it looked at.
        findings: worst first.
        shortcuts: every feature that was measured, best predictor first; empty where there are
            too few labels of one kind.
    """

    evidence: Evidence
    findings: Sequence[Finding]
    shortcuts: Sequence[Shortcut]

    @property
    def counts(self) -> dict[str, int]:
        """Radiographs: all, readable, positive, negative, without a label, outlined."""
        entries = self.evidence.entries
        labels = Counter(entry.label for entry in entries)
        return {
            "radiographs": len(entries),
            "readable": sum(facts.readable for facts in self.evidence.facts),
            "positive": labels[1],
            "negative": labels[0],
            "unlabelled": labels[-1],
            "outlined": sum(e.outlines is not None and not e.outlines.empty for e in entries),
        }

    @property
    def severe(self) -> bool:
        """Whether anything severe was found."""
        return any(finding.severity == Severity.SEVERE for finding in self.findings)


def audit(
    catalogue: Catalogue, *, jobs: int | None = None, seed: int = 0, progress: Progress
) -> Audit:
    """Read every file once, compare all with all, run every check.

    Args:
        catalogue: what the data set says.
        jobs: files read at once.
        seed: of the resampling behind the intervals.
        progress: called as the work goes on.
    """
    facts = scan(catalogue.entries, jobs=jobs, progress=progress)
    evidence = Evidence(catalogue, facts, _pairs(facts, progress))
    measured = shortcuts(evidence, seed=seed)
    findings = [finding for check in CHECKS for finding in check(evidence)]
    findings += as_findings(measured)
    return Audit(evidence, sorted(findings, key=lambda f: f.severity.rank), measured)


def _pairs(facts: Sequence[Facts], progress: Progress) -> Pairs:
    """Near-duplicates among what can be read."""
    readable = [k for k, found in enumerate(facts) if found.readable]
    thumbnails = [facts[k].thumbnail for k in readable]
    cut = {n: facts[k].filler for n, k in enumerate(readable) if facts[k].filler}
    near = near_duplicates(thumbnails, progress=progress)
    pairs = {*near, *copies_of_cut(thumbnails, cut)}
    return sorted((readable[i], readable[j]) for i, j in pairs)
