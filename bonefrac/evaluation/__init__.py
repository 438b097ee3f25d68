"""Scores with intervals and baselines."""
