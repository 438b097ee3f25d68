"""What a `.tflite` is made of, and who would run it: operations, XNNPACK, GPU delegate."""

import io
from collections import Counter
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from bonefrac.quiet import quiet_stderr

_DELEGATE = "DELEGATE"  # what XNNPACK is called among the operations of an interpreter


@dataclass(frozen=True)
class Audit:
    """The operations of a file.

    Attributes:
        operations: name -> how often, as the file has them.
        delegated: share of them that XNNPACK takes, 0..1.
        pieces: in how many parts it takes them; each border costs a copy.
        gpu: whether the analyser of TensorFlow Lite calls them fit for the GPU delegate.
    """

    operations: dict[str, int]
    delegated: float
    pieces: int
    gpu: bool


def audit_tflite(path: Path) -> Audit:
    """Look into a file without running it."""
    with quiet_stderr():
        interpreter = Interpreter(model_path=str(path))
        interpreter.allocate_tensors()
    listed = interpreter._get_ops_details()  # those of the file, then a delegate for each part
    own = [each for each in listed if each["op_name"] != _DELEGATE]
    parts = [each for each in listed if each["op_name"] == _DELEGATE]
    taken = set().union(*(_inside(part, own) for part in parts))
    return Audit(
        operations=dict(Counter(each["op_name"] for each in own).most_common()),
        delegated=len(taken) / len(own),
        pieces=len(parts),
        gpu=_is_fit_for_gpu(path),
    )


def _inside(part: dict[str, Any], operations: list[dict[str, Any]]) -> set[int]:
    """Which operations lie between the inputs and the outputs of a delegated part."""
    maker = {tensor: k for k, each in enumerate(operations) for tensor in each["outputs"]}
    given, wanted, found = set(part["inputs"]), [*part["outputs"]], set[int]()
    while wanted:
        tensor = wanted.pop()
        operation = None if tensor in given else maker.get(tensor)
        if operation is not None and operation not in found:
            found.add(operation)
            wanted.extend(operations[operation]["inputs"])
    return found


def _is_fit_for_gpu(path: Path) -> bool:
    told = io.StringIO()
    with quiet_stderr(), redirect_stdout(told):
        tf.lite.experimental.Analyzer.analyze(model_path=str(path), gpu_compatibility=True)
    return "looks compatible with GPU delegate" in told.getvalue()
