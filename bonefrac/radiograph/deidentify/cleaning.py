"""Only what stays of a dataset, at every depth, with other UIDs."""

import re
from collections.abc import Iterator, MutableSequence
from copy import deepcopy
from numbers import Number
from typing import TYPE_CHECKING, Any

from bonefrac.radiograph.deidentify import profile
from bonefrac.radiograph.deidentify.key import Key

if TYPE_CHECKING:
    from pydicom import DataElement, Dataset

_TEXTS = {"CS", "LO", "SH", "UC"}
_LONGEST = 64  # characters of any text that stays: LO
_NUMBERS = {"DS", "IS", "US", "SS", "UL", "SL", "FL", "FD"}
_COPIED = profile.KEPT | profile.HASHED | profile.NAMED
_WORD = re.compile(r"[^\W_]{3,}")


class Cleaner:
    """Copies what the profile keeps.

    Args:
        key: of the new UIDs.
        words: in lower case; a text with any of them does not stay.
    """

    def __init__(self, key: Key, *, words: frozenset[str]) -> None:
        self.key, self.words = key, words

    def cleaned(self, dataset: "Dataset") -> "Dataset":
        """A new dataset; the given one is not changed."""
        from pydicom import Dataset

        made = Dataset()
        for element in readable(dataset):
            clean = self._element(element)
            if clean is not None:
                made.add(clean)
        return made

    def _element(self, element: "DataElement") -> "DataElement | None":
        keyword = element.keyword
        if keyword not in _COPIED or not _as_expected(element):
            return None
        if keyword in profile.HASHED:
            return _with(element, _each(element.value, self._uid))
        if keyword in profile.NAMED:
            return _with(element, self.key.pseudonym(keyword, str(element.value)))
        if element.VR == "SQ":
            return self._sequence(element)
        if element.VR == "UI" and not _each_known(element.value):
            return None
        if element.VR in _TEXTS and self.words.intersection(words_of(element)):
            return None
        return deepcopy(element)

    def _sequence(self, element: "DataElement") -> "DataElement | None":
        items = [(item, self.cleaned(item)) for item in element.value if _stays(item)]
        # An item of which nothing stays is left empty: frames are told by their place.
        left = [made for item, made in items if _is_whole(item, made)]
        return _with(element, left) if left or not element.value else None

    def _uid(self, uid: str) -> str:
        return uid if not uid or _known(uid) else self.key.uid(uid)


def readable(dataset: "Dataset") -> Iterator["DataElement"]:
    """Its elements but private ones and those whose value is not of their type."""
    for tag in list(dataset.keys()):
        if tag.is_private:
            continue
        try:
            yield dataset[tag]
        except (ValueError, TypeError, AttributeError, KeyError, OverflowError):
            continue  # such as a number that is none


def identifying_words(dataset: "Dataset") -> frozenset[str]:
    """Words of three letters and more that somebody is known by, at any depth; lower case."""
    found: set[str] = set()
    for element in readable(dataset):
        if element.VR == "SQ":
            found.update(*(identifying_words(item) for item in element.value))
        elif element.VR == "PN" or element.keyword in profile.IDENTIFIERS:
            found |= words_of(element)
    return frozenset(found)


def words_of(element: "DataElement") -> set[str]:
    """Words of three letters and digits or more in an element's value, lower case."""
    return set(_WORD.findall(str(element.value).casefold()))


def _stays(item: "Dataset") -> bool:
    """Whether an item of a sequence is none of a private code, a text, a name or a date."""
    scheme = item.get("CodingSchemeDesignator")
    kind = item.get("ValueType")
    return (scheme is None or scheme in profile.SCHEMES) and (
        kind is None or kind in profile.CONTENT_KEPT
    )


def _is_whole(item: "Dataset", made: "Dataset") -> bool:
    """Whether a cleaned item still has what no item of a report may lack."""
    return all(keyword in made or keyword not in item for keyword in profile.CONTENT_NEEDED)


def _as_expected(element: "DataElement") -> bool:
    """Whether it is of a type that its attribute may have: no text among the numbers."""
    from pydicom.datadict import dictionary_VR

    if element.VR not in dictionary_VR(element.tag).split(" or "):
        return False
    values = _several(element.value)
    if element.VR in _NUMBERS:  # pydicom leaves a number that it cannot read as a text
        return all(isinstance(one, Number) for one in values)
    # In a damaged file, a text can go on over the attributes behind it.
    return element.VR not in _TEXTS or all(
        str(one).isprintable() and len(str(one)) <= _LONGEST for one in values
    )


def _known(uid: str) -> bool:
    """Whether it is a UID of the standard itself: it names a class, not somebody."""
    from pydicom.uid import UID_dictionary

    return uid in UID_dictionary


def _each_known(value: Any) -> bool:
    return all(_known(uid) for uid in _several(value))


def _each(value: Any, change: Any) -> Any:
    several = [change(str(one)) for one in _several(value)]
    return several if len(several) > 1 else "".join(several)


def _several(value: Any) -> list[Any]:
    if value is None or value == "":
        return []
    return list(value) if isinstance(value, MutableSequence) else [value]


def _with(element: "DataElement", value: Any) -> "DataElement":
    from pydicom import DataElement

    return DataElement(element.tag, element.VR, value)
