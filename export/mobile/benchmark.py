"""Time a .tflite on this machine: the network alone, and a whole frame as an app does it.

LiteRT and NumPy, nothing else.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

# NumPy's threads wait for more work by spinning, on the cores that the network is to run on.
os.environ["OPENBLAS_NUM_THREADS"] = "1"
import numpy as np
from ai_edge_litert.interpreter import Interpreter
from reference import card, finding, letterbox

WARM = 5
FRAME = (480, 640)  # what a camera gives


def main() -> None:
    """Print a line of JSON for every number of threads."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=50)
    arguments = parser.parse_args()
    for threads in arguments.threads:
        told = measure(arguments.model.read_bytes(), threads, arguments.rounds)
        print(json.dumps({"model": arguments.model.name, **told}), flush=True)


def measure(content: bytes, threads: int, rounds: int) -> dict:
    """Milliseconds of the network, of all before and after it, and of a frame; frames a second."""
    thresholds = card(content)["thresholds"]
    interpreter = Interpreter(model_content=content, num_threads=threads)
    runner = interpreter.get_signature_runner("serve_tensor")
    size = int(runner.get_input_details()["image"]["shape"][1])
    frame = bone(*FRAME)
    square = letterbox(frame, size)[None, ..., None]
    answer = runner(image=square)

    def around(answer: dict) -> None:
        # A probability of 1: boxes are looked for in every frame.
        finding(answer["mask_probability"][0, ..., 0], 1.0, *FRAME, thresholds)

    def before_and_after() -> None:
        letterbox(frame, size)
        around(answer)

    told = {"threads": threads, "size": size}
    told["network_ms"] = timed(lambda: runner(image=square), rounds)
    told["around_ms"] = timed(before_and_after, rounds)
    told["frame_ms"] = timed(
        lambda: around(runner(image=letterbox(frame, size)[None, ..., None])), rounds
    )
    told["frames_a_second"] = round(1e3 / told["frame_ms"]["median"], 1)
    return told


def bone(height: int, width: int) -> np.ndarray:
    """A bright shaft with a dark gap on a dim ground, float32 [height, width] in 0..255."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    across = (x - width / 2 + (y - height / 2) / 4) / (width / 10)
    gap = np.exp(-(((y - height / 2) / 4) ** 2))
    return 40 + 160 * np.exp(-(across**2)) * (1 - gap)


def timed(work: Callable[[], object], rounds: int) -> dict[str, float]:
    """Median, 10th and 90th percentile, milliseconds; and the processor time of all threads.

    Other work on the machine stretches the first three, the last hardly.
    """
    for _ in range(WARM):
        work()
    taken, cpu = [], time.process_time()
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        taken.append(1e3 * (time.perf_counter() - start))
    cpu = 1e3 * (time.process_time() - cpu) / rounds
    low, median, high = np.percentile(taken, [10, 50, 90])
    told = {"median": median, "low": low, "high": high, "cpu": cpu}
    return {name: round(value, 2) for name, value in told.items()}


if __name__ == "__main__":
    try:
        main()
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")
