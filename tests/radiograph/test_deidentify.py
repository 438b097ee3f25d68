"""Nothing of the patient is in a de-identified file, and all that a model needs is."""

import csv
import io
import uuid
from pathlib import Path

import numpy as np
import pydicom
import pytest
from dicom_files import CR, dataset, encoded, ramp
from pydicom.datadict import dictionary_has_tag, dictionary_VR, tag_for_keyword
from pydicom.uid import ImplicitVRLittleEndian

from bonefrac.errors import BonefracError
from bonefrac.radiograph.deidentify import profile
from bonefrac.radiograph.deidentify.dataset import deidentify
from bonefrac.radiograph.deidentify.key import Key
from bonefrac.radiograph.reader import read

KEY, OTHER_KEY = Key(b"k" * 32), Key(b"o" * 32)
CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
# Tag and action of the Basic Profile: PS3.15 2026c, table E.1-1.
TABLE = Path(__file__).parent / "table_e1_1.csv"
SECRETS = {
    **dict.fromkeys(("LO", "SH", "ST", "LT", "UT", "UC", "CS", "AE", "UR"), "ZQSECRET"),
    **{"PN": "Zqname^Zqfirst", "DA": "19870604", "TM": "171819.2", "AS": "042Y"},
    **{"DT": "19870604171819.2", "DS": "98765.4", "IS": "9876543", "UI": "1.2.826.0.1.98765.4"},
    **dict.fromkeys(("OB", "UN", "OW"), b"ZQSECRET"),
}
WINDOW = {"WindowCenter": 2048, "WindowWidth": 4096}


def table():
    """Tag -> action."""
    with TABLE.open(newline="", encoding="utf-8") as file:
        return {int(row["tag"], 16): row["action"] for row in csv.DictReader(file)}


def clean(made, **options):
    """The dataset that comes out, and its bytes."""
    data = made if isinstance(made, bytes) else encoded(made)
    found = deidentify(data, "a.dcm", key=options.pop("key", KEY), **options)
    return pydicom.dcmread(io.BytesIO(found.data)), found.data


def secret_dataset():
    """Every attribute of the table with something to hide, and once more in a sequence."""
    made = dataset(np.zeros((8, 8), np.uint16), kind=CR)
    kept_ids = {tag_for_keyword(k) for k in ("SOPInstanceUID", "PixelData")}
    hidden = pydicom.Dataset()
    for tag in table():
        vr = dictionary_VR(tag).split(" or ")[0] if dictionary_has_tag(tag) else "LO"
        if tag not in kept_ids and tag >> 16 > 2 and vr in SECRETS:
            made.add_new(tag, vr, SECRETS[vr])
            hidden.add_new(tag, vr, SECRETS[vr])
        elif vr == "SQ" and tag != tag_for_keyword("ContentSequence"):
            made.add_new(tag, vr, [pydicom.Dataset()])
            made[tag].value[0].PatientName = SECRETS["PN"]
    for keyword in profile.IDENTIFIERS:  # another word: texts go by the list, not by their words
        made[keyword].value = "ZQIDENT"
        hidden[keyword].value = "ZQIDENT"
    block = made.private_block(0x0011, "ZQSECRET", create=True)
    block.add_new(1, "LO", "ZQSECRET")
    hidden.private_block(0x0013, "ZQSECRET", create=True).add_new(1, "UN", b"ZQSECRET")
    made.SourceImageSequence = [hidden]
    made.SourceImageSequence[0].ReferencedSOPClassUID = CR
    made.add_new(0x60003000, "OW", b"ZQSECRET")
    made.add_new(0x60004000, "LT", "ZQSECRET")
    made.BodyPartExamined = "HAND"
    return made


def test_no_value_of_any_attribute_of_the_table_is_left():
    made = secret_dataset()
    old = [str(made.SOPInstanceUID), "98765.4", "9876543", "1.2.826.0.1.98765", "19870604"]
    made.file_meta.SourceApplicationEntityTitle = "ZQSECRET"
    made.file_meta.PrivateInformationCreatorUID = SECRETS["UI"]
    made.file_meta.PrivateInformation = b"ZQSECRET"
    made.preamble = b"ZQSECRET" * 16
    made.PixelData += b"ZQSECRET"
    data = encoded(made)
    assert all(value.encode() in data for value in old)
    found, after = clean(data)
    for value in (*old, "ZQSECRET", "ZQIDENT", "Zqname", "Zqfirst", "171819", "042Y"):
        assert value.lower().encode() not in after.lower(), value
    assert found.BodyPartExamined == "HAND"
    assert found.PatientIdentityRemoved == "YES"
    assert found.DeidentificationMethodCodeSequence[0].CodeValue == "113100"
    assert found.preamble == b"\0" * 128


def test_nothing_that_the_table_names_stays():
    actions = table()
    named = {k for k in profile.KEPT if tag_for_keyword(k) in actions}
    assert named == {"ContentSequence", "SourceImageSequence"}
    assert {actions[tag_for_keyword(k)] for k in profile.HASHED} == {"U"}
    assert all(
        tag_for_keyword(keyword)
        for listed in (profile.KEPT, profile.HASHED, profile.NAMED, profile.EMPTIED)
        for keyword in (*listed, *profile.IDENTIFIERS)
    )


def test_pixels_and_how_they_are_shown_stay():
    tags = {"RescaleSlope": 2, "RescaleIntercept": -5, "PresentationLUTShape": "INVERSE"}
    tags |= {"ImagerPixelSpacing": [0.2, 0.1], "ImageLaterality": "L", "ViewPosition": "LL"}
    before = encoded(dataset(ramp(), **WINDOW, **tags))
    _, after = clean(before)
    one, other = read(before), read(after)
    assert (one.pixels == other.pixels).all()
    assert (one.spacing, one.view, one.laterality) == (other.spacing, other.view, other.laterality)


def test_references_between_files_still_hold():
    first = dataset(ramp(8, 8))
    second = dataset(ramp(8, 8), SOPInstanceUID="1.2.3.4")
    item = pydicom.Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = CR, first.SOPInstanceUID
    second.SourceImageSequence = [item]
    a, b = clean(first)[0], clean(second)[0]
    assert b.SourceImageSequence[0].ReferencedSOPInstanceUID == a.SOPInstanceUID
    assert (a.StudyInstanceUID, a.PatientID) == (b.StudyInstanceUID, b.PatientID)
    assert a.SOPInstanceUID != b.SOPInstanceUID
    assert a.file_meta.MediaStorageSOPInstanceUID == a.SOPInstanceUID


def test_pseudonyms_are_those_of_the_key():
    made = dataset(ramp(8, 8))
    same, again, other = clean(made)[0], clean(made)[0], clean(made, key=OTHER_KEY)[0]
    assert same == again
    for keyword in ("PatientID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"):
        assert len({made[keyword].value, same[keyword].value, other[keyword].value}) == 3


def test_a_uid_is_a_uuid_and_valid():
    for k in range(50):
        uid = pydicom.uid.UID(KEY.uid(f"1.2.{k}"))
        assert uid.is_valid
        number = uuid.UUID(int=int(uid.removeprefix("2.25.")))
        assert (number.variant, number.version) == (uuid.RFC_4122, 8)


def test_padding_does_not_make_another_patient():
    assert KEY.pseudonym("patient", "p1 ") == KEY.pseudonym("patient", "p1")
    assert KEY.pseudonym("patient", "p1") != KEY.pseudonym("study", "p1")


def test_no_one_is_not_a_patient():
    found, _ = clean(dataset(ramp(8, 8), PatientID="", PatientName=""))
    assert (found.PatientID, found.PatientName) == ("", "")


def test_a_name_in_a_text_takes_the_text_with_it():
    tags = {"PatientName": "Méndez^Anna", "ManufacturerModelName": "Plate of MÉNDEZ"}
    tags |= {"SpecificCharacterSet": "ISO_IR 192", "SoftwareVersions": ["1.0", "for_anna"]}
    found, data = clean(dataset(ramp(8, 8), Manufacturer="Plates Inc", **tags))
    assert found.Manufacturer == "Plates Inc"
    assert "ManufacturerModelName" not in found
    assert "SoftwareVersions" not in found
    assert "anna" not in data.decode("latin1").lower()


def test_a_text_where_a_number_belongs_goes():
    made = dataset(ramp(8, 8))
    made.add_new("KVP", "LO", "Doe^Jane")
    made.Exposure = "12345678"
    found, data = clean(encoded(made).replace(b"12345678", b"Doe^Jane"))
    assert not {"KVP", "Exposure"} & set(found.dir())
    assert b"Jane" not in data


def test_meanings_in_a_hospitals_own_words_go():
    codes = []
    for scheme in ("99CLINIC", "SCT"):
        code = pydicom.Dataset()
        code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "1", scheme, f"of {scheme}"
        codes.append(code)
    found, _ = clean(dataset(ramp(8, 8), AnatomicRegionSequence=codes))
    assert [code.CodeMeaning for code in found.AnatomicRegionSequence] == ["of SCT"]


def test_an_item_of_which_nothing_stays_keeps_its_place():
    items = [pydicom.Dataset() for _ in range(3)]
    items[0].PatientName = "Doe^Jane"
    items[1].SegmentNumber = 7
    found, _ = clean(dataset(ramp(8, 8), PerFrameFunctionalGroupsSequence=items))
    assert [len(item) for item in found.PerFrameFunctionalGroupsSequence] == [0, 1, 0]


def test_implicit_vr_stays_implicit():
    made = dataset(ramp())
    made.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    found, data = clean(made)
    assert found.file_meta.TransferSyntaxUID == ImplicitVRLittleEndian
    assert (read(data).pixels == read(encoded(made)).pixels).all()


REFUSED = [
    ({"BurnedInAnnotation": "YES"}, "says BurnedInAnnotation YES"),
    ({"RecognizableVisualFeatures": "YES"}, "says RecognizableVisualFeatures YES"),
    ({"kind": CAPTURE}, "is a secondary capture"),
    ({"ImageType": ["DERIVED", "SECONDARY", "SCREEN SAVE"]}, "is an image of type SCREEN SAVE"),
]


@pytest.mark.parametrize(("tags", "told"), REFUSED)
def test_pixels_that_may_name_somebody_are_refused_unless_asked_for(tags, told):
    made = dataset(ramp(8, 8), **tags)
    with pytest.raises(BonefracError, match=told):
        clean(made)
    assert clean(made, burned_in=True)[0].PatientIdentityRemoved == "NO"


def test_other_kinds_are_refused_whatever_is_asked_for():
    with pytest.raises(BonefracError, match="CT Image Storage"):
        clean(dataset(ramp(8, 8), kind="1.2.840.10008.5.1.4.1.1.2"), burned_in=True)


def test_an_overlay_in_spare_bits_is_refused():
    made = dataset(ramp(8, 8))
    made.add_new(0x60000102, "US", 12)
    with pytest.raises(BonefracError, match="spare bits"):
        clean(made)


def test_a_file_without_uids_is_refused():
    with pytest.raises(BonefracError, match="no StudyInstanceUID"):
        clean(dataset(ramp(8, 8), StudyInstanceUID=""))


def test_a_damaged_file_is_refused_without_a_word_of_it():
    data = encoded(dataset(ramp(), PatientName="Zqsecret^Jane"))
    rng = np.random.default_rng(0)
    for _ in range(150):
        damaged = bytearray(data[: rng.integers(140, len(data))])
        for place in rng.integers(132, min(len(damaged), 700), 3):
            damaged[place] = rng.integers(256)
        try:
            deidentify(bytes(damaged), "a.dcm", key=KEY)
        except BonefracError as error:
            assert "secret" not in str(error)


def test_whether_it_is_silent_on_burned_in_text_is_told():
    for tags, silent in (({}, True), ({"BurnedInAnnotation": "NO"}, False)):
        data = encoded(dataset(ramp(8, 8), **tags))
        assert deidentify(data, "a.dcm", key=KEY).silent is silent


def test_a_short_key_is_refused(tmp_path):
    (tmp_path / "key").write_text("hunter2\n", encoding="utf-8")
    with pytest.raises(BonefracError, match="7 bytes"):
        Key.read(tmp_path / "key")
    with pytest.raises(BonefracError, match="openssl rand"):
        Key.read(tmp_path / "none")


def test_a_free_text_that_tells_lesions_apart_becomes_a_pseudonym():
    segments = [pydicom.Dataset() for _ in range(2)]
    for segment, text in zip(segments, ("wrist of Doe, 3 May", "other one"), strict=True):
        segment.TrackingID, segment.TrackingUID = text, "1.2.3"
    found, data = clean(dataset(ramp(8, 8), SegmentSequence=segments))
    assert b"3 May" not in data
    assert len({segment.TrackingID for segment in found.SegmentSequence}) == 2


def test_a_long_code_is_held_to_what_a_text_is():
    code = pydicom.Dataset()
    code.LongCodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "Doe-" * 9, "SCT", "Hand"
    found, _ = clean(dataset(ramp(8, 8), AnatomicRegionSequence=[code]))
    assert "LongCodeValue" not in found.AnatomicRegionSequence[0]
