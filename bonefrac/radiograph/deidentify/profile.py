"""Which attributes stay in a de-identified file; whatever is not listed here is removed.

The Basic Application Level Confidentiality Profile of DICOM PS3.15 (2026c), table E.1-1, names what
must go. Here stands the reverse: what CR, DX, SC, SEG and SR need to be read and measured. So what
the standard adds next year, what is retired or private, and what nobody thought of goes too. Of
table E.1-1, `KEPT` holds only two sequences, whose items are cleaned themselves; a test holds it.
"""

CR_DX = {
    "1.2.840.10008.5.1.4.1.1.1": "CR",
    "1.2.840.10008.5.1.4.1.1.1.1": "DX",
    "1.2.840.10008.5.1.4.1.1.1.1.1": "DX for processing",
}
CAPTURES = {
    "1.2.840.10008.5.1.4.1.1.7": "secondary capture",
    "1.2.840.10008.5.1.4.1.1.7.2": "multi-frame secondary capture",
    "1.2.840.10008.5.1.4.1.1.7.3": "multi-frame secondary capture",
    "1.2.840.10008.5.1.4.1.1.7.4": "multi-frame secondary capture",
}
SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"
REPORTS = {
    "1.2.840.10008.5.1.4.1.1.88.11": "basic text report",
    "1.2.840.10008.5.1.4.1.1.88.22": "enhanced report",
    "1.2.840.10008.5.1.4.1.1.88.33": "comprehensive report",
    "1.2.840.10008.5.1.4.1.1.88.34": "comprehensive 3D report",
}
KINDS = CR_DX | CAPTURES | {SEGMENTATION: "segmentation"} | REPORTS

# Values of Image Type that devices write. Whoever is named on a screen is named in the pixels.
SCREEN_SAVES = {"SCREEN SAVE", "SCREENSAVE", "SCREEN SHOT", "SCREENSHOT"}


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_OBJECT = """
    SOPClassUID Modality ImageType PresentationIntentType ConversionType ContentQualification
    InstanceNumber SeriesNumber"""
_EQUIPMENT = "Manufacturer ManufacturerModelName SoftwareVersions"
_ANATOMY = """
    BodyPartExamined ViewPosition ViewCodeSequence ViewModifierCodeSequence Laterality
    ImageLaterality FrameLaterality PatientOrientation AnatomicRegionSequence
    AnatomicRegionModifierSequence"""
_CODES = "CodeValue LongCodeValue CodingSchemeDesignator CodingSchemeVersion CodeMeaning"
_EXPOSURE = """
    KVP ExposureTime ExposureTimeInuS XRayTubeCurrent XRayTubeCurrentInuA Exposure ExposureInuAs
    DistanceSourceToDetector DistanceSourceToPatient EstimatedRadiographicMagnificationFactor
    ImageAndFluoroscopyAreaDoseProduct EntranceDoseInmGy RelativeXRayExposure ExposureIndex
    TargetExposureIndex DeviationIndex Sensitivity Grid FocalSpots AnodeTargetMaterial
    FilterMaterial FilterThicknessMinimum FilterThicknessMaximum PositionerType
    PositionerPrimaryAngle PositionerSecondaryAngle"""
_DETECTOR = """
    DetectorType DetectorConfiguration DetectorActiveShape DetectorActiveDimensions
    DetectorBinning DetectorElementPhysicalSize DetectorElementSpacing ImagerPixelSpacing
    PixelSpacing PixelSpacingCalibrationType NominalScannedPixelSpacing PixelAspectRatio
    CassetteOrientation CassetteSize FieldOfViewShape FieldOfViewDimensions FieldOfViewOrigin
    FieldOfViewRotation FieldOfViewHorizontalFlip"""
_COLLIMATION = """
    CollimatorShape CollimatorLeftVerticalEdge CollimatorRightVerticalEdge
    CollimatorUpperHorizontalEdge CollimatorLowerHorizontalEdge CenterOfCircularCollimator
    RadiusOfCircularCollimator VerticesOfThePolygonalCollimator ShutterShape
    ShutterLeftVerticalEdge ShutterRightVerticalEdge ShutterUpperHorizontalEdge
    ShutterLowerHorizontalEdge ShutterPresentationValue CenterOfCircularShutter
    RadiusOfCircularShutter VerticesOfThePolygonalShutter"""
_PIXELS = """
    SamplesPerPixel PhotometricInterpretation PlanarConfiguration NumberOfFrames Rows Columns
    BitsAllocated BitsStored HighBit PixelRepresentation SmallestImagePixelValue
    LargestImagePixelValue PixelPaddingValue PixelPaddingRangeLimit PixelIntensityRelationship
    PixelIntensityRelationshipSign BurnedInAnnotation RecognizableVisualFeatures
    LossyImageCompression LossyImageCompressionRatio LossyImageCompressionMethod PixelData"""
_GRAYS = """
    RescaleIntercept RescaleSlope RescaleType ModalityLUTSequence ModalityLUTType WindowCenter
    WindowWidth VOILUTFunction VOILUTSequence LUTDescriptor LUTData PresentationLUTShape"""
_REFERENCES = """
    ReferencedSOPClassUID ReferencedSOPSequence ReferencedSeriesSequence ReferencedFrameNumber
    ReferencedSegmentNumber ReferencedInstanceSequence SourceImageSequence
    PurposeOfReferenceCodeSequence DerivationImageSequence DerivationCodeSequence
    SpatialLocationsPreserved CurrentRequestedProcedureEvidenceSequence"""
_SEGMENTS = """
    SegmentationType SegmentationFractionalType MaximumFractionalValue SegmentsOverlap
    SegmentSequence SegmentNumber SegmentLabel SegmentAlgorithmType
    SegmentAlgorithmName SegmentationAlgorithmIdentificationSequence AlgorithmName AlgorithmVersion
    AlgorithmFamilyCodeSequence SegmentedPropertyCategoryCodeSequence
    SegmentedPropertyTypeCodeSequence RecommendedDisplayCIELabValue ContentLabel"""
_FRAMES = """
    SharedFunctionalGroupsSequence PerFrameFunctionalGroupsSequence FrameContentSequence
    DimensionIndexValues SegmentIdentificationSequence PixelMeasuresSequence SliceThickness
    SpacingBetweenSlices PlanePositionSequence ImagePositionPatient PlaneOrientationSequence
    ImageOrientationPatient DimensionOrganizationSequence DimensionOrganizationType
    DimensionIndexSequence DimensionIndexPointer FunctionalGroupPointer"""
_CONTENT = """
    ContentSequence ValueType RelationshipType ContinuityOfContent ConceptNameCodeSequence
    ConceptCodeSequence MeasuredValueSequence NumericValue MeasurementUnitsCodeSequence
    GraphicType GraphicData PixelOriginInterpretation ReferencedContentItemIdentifier
    ContentTemplateSequence MappingResource TemplateIdentifier CompletionFlag PreliminaryFlag"""

KEPT = _names(
    " ".join(
        (
            *(_OBJECT, _EQUIPMENT, _ANATOMY, _CODES, _EXPOSURE, _DETECTOR, _COLLIMATION),
            *(_PIXELS, _GRAYS, _REFERENCES, _SEGMENTS, _FRAMES, _CONTENT),
        )
    )
)

# Each becomes another UID, the same for the same one: references still hold.
HASHED = _names("""
    SOPInstanceUID StudyInstanceUID SeriesInstanceUID FrameOfReferenceUID
    ReferencedSOPInstanceUID DimensionOrganizationUID TrackingUID UID""")

# Becomes a pseudonym: a free text that tells lesions apart, and must be there beside its UID.
NAMED = _names("TrackingID")

# Must be there, and may be empty (type 2).
EMPTIED = _names("""
    StudyDate StudyTime AccessionNumber ReferringPhysicianName PatientBirthDate PatientSex
    StudyID ContentDate ContentTime ContentCreatorName ContentDescription
    PositionReferenceIndicator AcquisitionContextSequence PerformedProcedureCodeSequence
    ReferencedPerformedProcedureStepSequence""")

# Must be there and filled (type 1) in segmentations and reports.
DUMMIES = {
    "ContentDate": "19000101",
    "ContentTime": "000000",
    "DeviceSerialNumber": "REMOVED",
    "VerificationFlag": "UNVERIFIED",  # the observer who verified it is removed
}

# Of a report only what is coded, measured or drawn; a text, a name or a date can tell anything.
CONTENT_KEPT = _names("""
    CONTAINER CODE NUM IMAGE COMPOSITE UIDREF SCOORD""")

# Codes of others are a hospital's own, with meanings in its own words. RFC5646 names languages, and
# 99BONEFRAC is ours.
SCHEMES = _names("""
    DCM SCT SRT SNM3 LN UCUM RADLEX FMA NCIt UMLS RFC5646 99BONEFRAC""")

# An item of a report that loses one of these says nothing any more, and would be no valid item.
CONTENT_NEEDED = _names("""
    ConceptNameCodeSequence ConceptCodeSequence MeasuredValueSequence MeasurementUnitsCodeSequence
    ReferencedSOPSequence GraphicData UID""")

# What a patient is known by besides names (every attribute that holds a person's name counts). A
# text that stays must not hold any word of it.
IDENTIFIERS = _names("""
    PatientID OtherPatientIDs AccessionNumber StudyID PatientAddress PatientTelephoneNumbers
    MedicalRecordLocator AdmissionID PatientMotherBirthName PatientBirthName OtherPatientNames""")

BASIC_PROFILE = ("113100", "Basic Application Confidentiality Profile")
CLEAN_CONTENT = ("113104", "Clean Structured Content Option")  # PS3.16 CID 7050
