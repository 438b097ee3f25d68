"""How long an artefact takes for one square, on this machine."""

import platform
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bonefrac.inference.runtimes import LiteRTRuntime, OnnxRuntime, Runtime

THREADS = (1, 2)
_WARM, _ROUNDS = 3, 20
_OWN_THREADS: dict[str, Callable[..., Runtime]] = {".tflite": LiteRTRuntime, ".onnx": OnnxRuntime}

Milliseconds = dict[str, float]


def latencies(path: Path, runtime: Runtime, square: np.ndarray) -> dict[str, Milliseconds]:
    """Time an artefact.

    Args:
        path: of the artefact.
        runtime: that answers with it; used where the number of threads cannot be chosen.
        square: float32 [S, S] in 0..255.

    Returns:
        For 1 and 2 threads, or "all" where TensorFlow decides: `median`, `low` and `high`, the
        10th and 90th percentile, in milliseconds.
    """
    opener = _OWN_THREADS.get(path.suffix)
    if opener is None:
        return {"all": _time(runtime, square)}
    return {str(n): _time(opener(path, threads=n), square) for n in THREADS}


def machine() -> str:
    """The processor, in words."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
        return f"{names[0]}, {len(names)} threads"
    except (OSError, IndexError):
        return platform.processor() or platform.machine()


def _time(runtime: Runtime, square: np.ndarray) -> Milliseconds:
    for _ in range(_WARM):
        runtime(square)
    taken = []
    for _ in range(_ROUNDS):
        start = time.perf_counter()
        runtime(square)
        taken.append(1e3 * (time.perf_counter() - start))
    low, median, high = np.percentile(taken, [10, 50, 90])
    return {"median": float(median), "low": float(low), "high": float(high)}
