"""Taking the patient out of a DICOM file: what stays, what is replaced, and by what."""
