"""The overlay of a finding as a DICOM secondary capture, for viewers that show nothing else."""

from typing import TYPE_CHECKING

from bonefrac.inference.dicom_out.origin import Origin
from bonefrac.inference.dicom_out.source import carry_loss, carry_side, place
from bonefrac.inference.dicom_out.terms import SOURCE_IMAGE
from bonefrac.schema import NOT_A_DEVICE

if TYPE_CHECKING:
    from pydicom import Dataset

_SERIES = 9103


def capture(origin: Origin) -> "Dataset":
    """Make a colour SC of a finding, of the size of its radiograph.

    Lines, numbers and "research use only" are burned in. It has no pixel spacing: lengths are to
    be measured on the radiograph.
    """
    from highdicom.sc import SCImage

    source = origin.source
    made: Dataset = SCImage(
        pixel_array=origin.finding.overlay(),
        photometric_interpretation="RGB",
        bits_allocated=8,
        coordinate_system="PATIENT",
        # Demanded here, and checked against two words; `place` puts the radiograph's own.
        patient_orientation=("L", "F"),
        study_instance_uid=str(source.StudyInstanceUID),
        content_qualification="RESEARCH",
        **origin.identity("sc", number=_SERIES),
    )
    place(made, source)
    carry_side(made, source)
    carry_loss(made, source)
    made.BurnedInAnnotation = "YES"
    made.ConversionType = "WSD"
    made.DerivationDescription = f"The finding of the model {origin.model}, drawn. {NOT_A_DEVICE}"
    made.SourceImageSequence = [_source_image(source)]
    made.DateOfSecondaryCapture = origin.made.strftime("%Y%m%d")
    made.TimeOfSecondaryCapture = origin.made.strftime("%H%M%S.%f")
    origin.finish(made)
    return made


def _source_image(source: "Dataset") -> "Dataset":
    from highdicom.sr.coding import CodedConcept
    from pydicom import Dataset

    image = Dataset()
    image.ReferencedSOPClassUID = source.SOPClassUID
    image.ReferencedSOPInstanceUID = source.SOPInstanceUID
    image.PurposeOfReferenceCodeSequence = [CodedConcept.from_code(SOURCE_IMAGE)]
    image.SpatialLocationsPreserved = "YES"
    return image
