"""Whether data can be trained on at all: told before the first step, not after the last."""

from collections import Counter
from collections.abc import Sequence

import tensorflow_datasets as tfds

from bonefrac import schema
from bonefrac.data.sources import Source
from bonefrac.errors import BonefracError

_CLASSES = {1: "fractured", 0: "intact"}


def check_parts(sources: Sequence[Source]) -> None:
    """Refuse a data set with nothing to train, validate or test on.

    Raises:
        BonefracError: a part is empty.
    """
    for source in sources:
        for part in schema.PARTS:
            split = getattr(source, part)
            if not all(name in source.data.counts for name in split.split("+")) or not (
                source.data.size(split)
            ):
                raise BonefracError(
                    f"{source.data.path} has no radiographs in {split}",
                    expected=f"some for {part}",
                    fix="Build it again with another split, or with fewer --folds",
                )


def check_classes(sources: Sequence[Source]) -> None:
    """Refuse data that show the fracture label only one class, in training or validation.

    Raises:
        BonefracError: all whose label is known are fractured, or all intact.
    """
    for part in (schema.TRAIN, schema.VALIDATION):
        counts: Counter[int] = Counter()
        for source in sources:
            counts.update(_fractures(source, getattr(source, part)))
        known = [label for label in _CLASSES if counts[label]]
        if len(known) == 1:
            raise BonefracError(
                f"All {counts[known[0]]} radiographs to {_VERB[part]} are {_CLASSES[known[0]]}",
                expected="fractured and intact ones",
                fix="Add the others, or build it again with fewer --folds",
            )


_VERB = {schema.TRAIN: "train on", schema.VALIDATION: "validate on"}


def _fractures(source: Source, split: str) -> Counter[int]:
    skip = {key: tfds.decode.SkipDecoding() for key in (schema.IMAGE, schema.MASK)}
    labels = source.data.builder.as_dataset(split=split, shuffle_files=False, decoders=skip)
    return Counter(int(example[schema.FRACTURE]) for example in labels.as_numpy_iterator())
