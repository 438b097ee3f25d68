"""How many radiographs a server answers a second, beside the bare model, in one run.

python benchmarks/serve.py --requests 200 --callers 8
"""

import argparse
import concurrent.futures
import io
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import httpx
import numpy as np
from PIL import Image

from bonefrac import load_model
from bonefrac.data.phantom import draw
from bonefrac.radiograph.reader import read


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--callers", type=int, nargs="+", default=[1, 2, 8])
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    stream = io.BytesIO()
    Image.fromarray(draw(seed=6, index=1).image).save(stream, "PNG")
    xray = stream.getvalue()
    bare = bare_times(xray, arguments.requests)
    print(f"{'':24}{'a second':>10}{'p50 ms':>10}{'p99 ms':>10}{'failed':>8}")
    tell("bare model, one thread", len(bare) / sum(bare), bare, 0)
    program = Path(sys.executable).parent / "bonefrac-serve"
    command = [program, "--port", "0", "--rate", "0", "--workers", str(arguments.workers)]
    server = subprocess.Popen([*command, "--waiting", "64"], stderr=subprocess.PIPE, text=True)
    try:
        assert server.stderr
        found = re.search(r"http://\S+", server.stderr.readline())
        assert found
        for callers in arguments.callers:
            load(found[0], xray, arguments.requests, callers)
    finally:
        server.terminate()
        server.wait()


def bare_times(xray: bytes, count: int) -> list[float]:
    """Seconds to read and answer, in this process."""
    predictor = load_model()
    times = []
    for _ in range(count):
        start = time.perf_counter()
        predictor.predict(read(xray))
        times.append(time.perf_counter() - start)
    return times[5:]


def load(url: str, xray: bytes, count: int, callers: int) -> None:
    """Ask from several threads at once."""

    def caller(share: int) -> list[tuple[float, int]]:
        with httpx.Client(base_url=url, timeout=120) as session:
            answers = []
            for _ in range(share):
                start = time.perf_counter()
                status = session.post("/v1/predict", content=xray).status_code
                answers.append((time.perf_counter() - start, status))
            return answers

    start = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(callers) as pool:
        parts = list(pool.map(caller, [count // callers] * callers))
    elapsed = time.perf_counter() - start
    answers = [answer for part in parts for answer in part]
    failed = sum(status != 200 for _, status in answers)
    tell(f"server, {callers} callers", len(answers) / elapsed, [t for t, _ in answers], failed)


def tell(name: str, rate: float, times: list[float], failed: int) -> None:
    """A row."""
    p50, p99 = np.percentile(times, [50, 99]) * 1e3
    print(f"{name:24}{rate:10.1f}{p50:10.1f}{p99:10.1f}{failed:8d}", flush=True)


if __name__ == "__main__":
    main()
