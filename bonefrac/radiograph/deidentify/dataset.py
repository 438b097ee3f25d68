"""A DICOM file without its patient: bytes in, bytes out, by the profile's list of what stays."""

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bonefrac.errors import BonefracError
from bonefrac.radiograph.deidentify import profile, refusal
from bonefrac.radiograph.deidentify.cleaning import Cleaner, identifying_words
from bonefrac.radiograph.deidentify.key import Key
from bonefrac.radiograph.deidentify.pixels import clean_pixels
from bonefrac.radiograph.dicom import is_dicom, parse_dicom

if TYPE_CHECKING:
    from pydicom import Dataset

_UTF_8 = "ISO_IR 192"


@dataclass(frozen=True)
class Deidentified:
    """A file without its patient.

    Attributes:
        data: the whole file.
        patient: pseudonym of the patient, or of the study where the file names no patient.
        study: its new UID; likewise `instance`.
        silent: whether nothing says if text is burned into the pixels.
    """

    data: bytes
    patient: str
    study: str
    instance: str
    silent: bool


def patient_of(dataset: "Dataset") -> str:
    """The patient ID, else the UID of the study, else that of the instance; "" without any."""
    keywords = ("PatientID", "StudyInstanceUID", "SOPInstanceUID")
    values = (str(dataset.get(keyword) or "").strip() for keyword in keywords)
    return next(filter(None, values), "")


def deidentify(data: bytes, name: str, *, key: Key, burned_in: bool = False) -> Deidentified:
    """Take the patient out of a CR, DX, SC, SEG or SR file (PS3.15 annex E, Basic Profile).

    What `profile.KEPT` does not name is removed, at every depth. UIDs and the patient become
    pseudonyms of the key; dates go. Pixels are not changed.

    Args:
        data: of the whole file.
        name: of the file, for errors.
        key: the same for all files that belong together.
        burned_in: also take files whose pixels may name the patient. They are not cleaned, so
            `PatientIdentityRemoved` is NO in them.

    Raises:
        BonefracError: another kind of file, a deflated or damaged one, or one whose pixels may
            name the patient.
    """
    import pydicom

    if not is_dicom(data):
        raise BonefracError(f"{name} is no DICOM file", expected="one", fix="Leave it out")
    with pydicom.config.disable_value_validation():  # odd values are judged here
        try:
            dataset = parse_dicom(io.BytesIO(data), name)
            told = _require_clean(dataset, name, burned_in)
            made = _made(dataset, name, key, told)
            out = io.BytesIO()
            made.save_as(out, enforce_file_format=True)
        except BonefracError:
            raise
        except Exception as error:  # pydicom raises whatever it trips over
            # Its message may quote a value: the kind of error only.
            raise BonefracError(
                f"{name} cannot be read ({type(error).__name__})",
                expected="a whole DICOM file",
                fix="Fetch the file again",
            ) from None
    who = key.pseudonym("patient", patient_of(dataset))
    silent = refusal.silent(dataset)
    return Deidentified(
        out.getvalue(), who, str(made.StudyInstanceUID), str(made.SOPInstanceUID), silent
    )


def _require_clean(dataset: "Dataset", name: str, burned_in: bool) -> str:
    """What the pixels may tell, "" if nothing; refuse what must not go on."""
    if kind := refusal.unknown_kind(dataset):
        raise BonefracError(
            f"{name} {kind}", expected="a CR, DX, SC, SEG or SR file", fix="Leave it out"
        )
    if refusal.hidden_overlay(dataset):
        raise BonefracError(
            f"{name} has an overlay in the spare bits of its pixels",
            expected="pixels and nothing else",
            fix="Export it anew without overlays",
        )
    for keyword in ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"):
        if not dataset.get(keyword):
            raise BonefracError(f"{name} has no {keyword}", expected="one", fix="Leave it out")
    told = refusal.in_pixels(dataset)
    if told and not burned_in:
        raise BonefracError(
            f"{name} {told}",
            expected="pixels that name nobody",
            fix="Leave it out, or take it as it is with --burned-in and look at it",
        )
    return told


def _made(dataset: "Dataset", name: str, key: Key, told: str) -> "Dataset":
    from pydicom.dataset import FileMetaDataset

    kind = str(dataset.SOPClassUID)
    made = Cleaner(key, words=identifying_words(dataset)).cleaned(dataset)
    made.SpecificCharacterSet = _UTF_8
    _fill(made, dataset, kind)
    made.PatientName = made.PatientID = _pseudonym(dataset, key)
    _tell(made, kind, identity_removed=not told)
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = dataset.file_meta.TransferSyntaxUID
    made.preamble = b"\0" * 128  # a TIFF header can lie there, with texts of its own
    clean_pixels(made, name)
    return made


def _pseudonym(dataset: "Dataset", key: Key) -> str:
    """Of the patient ID; empty where there is none, for no one is not a patient."""
    patient = str(dataset.get("PatientID") or "").strip()
    return key.pseudonym("patient", patient) if patient else ""


def _fill(made: "Dataset", dataset: "Dataset", kind: str) -> None:
    """What must be there and is not kept."""
    strict = kind == profile.SEGMENTATION or kind in profile.REPORTS
    dummies = profile.DUMMIES if strict else {}
    for keyword in sorted(profile.EMPTIED | set(dummies)):
        if keyword in dataset:
            setattr(made, keyword, dummies.get(keyword, _nothing(keyword)))


def _nothing(keyword: str) -> Any:
    return [] if keyword.endswith("Sequence") else ""


def _tell(made: "Dataset", kind: str, *, identity_removed: bool) -> None:
    """How it was de-identified: PS3.15 E.1.1, PS3.16 CID 7050."""
    from pydicom import Dataset

    made.PatientIdentityRemoved = "YES" if identity_removed else "NO"
    made.DeidentificationMethod = "bonefrac: only attributes on a list stay"
    made.LongitudinalTemporalInformationModified = "REMOVED"
    options = [profile.CLEAN_CONTENT] if kind in profile.REPORTS else []
    made.DeidentificationMethodCodeSequence = []
    for value, meaning in (profile.BASIC_PROFILE, *options):
        code = Dataset()
        code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, "DCM", meaning
        made.DeidentificationMethodCodeSequence.append(code)
