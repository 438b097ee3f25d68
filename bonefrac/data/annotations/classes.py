"""Which of the classes that people draw are fractures."""

import re
from collections.abc import Collection, Sequence

from bonefrac.errors import BonefracError

_NEGATED = re.compile(r"(?<![a-z])(no|non|not|without|un|normal|intact|healthy)(?![a-z])|unfract")


def fracture_classes(found: Collection[str], asked: Sequence[str] = ()) -> frozenset[str]:
    """The classes that count as fracture.

    Those asked for; else the only one; else those named "fracture" in any spelling, but not
    "no fracture" and the like.

    Raises:
        BonefracError: a class asked for does not occur, or none can be chosen; lists all.
    """
    unknown = sorted(set(asked) - set(found))
    if asked and not unknown:
        return frozenset(asked)
    positive = frozenset(name for name in found if not _NEGATED.search(name.lower()))
    named = frozenset(name for name in positive if "fractur" in name.lower())
    chosen = named or (positive if len(found) == 1 else frozenset())
    if not asked and (chosen or not found):
        return chosen
    raise BonefracError(
        f"The class {unknown[0]!r}" if unknown else "Several classes and none named fracture",
        expected=f"--classes out of {', '.join(sorted(found)) or 'none: nothing is marked'}",
        fix="Name those that are fractures, with commas between",
    )
