"""What a precision costs on this machine."""

from pathlib import Path

import keras

from bonefrac.training.settings import Settings

_CPUINFO = Path("/proc/cpuinfo")  # of Linux; elsewhere nothing is known, and nothing said
_CAPABLE = {"avx512_bf16", "amx_bf16", "bf16"}  # x86, x86 and Arm


def slow_precision(settings: Settings, *, cpuinfo: Path = _CPUINFO) -> list[str]:
    """Why another precision would be faster here, a line each.

    A processor without bfloat16 arithmetic computes in float32 and rounds after each operation.

    Args:
        settings: of the training; `precision` is looked at.
        cpuinfo: where Linux tells what the processor can.
    """
    if settings.precision != "bfloat16" or not _on_cpu() or not cpuinfo.exists():
        return []
    if _CAPABLE & set(cpuinfo.read_text(errors="replace").split()):
        return []
    return ["this processor has no bfloat16 arithmetic: --precision float32 is faster here"]


def _on_cpu() -> bool:
    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    return not tf.config.list_physical_devices("GPU")
