"""A DICOM radiograph is read as it is shown, and refused before it can do harm."""

import io

import cv2
import numpy as np
import pydicom
import pytest
from dicom_files import CR, dataset, encoded, ramp, transcoded

from bonefrac.data.phantom import draw
from bonefrac.errors import BonefracError
from bonefrac.radiograph.reader import read

WINDOW = {"WindowCenter": 2048, "WindowWidth": 4096}
SYNTAXES = (
    *("RLELossless", "JPEGLosslessProcess14", "JPEGLosslessProcess14_1", "JPEGLSLossless"),
    "JPEG2000Lossless",
)


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_compressed_image_is_that_which_was_not(syntax, tmp_path):
    plain = encoded(dataset(ramp(), **WINDOW))
    other = transcoded(plain, syntax, tmp_path)
    assert other != plain
    assert (read(other).pixels == read(plain).pixels).all()


def test_a_radiograph_is_the_same_as_dicom_and_as_png(tmp_path):
    image = draw(seed=3, index=0).image
    cv2.imwrite(str(tmp_path / "a.png"), image)
    window = {"WindowCenter": 128, "WindowWidth": 256}
    for turned in (False, True):
        stored = 255 - image if turned else image
        name = "MONOCHROME1" if turned else "MONOCHROME2"
        made = dataset(stored, bits=8, PhotometricInterpretation=name, **window)
        assert (read(encoded(made)).pixels == read(tmp_path / "a.png").pixels).all()


def test_a_coloured_capture_is_gray_and_noted():
    colour = np.stack([ramp(high=255)] * 3, axis=-1).astype(np.uint8)
    found = read(encoded(dataset(colour, kind="1.2.840.10008.5.1.4.1.1.7")))
    assert "secondary capture" in found.notes[0].lower()
    assert found.pixels.shape == ramp().shape


@pytest.mark.parametrize("modality", ["CT", "MR", "US", "NM", "MG"])
def test_a_capture_of_another_modality_is_refused(modality):
    made = dataset(ramp(), kind="1.2.840.10008.5.1.4.1.1.7", Modality=modality)
    with pytest.raises(BonefracError, match=rf"modality {modality}.*CR or DX.*plain radiograph"):
        read(encoded(made))


def test_side_view_and_part_are_told():
    tags = {"BodyPartExamined": "LOWER_LEG", "ViewPosition": "LL", "ImageLaterality": "R"}
    found = read(encoded(dataset(ramp(), **WINDOW, **tags)))
    assert (found.body_part, found.view, found.laterality) == ("lower leg", "lateral", "right")
    assert found.spacing is None
    assert found.notes == ()


@pytest.mark.parametrize(
    ("tags", "told"),
    [
        ({"ImagerPixelSpacing": [0.2, 0.1]}, (0.2, 0.1, "detector")),
        ({"PixelSpacing": [0.2, 0.2]}, (0.2, 0.2, "unstated")),
        ({"PixelSpacing": [0.2, 0.2], "ImagerPixelSpacing": [0.2, 0.2]}, (0.2, 0.2, "detector")),
        (
            {"PixelSpacing": [0.1, 0.1], "ImagerPixelSpacing": [0.2, 0.2]},
            (0.1, 0.1, "calibrated"),
        ),
        (
            {"PixelSpacing": [0.2, 0.2], "PixelSpacingCalibrationType": "FIDUCIAL"},
            (0.2, 0.2, "calibrated"),
        ),
        (
            {"ImagerPixelSpacing": [0.2, 0.1], "EstimatedRadiographicMagnificationFactor": 2},
            (0.1, 0.05, "magnification"),
        ),
        ({"NominalScannedPixelSpacing": [0.1, 0.1]}, (0.1, 0.1, "scanned film")),
    ],
)
def test_the_size_of_a_pixel_and_what_it_is_of(tags, told):
    spacing = read(encoded(dataset(ramp(), **WINDOW, **tags))).spacing
    assert (spacing.row_mm, spacing.column_mm, spacing.provenance) == told
    assert spacing.in_patient == (told[2] in ("calibrated", "magnification"))


def test_a_size_of_zero_is_none():
    assert read(encoded(dataset(ramp(), **WINDOW, PixelSpacing=[0, 0]))).spacing is None


def refused(data, *parts):
    with pytest.raises(BonefracError) as error:
        read(data)
    for part in parts:
        assert part in str(error.value)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("1.2.840.10008.5.1.4.1.1.2", "CT Image Storage"),
        ("1.2.840.10008.5.1.4.1.1.4", "MR Image Storage"),
        ("1.2.840.10008.5.1.4.1.1.12.1", "X-Ray Angiographic"),
    ],
)
def test_other_kinds_of_image_are_refused_by_name(kind, name):
    refused(encoded(dataset(ramp(), kind=kind)), name, "a CR or DX image")


def test_a_file_without_a_picture_is_refused():
    made = dataset(ramp())
    del made.PixelData
    refused(encoded(made), "without a picture")


def test_raw_values_are_noted():
    found = read(encoded(dataset(ramp(), kind="1.2.840.10008.5.1.4.1.1.1.1.1", **WINDOW)))
    assert "for processing" in found.notes[0]


def test_too_many_pixels_or_frames_are_refused_before_decoding():
    made = dataset(ramp())
    made.Rows, made.Columns = 60000, 60000
    refused(encoded(made), "60000x60000", "at most 80 Mpx")
    refused(encoded(dataset(ramp(), NumberOfFrames=900)), "900 x")


def test_a_codestream_of_another_size_is_refused_before_decoding(tmp_path):
    data = transcoded(encoded(dataset(ramp(), **WINDOW)), "JPEG2000Lossless", tmp_path)
    start = data.find(b"\xff\x4f\xff\x51")
    bomb = bytearray(data)
    bomb[start + 8 : start + 16] = (50_000).to_bytes(4, "big") * 2
    refused(bytes(bomb), "its compressed picture 50000x50000")


def test_a_deflated_file_is_refused_before_it_is_inflated():
    made = dataset(np.zeros((4000, 4000), np.uint16))
    made.file_meta.TransferSyntaxUID = pydicom.uid.DeflatedExplicitVRLittleEndian
    data = encoded(made)
    assert len(data) < 100_000
    refused(data, "Deflated", "dcmconv")


@pytest.mark.parametrize("share", [0.2, 0.6, 0.99])
def test_a_file_that_is_cut_short_is_refused(share):
    data = encoded(dataset(ramp(), **WINDOW))
    refused(data[: int(share * len(data))])


def test_the_real_radiographs_are_shown_with_bright_bone(shared_data):
    shin = read(shared_data / "dicom" / "RG3_UNC.dcm")
    air, tibia = shin.pixels[300, 500:600], shin.pixels[300, 750:950]
    assert tibia.max() > 4 * air.mean()
    for other in ("RG3_JPLL.dcm", "RG3_J2KR.dcm"):
        assert (read(shared_data / "dicom" / other).pixels == shin.pixels).all()
    assert (shin.view, shin.laterality) == ("frontal", "right")
    assert read(shared_data / "dicom" / "RG2_RLE.dcm").spacing.provenance == "unstated"


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
def test_highdicom_shows_the_same(photometric, function):
    highdicom = pytest.importorskip("highdicom")
    tags = {"WindowCenter": 1500, "WindowWidth": 1800, "VOILUTFunction": function}
    made = dataset(ramp(), PhotometricInterpretation=photometric, **tags)
    data = encoded(made)
    image = highdicom.imread(io.BytesIO(data))
    wanted = image.get_frame(
        1, apply_voi_transform=True, apply_presentation_lut=True, voi_output_range=(0, 255)
    )
    assert np.abs(read(data).pixels - wanted).max() < 0.01
    assert made.SOPClassUID == CR
