"""What the tests of the server share: real servers on loopback, a picture to send."""

import contextlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import httpx
import pytest

from bonefrac.data.phantom import draw


class Running:
    """A server in a process of its own."""

    def __init__(self, *words, env=None):
        program = Path(sys.executable).parent / "bonefrac-serve"
        self.process = subprocess.Popen(
            [program, "--port", "0", *map(str, words)],
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **(env or {})},
        )
        said = ""
        while not (found := re.search(r"http://\S+:(\d+)", said)):
            line = self.process.stderr.readline()
            said += line
            if not line:  # it has ended
                self.stop()
                raise RuntimeError(said)
        self.url = f"http://127.0.0.1:{found[1]}"

    def stop(self, number=signal.SIGTERM):
        """End it; its exit code and what it wrote."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        if not self.process.stderr.closed:
            self.written = self.process.stderr.read()
            self.process.stderr.close()
        return self.process.wait(timeout=60), self.written


@pytest.fixture(scope="session")
def serve():
    """Start servers: `with serve("--rate", 0) as server`."""

    @contextlib.contextmanager
    def start(*words, env=None):
        server = Running(*words, env=env)
        try:
            yield server
        finally:
            server.stop()

    return start


@pytest.fixture(scope="session")
def server(serve):
    """A server of the shipped model without a limit on the rate."""
    with serve("--rate", 0) as running:
        yield running


@pytest.fixture
def client(server):
    with httpx.Client(base_url=server.url, timeout=60) as session:
        yield session


@pytest.fixture(scope="session")
def xray(tmp_path_factory):
    """A phantom as PNG, as bytes."""
    return cv2.imencode(".png", draw(seed=6, index=1).image)[1].tobytes()
