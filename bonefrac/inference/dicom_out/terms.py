"""The codes that results speak in: PS3.16, SNOMED CT, and one of ours where neither has it."""

from highdicom.sr.coding import CodedConcept
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

# SNOMED CT's morphologic abnormality. Neither CID 6114 of osseous findings nor CID 7159 of lesions
# that are segmented lists a fracture; both may be extended.
FRACTURE = Code("72704001", "SCT", "Fracture")
ABNORMAL = codes.SCT.MorphologicallyAbnormalStructure  # CID 7150
LEARNED = codes.DCM.ArtificialIntelligence  # CID 7162
PROCEDURE = codes.LN.XRUnspecifiedBodyRegion

PRESENT, ABSENT, UNDETERMINED = (
    codes.SCT.Present,
    codes.SCT.Absent,
    codes.SCT.Undetermined,
)
INDETERMINATE = codes.SCT.Indeterminate

CERTAINTY = codes.DCM.CertaintyOfFinding  # 0 to 100 %, of a single lesion
COMMENT = codes.DCM.Comment
SOURCE_IMAGE = codes.DCM.SourceImageForImageProcessingOperation

SCHEME = "99BONEFRAC"
# "Probability of cancer" is the only probability of a disease in PS3.16.
PROBABILITY = CodedConcept("fracture-probability", SCHEME, "Probability of fracture")
