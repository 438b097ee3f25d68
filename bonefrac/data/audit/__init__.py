"""What is wrong with a set of radiographs; nothing here imports TensorFlow."""

from bonefrac.data.audit.duplicates import near_duplicates, thumbnail
from bonefrac.data.audit.filler import filler_share

__all__ = ["filler_share", "near_duplicates", "thumbnail"]
