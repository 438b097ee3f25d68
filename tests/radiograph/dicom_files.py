"""DICOM radiographs that a test writes."""

import io

import numpy as np
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

CR = "1.2.840.10008.5.1.4.1.1.1"


def dataset(pixels, *, bits=12, kind=CR, **tags):
    """A CR image of stored values [H, W] or [H, W, 3], as a pydicom dataset."""
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID = kind
    made.SOPInstanceUID = generate_uid(entropy_srcs=["a test"])
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    made.StudyInstanceUID = generate_uid(entropy_srcs=["study"])
    made.SeriesInstanceUID = generate_uid(entropy_srcs=["series"])
    made.Modality = "CR"
    made.PatientID, made.PatientName = "p1", "Doe^Jane"
    made.Rows, made.Columns = pixels.shape[:2]
    made.SamplesPerPixel = 1 if pixels.ndim == 2 else 3
    made.PhotometricInterpretation = "MONOCHROME2" if pixels.ndim == 2 else "RGB"
    if pixels.ndim == 3:
        made.PlanarConfiguration, bits = 0, 8
    made.BitsStored, made.HighBit = bits, bits - 1
    made.BitsAllocated = 8 if bits == 8 else 16
    made.PixelRepresentation = int(pixels.dtype.kind == "i")
    stored = pixels.astype("u1" if bits == 8 else pixels.dtype.newbyteorder("<"))
    made.PixelData = stored.tobytes() + b"\0" * (stored.nbytes % 2)
    for name, value in tags.items():
        setattr(made, name, value)
    return made


def encoded(made):
    """The bytes of its file."""
    out = io.BytesIO()
    made.save_as(out, enforce_file_format=True)
    return out.getvalue()


def transcoded(data, syntax, folder):
    """The same image in another of GDCM's transfer syntaxes, such as "JPEGLosslessProcess14_1"."""
    import gdcm

    plain, changed = folder / "plain.dcm", folder / f"{syntax}.dcm"
    plain.write_bytes(data)
    reader = gdcm.ImageReader()
    reader.SetFileName(str(plain))
    assert reader.Read()
    change = gdcm.ImageChangeTransferSyntax()
    change.SetTransferSyntax(gdcm.TransferSyntax(getattr(gdcm.TransferSyntax, syntax)))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer = gdcm.ImageWriter()
    writer.SetFileName(str(changed))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write()
    return changed.read_bytes()


def ramp(height=48, width=64, *, low=0, high=4095):
    """Stored values that use their whole range, uint16 [H, W]."""
    v, u = np.indices((height, width))
    return np.rint(low + (high - low) * (v * width + u) / (height * width - 1)).astype(np.uint16)
