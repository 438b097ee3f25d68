"""An archive that speaks DICOMweb: what a study holds (QIDO), one file (WADO), storing (STOW)."""

import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bonefrac.errors import BonefracError
from bonefrac.inference.dicomweb.connection import Answer, Connection
from bonefrac.inference.dicomweb.multipart import DICOM, pack, unpack
from bonefrac.radiograph.dicom import file_meta, is_dicom
from bonefrac.radiograph.reader import MAX_BYTES

if TYPE_CHECKING:
    from pydicom import Dataset

JSON = "application/dicom+json"
# As it is stored: an archive that decompresses would make another file of it.
_AS_STORED = f'multipart/related; type="{DICOM}"; transfer-syntax=*'
_LIST_BYTES = 64 * 2**20
_UID = re.compile(r"[0-9]+(\.[0-9]+)+")
_UID_LETTERS = 64  # PS3.5 9.1
_MODALITY, _CLASS, _INSTANCE, _SERIES = "00080060", "00080016", "00080018", "0020000E"
_SERIES_NUMBER, _INSTANCE_NUMBER = "00200011", "00200013"
_STORED, _FAILED, _WHY, _STORED_INSTANCE = "00081199", "00081198", "00081197", "00081155"


@dataclass(frozen=True)
class Series:
    """One series of a study."""

    study: str
    uid: str
    modality: str


@dataclass(frozen=True)
class Instance:
    """One file of a series; `kind` is its SOP class."""

    study: str
    series: str
    uid: str
    kind: str


@dataclass(frozen=True)
class Archive:
    """What a connection leads to."""

    connection: Connection

    def series(self, study: str) -> list[Series]:
        """The series of a study by number; none where the archive has no such study.

        Raises:
            BonefracError: `study` is no UID, or the archive does not answer as one.
        """
        found = self._query(f"studies/{require_uid(study)}/series", _SERIES, _SERIES_NUMBER)
        return [Series(study, _uid(one, _SERIES), _text(one, _MODALITY)) for one in found]

    def instances(self, series: Series) -> list[Instance]:
        """The files of a series by number.

        Raises:
            BonefracError: the archive does not answer as one.
        """
        path = f"studies/{series.study}/series/{series.uid}/instances"
        return [
            Instance(series.study, series.uid, _uid(one, _INSTANCE), _text(one, _CLASS))
            for one in self._query(path, _INSTANCE, _INSTANCE_NUMBER)
        ]

    def fetch(self, instance: Instance) -> bytes:
        """The file of an instance.

        Raises:
            BonefracError: it is not there, too large, or another than that.
        """
        path = f"studies/{instance.study}/series/{instance.series}/instances/{instance.uid}"
        # The boundary and the headers of the part come on top.
        answer = self.connection.get(path, accept=_AS_STORED, most=MAX_BYTES + 2**16)
        files = unpack(answer.kind, answer.body)
        if len(files) != 1 or _named(files[0]) != instance.uid:
            raise BonefracError(
                f"{self.connection.url} answers with {len(files)} files, of which the first is "
                f"{_named(files[0]) if files else 'missing'}",
                expected=f"the one file {instance.uid}",
                fix="Look into the log of the archive",
            )
        return files[0]

    def store(self, study: str, made: Sequence["Dataset"]) -> None:
        """Store datasets in a study; the archive must refuse those of another.

        Args:
            made: with file meta information.

        Raises:
            BonefracError: the archive did not take all of them.
        """
        if not made:
            return
        kind, body = pack([_file(one) for one in made])
        answer = self.connection.post(
            f"studies/{require_uid(study)}", body, kind=kind, accept=JSON, most=_LIST_BYTES
        )
        self._require_stored([str(one.SOPInstanceUID) for one in made], answer)

    def _query(self, path: str, key: str, number: str) -> list[Mapping[str, Any]]:
        """All that match, page by page, by number."""
        found: dict[str, Mapping[str, Any]] = {}
        while True:
            query = {"offset": len(found)} if found else {}
            answer = self.connection.get(path, accept=JSON, most=_LIST_BYTES, query=query)
            page = {_uid(one, key): one for one in self._parsed(answer)}
            # An archive that knows no offset gives the first page for ever.
            if not page.keys() - found.keys():
                break
            found = page | found
        order = sorted(found, key=lambda uid: (_whole(found[uid], number), uid))
        return [found[uid] for uid in order]

    def _parsed(self, answer: Answer) -> list[Mapping[str, Any]]:
        if not answer.body.strip():  # 204, where nothing matches
            return []
        try:
            told = json.loads(answer.body)
        except ValueError:
            told = None
        told = [told] if isinstance(told, dict) else told
        if not isinstance(told, list) or not all(isinstance(one, dict) for one in told):
            raise BonefracError(
                f"{self.connection.url} answers with {answer.kind or 'no content type'}",
                expected="the JSON of DICOMweb",
                fix="Check that the URL is the root of DICOMweb",
            )
        return told

    def _require_stored(self, uids: list[str], answer: Answer) -> None:
        told = self._parsed(answer)
        failed = {_text(one, _STORED_INSTANCE): one for one in _items(told, _FAILED)}
        stored = {_text(one, _STORED_INSTANCE) for one in _items(told, _STORED)}
        if told and stored >= set(uids) and not failed:
            return
        if not told and answer.status == 200:
            return
        missing = [uid for uid in uids if uid in failed or uid not in stored]
        reasons = {f"{_whole(one, _WHY):04X}H" for one in failed.values()}
        why = f"failure reason {', '.join(sorted(reasons))}" if reasons else f"{answer.status}"
        raise BonefracError(
            f"{self.connection.url} did not store {len(missing)} of {len(uids)} results ({why})",
            expected="all of them stored",
            fix="Look into the log of the archive",
        )


def require_uid(text: str) -> str:
    """A UID, which is then fit for a URL and a file name.

    Raises:
        BonefracError: it is none.
    """
    if len(text) > _UID_LETTERS or not _UID.fullmatch(text):
        raise BonefracError(
            f"{text[:_UID_LETTERS]!r} is no UID",
            expected=f"numbers and points, up to {_UID_LETTERS} letters",
            fix="Copy it again",
        )
    return text


def _uid(item: Mapping[str, Any], tag: str) -> str:
    return require_uid(_text(item, tag))


def _values(item: Mapping[str, Any], tag: str) -> list[Any]:
    attribute = item.get(tag)
    values = attribute.get("Value") if isinstance(attribute, dict) else None
    return values if isinstance(values, list) else []


def _text(item: Mapping[str, Any], tag: str) -> str:
    return next((str(value).strip() for value in _values(item, tag)), "")


def _whole(item: Mapping[str, Any], tag: str) -> int:
    text = _text(item, tag)
    return int(text) if re.fullmatch(r"-?\d{1,12}", text, re.ASCII) else 0


def _items(told: list[Mapping[str, Any]], tag: str) -> Iterator[Mapping[str, Any]]:
    for one in told:
        yield from (item for item in _values(one, tag) if isinstance(item, dict))


def _named(file: bytes) -> str:
    """The instance that a file says it is, by its meta information alone; "" if it says nothing."""
    if not is_dicom(file):
        return ""
    try:
        return str(file_meta(io.BytesIO(file)).get("MediaStorageSOPInstanceUID", ""))
    except Exception:  # pydicom raises whatever it trips over
        return ""


def _file(made: "Dataset") -> bytes:
    out = io.BytesIO()
    made.save_as(out, enforce_file_format=True)
    return out.getvalue()
