"""Time a .tflite on this machine: the network alone, and with what an app does around it."""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from reference import card, lesions, letterbox, to_picture

WARM = 5
FRAME = (480, 640)  # what a camera gives


def main() -> None:
    """Print a line of JSON for every number of threads."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=50)
    arguments = parser.parse_args()
    content = arguments.model.read_bytes()
    threshold = card(content)["thresholds"]["mask"]
    frame = np.random.default_rng(0).uniform(0, 255, FRAME).astype(np.float32)
    for threads in arguments.threads:
        interpreter = Interpreter(model_content=content, num_threads=threads)
        runner = interpreter.get_signature_runner("serve_tensor")
        size = int(runner.get_input_details()["image"]["shape"][1])
        square = letterbox(frame, size)[None, ..., None]

        def network(runner=runner, square=square) -> None:
            runner(image=square)

        def whole(runner=runner, size=size) -> None:
            answer = runner(image=letterbox(frame, size)[None, ..., None])
            lesions(to_picture(answer["mask_probability"][0, ..., 0], *FRAME), threshold)

        told = {"threads": threads, "size": size}
        told["network_ms"] = timed(network, arguments.rounds)
        told["with_pre_and_post_ms"] = timed(whole, arguments.rounds)
        told["frames_a_second"] = round(1e3 / told["network_ms"]["median"], 1)
        print(json.dumps(told))


def timed(work: Callable[[], None], rounds: int) -> dict[str, float]:
    """Median, 10th and 90th percentile, milliseconds."""
    for _ in range(WARM):
        work()
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        taken.append(1e3 * (time.perf_counter() - start))
    low, median, high = np.percentile(taken, [10, 50, 90])
    return {"median": round(median, 2), "low": round(low, 2), "high": round(high, 2)}


if __name__ == "__main__":
    main()
