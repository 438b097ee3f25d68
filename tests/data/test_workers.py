"""Workers change nothing but the time, tell what went wrong, and never outlive their writer."""

import os
import re
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from bonefrac.data.datasets.phantom import Phantom
from bonefrac.data.store import build, open_data
from bonefrac.data.workers import workers
from bonefrac.errors import BonefracError

COUNT = 15


def phantoms(out, **options):
    make = partial(Phantom, count=COUNT, seed=5, folds=3, progress=lambda *_: None, **options)
    return build(make, out)[0]


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """What one process builds."""
    return phantoms(tmp_path_factory.mktemp("alone") / "data").sha256


def square(number):
    return number * number


def stumble(number):
    if number == 3:
        raise BonefracError("3 came", expected="another number", fix="Count on")
    if number == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


@pytest.mark.parametrize("jobs", [1, 2])
def test_order_is_kept(jobs):
    with workers(jobs) as ahead:
        assert list(ahead(square, range(50))) == [n * n for n in range(50)]
        assert list(ahead(square, [])) == []


@pytest.fixture(scope="module")
def two():
    with workers(2) as ahead:
        yield ahead


def test_no_more_is_taken_than_the_window_holds(two):
    taken = []
    results = two(square, (taken.append(n) or n for n in range(50)))
    assert not taken
    for read in range(1, 20):
        next(results)
        assert len(taken) == 7 + read


def test_an_error_in_a_worker_is_the_readers(two):
    results = two(stumble, range(5))
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(BonefracError, match=r"3 came; expected another number\. Count on\."):
        next(results)


def test_a_worker_that_the_system_ends_is_told():
    with workers(2) as ahead, pytest.raises(BonefracError, match="Use fewer --jobs"):
        list(ahead(stumble, [5]))


def test_a_worker_imports_no_tensorflow(two):
    assert list(two(_modules, [Phantom])) == [False]


def _modules(_):
    return "tensorflow" in sys.modules


def test_two_jobs_build_the_same_folder_as_one(alone, tmp_path):
    assert phantoms(tmp_path / "data", jobs=2).sha256 == alone


def start(out):
    """A real build whose progress can be read from a pipe; its workers hold the pipe too."""
    program = Path(sys.executable).parent / "bonefrac-data"
    words = ("build", "phantom", "--count", COUNT, "--seed", 5, "--folds", 3, "--jobs", 2)
    return subprocess.Popen(
        [program, *map(str, words), "--out", out],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "TTY_COMPATIBLE": "1", "TTY_INTERACTIVE": "1", "COLUMNS": "100"},
        start_new_session=True,
        # A shell that put the tests in the background has let them ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        bufsize=0,
    )


def read_until_writing(process):
    seen = b""
    while not re.search(rb"[1-9]\d*/%d\b" % COUNT, seen):
        part = os.read(process.stderr.fileno(), 4096)
        assert part, seen.decode()
        seen += part


def end(process):
    """Read to the end of the pipes, which comes when the last process that holds them ends."""
    out, err = process.communicate(timeout=60)
    return out.decode(), err.decode()


@pytest.mark.parametrize(
    "kill",
    [
        pytest.param(os.kill, id="the writer"),
        pytest.param(os.killpg, id="the group", marks=pytest.mark.slow),
    ],
)
def test_a_killed_build_leaves_no_process_and_is_repeated(kill, alone, tmp_path):
    out = tmp_path / "data"
    process = start(out)
    read_until_writing(process)
    kill(process.pid, signal.SIGKILL)
    end(process)
    assert process.returncode == -signal.SIGKILL
    assert not out.exists()
    assert [path.name for path in tmp_path.iterdir()] == [f".partial-{process.pid}-data"]
    again = start(out)
    end(again)
    assert again.returncode == 0
    assert open_data(out).sha256 == alone
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_an_interrupted_build_leaves_nothing_and_says_one_word(tmp_path):
    process = start(tmp_path / "data")
    read_until_writing(process)
    os.killpg(process.pid, signal.SIGINT)
    _, err = end(process)
    assert process.returncode == 1
    assert "Aborted!" in err
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []
