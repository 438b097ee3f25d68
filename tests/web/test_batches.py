"""Squares that wait together are answered together, each with its own answer."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from bonefrac.web.batches import MOST, Batches


class Slow:
    """Answers each square with its mean, when it is let."""

    card, model = None, None

    def __init__(self):
        self.sizes, self.begun, self.go = [], threading.Event(), threading.Event()

    def many(self, squares):
        self.sizes.append(len(squares))
        self.begun.set()
        assert self.go.wait(60)
        if squares.min() < 0:
            raise ValueError("no gray")
        return squares / 255, squares.mean(axis=(1, 2)) / 255

    def __call__(self, square):
        raise AssertionError("one at a time")


@pytest.fixture
def runtime():
    return Slow()


@pytest.fixture
def batches(runtime):
    made = Batches(runtime)
    yield made
    runtime.go.set()
    made.close()


def test_what_waits_is_answered_together_and_apart(runtime, batches):
    with ThreadPoolExecutor(13) as pool:
        first = pool.submit(batches, np.zeros((4, 4)))
        assert runtime.begun.wait(60)
        others = [pool.submit(batches, np.full((4, 4), float(k))) for k in range(1, 13)]
        while batches._waiting.qsize() < len(others):
            pass
        runtime.go.set()
        assert first.result()[1] == 0
        for k, other in enumerate(others, start=1):
            mask, probability = other.result()
            assert probability == pytest.approx(k / 255)
            assert mask.shape == (4, 4)
    assert runtime.sizes == [1, MOST, 12 - MOST]


def test_an_error_reaches_everybody_of_its_batch_and_nobody_else(runtime, batches):
    runtime.go.set()
    with pytest.raises(ValueError, match="no gray"):
        batches(np.full((4, 4), -1.0))
    assert batches(np.zeros((4, 4)))[1] == 0


@pytest.mark.slow
@pytest.mark.parametrize("form", ["savedmodel", "run", "onnx"])
def test_a_model_served_in_batches_answers_as_alone(
    form, serve, xray, trained_run, phantom_data, tmp_path
):
    import httpx

    from bonefrac import load_model
    from bonefrac.artifacts import export
    from bonefrac.inference.runtimes import open_network

    path = trained_run
    if form != "run":
        squares = export.real_squares(phantom_data, "fold1", image_size=64, count=2)
        path = export.export(form, open_network(trained_run)[1], tmp_path, squares).path
    wanted = load_model(path).predict(xray).to_json()["probability"]
    with serve("--model", path, "--rate", 0, "--workers", 4) as server:

        def ask(_):
            return httpx.post(f"{server.url}/v1/predict", content=xray, timeout=120).json()

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(ask, range(16)))
    assert [answer["probability"] for answer in answers] == pytest.approx([wanted] * 16, abs=2e-4)
