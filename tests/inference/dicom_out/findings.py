"""Findings of DICOM radiographs that a test writes, without a network."""

import numpy as np

from bonefrac.inference.finding import Thresholds, find
from bonefrac.radiograph.reader import read
from tests.radiograph.dicom_files import dataset, encoded, ramp

HEIGHT, WIDTH = 240, 320
# Rows, columns and score of each lesion; the second is the surer one, so it is the first box.
LESIONS = ((slice(30, 61), slice(40, 101), 0.7), (slice(120, 133), slice(200, 262), 0.9))


def radiograph(height=HEIGHT, width=WIDTH, **tags):
    """Bytes of a DICOM radiograph that tells what an archive asks for."""
    told = {
        "PatientBirthDate": "19700101",
        "PatientSex": "F",
        "StudyDate": "20260102",
        "StudyTime": "101112",
        "StudyID": "7",
        "AccessionNumber": "A1",
        "ReferringPhysicianName": "Roe^Richard",
        "InstanceNumber": "3",
        "BodyPartExamined": "HAND",
        "Laterality": "L",
        "PatientOrientation": ["L", "F"],
    } | tags
    return encoded(dataset(ramp(height, width), **told))


def found(source, *, lesions=LESIONS, probability=0.93, model="unet_tiny"):
    """A finding of it."""
    shown = read(source)
    mask = np.zeros(shown.size)
    for rows, columns, score in lesions:
        mask[rows, columns] = score
    return find(
        radiograph=shown,
        mask_probability=mask,
        probability=probability,
        thresholds=Thresholds(sure=0.6, doubt=0.3, mask=0.5),
        model=model,
        elapsed_ms=12.0,
    )
