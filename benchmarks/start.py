"""Measure how long a single prediction takes from nothing, beside the import of TensorFlow.

python benchmarks/start.py MODEL.tflite XRAY [--runs 7]

Every row is a fresh process; the rows take turns, so that whatever else runs meets all alike.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

LOOK = (
    "import json, resource, sys; print(json.dumps(sorted({m.split('.')[0] for m in sys.modules})))"
)
BY_HAND = (
    "import sys; from bonefrac.inference.predictor import load_model;"
    "load_model(sys.argv[1]).predict(sys.argv[2])"
)


def main() -> None:
    """Print seconds, median and range, and how many times faster than TensorFlow's import."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", help=".tflite")
    parser.add_argument("xray")
    parser.add_argument("--runs", type=int, default=7)
    arguments = parser.parse_args()
    files = [arguments.model, arguments.xray]
    program = Path(sys.executable).parent / "bonefrac-predict"
    python = sys.executable
    contenders = {
        'python -c "import tensorflow"': [python, "-c", "import tensorflow"],
        "bonefrac-predict": [str(program), "-m", *files],
        "bonefrac-predict --untrusted": [str(program), "-m", *files, "--untrusted"],
        "bonefrac-predict --help": [str(program), "--help"],
        'python -c "import numpy"': [python, "-c", "import numpy"],
    }
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(arguments.runs):
        for name, command in contenders.items():
            seconds[name].append(_time(command))
    table(seconds)
    print("imported:", ", ".join(_imported(python, files)))


def table(seconds: dict[str, list[float]]) -> None:
    """One row a contender."""
    slowest = statistics.median(next(iter(seconds.values())))
    print("| From nothing | s, median | range | times as fast |")
    print("|---|---:|---:|---:|")
    for name, found in seconds.items():
        middle = statistics.median(found)
        span = f"{min(found):.2f} to {max(found):.2f}"
        print(f"| `{name}` | {middle:.2f} | {span} | {slowest / middle:.1f} |")
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"largest of all: {most:.0f} MiB")


def _time(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def _imported(python: str, files: list[str]) -> list[str]:
    """The large libraries that a prediction imports."""
    done = subprocess.run(
        [python, "-c", f"{BY_HAND};{LOOK}", *files], check=True, capture_output=True, text=True
    )
    large = ("tensorflow", "keras", "scipy", "skimage", "cv2", "PIL", "pydicom", "gdcm", "numpy")
    return [name for name in large if name in json.loads(done.stdout.splitlines()[-1])]


if __name__ == "__main__":
    main()
