"""The lesions of a finding as a DICOM segmentation: one binary segment each, pixel for pixel."""

from typing import TYPE_CHECKING

import bonefrac
from bonefrac.inference.dicom_out.lesions import labelled
from bonefrac.inference.dicom_out.origin import MAKER, Origin
from bonefrac.inference.dicom_out.source import place
from bonefrac.inference.dicom_out.terms import ABNORMAL, FRACTURE, LEARNED

if TYPE_CHECKING:
    from pydicom import Dataset

_SERIES = 9101


def segmentation(origin: Origin) -> "Dataset":
    """Make a SEG of a finding with lesions, in the pixels of its radiograph.

    Args:
        origin: of a finding with one box or more.

    Returns:
        Segment n is the lesion of box n, counted from 1, in frame n.
    """
    from highdicom.content import AlgorithmIdentificationSequence
    from highdicom.seg import SegmentAlgorithmTypeValues, Segmentation, SegmentDescription

    algorithm = AlgorithmIdentificationSequence(
        name=origin.model, family=LEARNED, version=bonefrac.__version__, source=MAKER
    )
    segments = [
        SegmentDescription(
            segment_number=number,
            segment_label=f"Fracture {number}",
            segmented_property_category=ABNORMAL,
            segmented_property_type=FRACTURE,
            algorithm_type=SegmentAlgorithmTypeValues.AUTOMATIC,
            algorithm_identification=algorithm,
            tracking_uid=tracking(origin, number),
            tracking_id=f"Fracture {number}",
        )
        for number in range(1, len(origin.finding.boxes) + 1)
    ]
    made = Segmentation(
        source_images=[origin.reference],
        pixel_array=labelled(origin.finding)[None],
        segmentation_type="BINARY",
        segment_descriptions=segments,
        content_label="FRACTURES",
        content_description="Fractures outlined by a model",
        content_qualification="RESEARCH",
        **origin.identity("seg", number=_SERIES),
    )
    _settle(made, origin)
    return made


def tracking(origin: Origin, number: int) -> str:
    """UID of a lesion, the same in the segmentation and in the report."""
    return origin.instance("lesion", str(number))


def _settle(made: "Dataset", origin: Origin) -> None:
    """Give what highdicom does not copy, and nothing that chance chose."""
    place(made, origin.source)
    dimensions = origin.instance("seg", "dimensions")
    for item in (*made.DimensionOrganizationSequence, *made.DimensionIndexSequence):
        item.DimensionOrganizationUID = dimensions
    origin.finish(made)
