"""A finding as a DICOM structured report, TID 1500: verdict, probability, and each lesion."""

from typing import TYPE_CHECKING, Any

import highdicom.sr as hsr
import numpy as np
from highdicom.coding_schemes import CodingSchemeIdentificationItem
from pydicom.sr.codedict import codes

import bonefrac
from bonefrac.inference.dicom_out.origin import MAKER, Origin, plain, uid
from bonefrac.inference.dicom_out.segmentation import tracking
from bonefrac.inference.dicom_out.terms import (
    ABNORMAL,
    ABSENT,
    CERTAINTY,
    COMMENT,
    FRACTURE,
    INDETERMINATE,
    LEARNED,
    PRESENT,
    PROBABILITY,
    PROCEDURE,
    SCHEME,
    UNDETERMINED,
)
from bonefrac.schema import NOT_A_DEVICE, VERDICT_DOUBT, VERDICT_FRACTURE, VERDICT_NONE

if TYPE_CHECKING:
    from pydicom import Dataset

    from bonefrac.inference.finding import Box

_SERIES = 9102
_ANSWERS = {VERDICT_FRACTURE: PRESENT, VERDICT_DOUBT: INDETERMINATE, VERDICT_NONE: ABSENT}
# Of the lesion itself; the sides of its rectangle change when the picture is turned.
_SIZES = (
    ("length_mm", codes.SCT.Length, codes.UCUM.Millimeter),
    ("area_mm2", codes.SCT.Area, codes.UCUM.SquareMillimeter),
)


def report(origin: Origin, *, segmentation: "Dataset | None", spatial: bool) -> "Dataset":
    """Make an unverified report of a finding.

    The first group of measurements is of the whole picture, the others are of one lesion each.

    Args:
        origin: of the finding.
        segmentation: that the lesions refer to, or None: to their boxes in the radiograph.
        spatial: as Comprehensive 3D SR.
    """
    content = hsr.MeasurementReport(
        observation_context=_observer(origin),
        procedure_reported=PROCEDURE,
        imaging_measurements=[_picture(origin), *_lesions(origin, segmentation)],
    )
    make = hsr.Comprehensive3DSR if spatial else hsr.ComprehensiveSR
    evidence = [origin.reference, *([] if segmentation is None else [segmentation])]
    variant = ("3d" if spatial else "2d", "boxes" if segmentation is None else "segments")
    made = make(
        evidence=evidence,
        content=content[0],
        is_complete=True,
        content_qualification="RESEARCH",
        coding_schemes=[CodingSchemeIdentificationItem(SCHEME, name=MAKER)],
        **origin.identity("sr", *variant, number=_SERIES),
    )
    origin.finish(made)
    return made


def _observer(origin: Origin) -> hsr.ObservationContext:
    device = hsr.DeviceObserverIdentifyingAttributes(
        uid=uid(bonefrac.__version__, origin.finding.model),
        name=MAKER,
        manufacturer_name=MAKER,
        model_name=origin.model,
    )
    return hsr.ObservationContext(
        observer_device_context=hsr.ObserverContext(
            observer_type=codes.DCM.Device, observer_identifying_attributes=device
        )
    )


def _algorithm(origin: Origin) -> hsr.AlgorithmIdentification:
    return hsr.AlgorithmIdentification(
        name=origin.model, version=bonefrac.__version__, family=LEARNED, manufacturer=MAKER
    )


def _picture(origin: Origin) -> hsr.MeasurementsAndQualitativeEvaluations:
    """What is said of the whole picture: no finding by itself, as the answer may be "absent"."""
    finding, source = origin.finding, origin.source
    answer = _ANSWERS.get(finding.verdict, UNDETERMINED)
    measured = []
    if finding.probability is not None:  # as it is where the picture is not assessable
        probability = round(finding.probability, 4)
        measured.append(hsr.Measurement(PROBABILITY, probability, codes.UCUM.NoUnits))
    group = hsr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=hsr.TrackingIdentifier(origin.instance("picture"), "Radiograph"),
        measurements=measured,
        qualitative_evaluations=[hsr.QualitativeEvaluation(FRACTURE, answer)],
        source_images=[
            hsr.SourceImageForMeasurementGroup(source.SOPClassUID, source.SOPInstanceUID)
        ],
        algorithm_id=_algorithm(origin),
    )
    for line in _lines(origin):
        group[0].ContentSequence.append(
            hsr.TextContentItem(COMMENT, line, hsr.RelationshipTypeValues.CONTAINS)
        )
    return group


def _lines(origin: Origin) -> list[str]:
    """What a human reads beside the codes."""
    finding = origin.finding
    told = [f"Verdict: {finding.verdict}", finding.reason]
    if not finding.boxes:
        told.append("" if finding.reason else "No lesion is outlined")
    elif finding.spacing is None or not finding.spacing.in_patient:
        known = f"of: {finding.spacing.provenance}" if finding.spacing else "not told"
        told.append(f"No sizes in the patient: the spacing of the pixels is {known}")
    return [plain(line) for line in (*told, *finding.notes, NOT_A_DEVICE) if line]


def _lesions(
    origin: Origin, segmentation: "Dataset | None"
) -> list[hsr.PlanarROIMeasurementsAndQualitativeEvaluations]:
    return [
        hsr.PlanarROIMeasurementsAndQualitativeEvaluations(
            tracking_identifier=hsr.TrackingIdentifier(
                tracking(origin, number), f"Fracture {number}"
            ),
            finding_type=FRACTURE,
            finding_category=ABNORMAL,
            algorithm_id=_algorithm(origin),
            measurements=_measurements(box),
            **_where(origin, segmentation, number),
        )
        for number, box in enumerate(origin.finding.boxes, start=1)
    ]


def _measurements(box: "Box") -> list[hsr.Measurement]:
    certainty = hsr.Measurement(CERTAINTY, round(100 * box.score, 2), codes.UCUM.Percent)
    known = [(getattr(box, name), term, unit) for name, term, unit in _SIZES]
    sizes = [
        hsr.Measurement(term, round(size, 2), unit)
        for size, term, unit in known
        if size is not None
    ]
    return [certainty, *sizes]


def _where(origin: Origin, segmentation: "Dataset | None", number: int) -> dict[str, Any]:
    """Where a lesion lies: its segment, or the corners of its box."""
    image = str(origin.source.SOPClassUID), str(origin.source.SOPInstanceUID)
    if segmentation is not None:
        segment = hsr.ReferencedSegmentationFrame(
            sop_class_uid=segmentation.SOPClassUID,
            sop_instance_uid=segmentation.SOPInstanceUID,
            frame_number=number,
            segment_number=number,
            source_image=hsr.SourceImageForSegmentation(*image),
        )
        # The frame holds that segment only, and both may not be given: PS3.3 table C.18.4-1.
        del segment[0].ReferencedSOPSequence[0].ReferencedSegmentNumber
        return {"referenced_segment": segment}
    box = origin.finding.boxes[number - 1]
    left, top, right, bottom = box.x, box.y, box.x + box.width, box.y + box.height
    # Columns and rows from the outer corner of the first pixel, as ours are: PS3.3 C.18.6.1.2.
    corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom), (left, top)])
    region = hsr.ImageRegion(
        hsr.GraphicTypeValues.POLYLINE, corners, hsr.SourceImageForRegion(*image)
    )
    return {"referenced_region": region}
