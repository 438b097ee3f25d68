"""Batches in, a model folder out."""
