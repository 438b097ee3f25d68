"""Radiographs and annotations in, TFRecord shards and batches out."""
