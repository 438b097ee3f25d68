"""What does not fit in the cache is streamed: three times the data take no more memory."""

import subprocess
import sys
from pathlib import Path

import pytest

MEMORY = Path(__file__).resolve().parents[2] / "benchmarks" / "memory.py"


@pytest.mark.slow
def test_memory_is_flat_beyond_the_shuffle_window(record_property):
    words = ("--examples", "2500", "7500", "--sizes", "64")
    done = subprocess.run([sys.executable, MEMORY, *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines()[1:]]
    peaks = {int(row[0]): float(row[4]) for row in rows if row[2] == "off"}
    record_property("megabytes", peaks)
    # The pictures alone would be 90 MB more as they are encoded, 820 decoded.
    assert peaks[7500] < peaks[2500] + 60
