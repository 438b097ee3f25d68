"""Whose the DICOM radiographs of a folder are: groups from their headers, pseudonyms on demand."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bonefrac.data.catalogue import Catalogue
from bonefrac.radiograph.deidentify.dataset import patient_of
from bonefrac.radiograph.deidentify.key import Key
from bonefrac.radiograph.deidentify.refusal import in_pixels
from bonefrac.radiograph.dicom import parse_dicom
from bonefrac.radiograph.reader import DICOM_SUFFIXES

Rows = dict[str, dict[str, Any]]  # picture id -> fields of its Entry


@dataclass(frozen=True)
class Header:
    """What a DICOM file says of itself.

    Attributes:
        patient: of `patient_of`.
        in_pixels: why its pixels may tell who the patient is, "" where nothing says so.
    """

    patient: str
    in_pixels: str


def read_headers(paths: Mapping[str, Path]) -> dict[str, Header]:
    """Picture id -> header, of every DICOM file; one that is damaged has none.

    Args:
        paths: picture id -> file.
    """
    dicom = {name: path for name, path in paths.items() if path.suffix.lower() in DICOM_SUFFIXES}
    found = {name: _header(path) for name, path in dicom.items()}
    return {name: header for name, header in found.items() if header is not None}


def with_groups(rows: Rows, headers: Mapping[str, Header], key: Key | None = None) -> Rows:
    """The rows, each DICOM file that the table leaves without a group in that of its patient.

    A group is the pseudonym of its patient, or without a key the id of the patient's first
    radiograph: no patient number gets into a data folder by itself.
    """
    groups = {name: row["group"] for name, row in rows.items() if row.get("group")}
    if key:
        groups = {name: key.pseudonym("patient", group) for name, group in groups.items()}
    first: dict[str, str] = {}
    for name, header in headers.items():
        if header.patient and name not in groups:
            patient = key.pseudonym("patient", header.patient) if key else name
            groups[name] = first.setdefault(header.patient, patient)
    return rows | {name: rows.get(name, {}) | {"group": group} for name, group in groups.items()}


def pseudonymous(catalogue: Catalogue, headers: Mapping[str, Header], key: Key) -> Catalogue:
    """The same radiographs under pseudonyms, but those whose pixels may name the patient.

    The groups are pseudonyms already.
    """
    told = {name: header.in_pixels for name, header in headers.items() if header.in_pixels}
    names = {name: key.pseudonym("radiograph", name) for name in catalogue.left_out}
    return replace(
        catalogue,
        entries=tuple(
            replace(entry, id=key.pseudonym("radiograph", entry.id))
            for entry in catalogue.entries
            if entry.id not in told
        ),
        left_out={
            **dict.fromkeys(names.values(), "there is no such picture"),
            **{key.pseudonym("radiograph", name): why for name, why in told.items()},
        },
        pseudonyms=True,
    )


def _header(path: Path) -> Header | None:
    try:
        with path.open("rb") as file:
            dataset = parse_dicom(file, str(path), pixels=False)
            return Header(patient_of(dataset), in_pixels(dataset))
    except Exception:  # whatever pydicom trips over; the scan of the pictures tells what is wrong
        return None
