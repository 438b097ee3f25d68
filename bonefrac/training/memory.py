"""Out of memory, told in one line: what did not fit and what makes it smaller."""

import contextlib
from collections.abc import Iterator

from bonefrac.errors import BonefracError
from bonefrac.training.settings import Settings

# TensorFlow's, PyTorch's and Python's own; JAX has one class for every failure and says which.
_NAMES = ("ResourceExhaustedError", "OutOfMemoryError", "MemoryError")
_WORDS = ("RESOURCE_EXHAUSTED", "Out of memory", "OOM when allocating")


@contextlib.contextmanager
def explain_shortage(settings: Settings) -> Iterator[None]:
    """Turn an allocation that failed inside into one line.

    Raises:
        BonefracError: memory of the processor or of an accelerator ran out.
    """
    try:
        yield
    except Exception as error:
        if not _is_shortage(error):
            raise
        side = settings.image_size
        raise BonefracError(
            f"Out of memory with {settings.batch_size} radiographs of {side}x{side} a step",
            expected="a step that fits into memory",
            fix="Start anew with a lower --batch-size or --image-size, a smaller preset or "
            "--precision bfloat16; the last checkpoint is whole",
        ) from error


def _is_shortage(error: Exception) -> bool:
    kinds = {kind.__name__ for kind in type(error).__mro__}
    return bool(kinds & set(_NAMES)) or any(word in str(error) for word in _WORDS)
