"""Radiographs out of a picture archive and results into it, over DICOMweb (PS3.18)."""
