"""A model and a radiograph in, a finding out."""
