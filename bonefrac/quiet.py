"""Silence for what libraries write to stderr below Python, where no logging level reaches."""

import contextlib
import os
import platform
import sys
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Send the process' stderr nowhere for a while; exceptions still come through."""
    sys.stderr.flush()
    saved = os.dup(2)
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)


def load_tensorflow() -> None:
    """Import TensorFlow without the lines that it writes at import whatever its log level is."""
    set_up_tensorflow()
    if "tensorflow" in sys.modules:
        return
    with quiet_stderr():
        import tensorflow  # noqa: F401


def set_up_tensorflow() -> None:
    """Set what TensorFlow reads when it is imported, unless somebody has set it.

    Its log level; and oneDNN for every x86 processor: left alone it takes that for those with
    AVX-512 only; on another a training step took 1.8 times as long (docs/explanation/decisions.md).
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if platform.machine() in ("x86_64", "AMD64"):
        os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
