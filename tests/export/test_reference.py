"""The code that apps copy gives what bonefrac gives: geometry, boxes, verdicts, the card."""

import base64
import json
import subprocess

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bonefrac.data.phantom import draw
from bonefrac.inference.lesions import lesions
from bonefrac.inference.thresholds import Thresholds
from bonefrac.radiograph.letterbox import Letterbox

from .conftest import FOLDER

SHAPES = ((40, 64), (64, 40), (1, 9), (200, 31), (97, 97), (480, 640))


def picture(shape, seed=0):
    return np.random.default_rng(seed).uniform(0, 255, shape).astype(np.float32)


def blobs(shape, seed):
    """Smooth noise, whose high parts touch at corners, edges and borders."""
    rough = np.random.default_rng(seed).uniform(0, 1, (shape[0] // 3 + 2, shape[1] // 3 + 2))
    return np.kron(rough, np.ones((3, 3)))[: shape[0], : shape[1]].astype(np.float32)


def packed(array):
    return {"base64": base64.b64encode(np.ascontiguousarray(array, "<f4").tobytes()).decode()}


def plain(boxes):
    return [(b.x, b.y, b.width, b.height, pytest.approx(b.score, abs=1e-5)) for b in boxes]


def told(boxes):
    return [(b["x"], b["y"], b["width"], b["height"], b["score"]) for b in boxes]


@given(st.integers(1, 90), st.integers(1, 90), st.integers(8, 70))
def test_python_letterboxes_alike_and_finds_the_way_back(reference, height, width, size):
    pixels = picture((height, width))
    geometry = Letterbox(height, width, size)
    square = geometry.apply(pixels)
    np.testing.assert_allclose(reference.letterbox(pixels, size), square, atol=2e-3)
    np.testing.assert_allclose(
        reference.to_picture(square, height, width), geometry.invert(square), atol=2e-3
    )


@given(st.integers(4, 60), st.integers(4, 60), st.integers(0, 99), st.floats(0.2, 0.95))
def test_python_draws_the_same_boxes(reference, height, width, seed, threshold):
    probability = blobs((height, width), seed)
    _, boxes = lesions(probability, threshold)
    assert told(reference.lesions(probability, threshold)) == plain(boxes)


def test_javascript_letterboxes_alike_and_finds_the_way_back(javascript):
    calls, wanted = [], []
    for shape in SHAPES:
        pixels, geometry = picture(shape), Letterbox(*shape, 48)
        square = geometry.apply(pixels)
        calls += [
            ["letterbox", [packed(pixels), *shape, 48]],
            ["toPicture", [packed(square), 48, *shape]],
        ]
        wanted += [square, geometry.invert(square)]
    for given_back, expected in zip(javascript(calls), wanted, strict=True):
        np.testing.assert_allclose(given_back, expected.ravel(), atol=2e-3)


def test_javascript_draws_the_same_boxes(javascript):
    cases = [(blobs((h, w), seed), 0.5 + seed / 50) for seed, (h, w) in enumerate([(30, 41)] * 20)]
    calls = [["lesions", [packed(p), *p.shape, threshold]] for p, threshold in cases]
    for boxes, (probability, threshold) in zip(javascript(calls), cases, strict=True):
        assert told(boxes) == plain(lesions(probability, threshold)[1])


def test_verdicts_change_where_the_card_says(reference, javascript):
    thresholds = Thresholds(sure=0.6, doubt=0.2, mask=0.5)
    card = vars(thresholds)
    values = [0.0, 0.1999, 0.2, 0.5999, 0.6, 1.0]
    wanted = [thresholds.verdict(value) for value in values]
    assert [reference.verdict(value, card) for value in values] == wanted
    assert javascript([["verdict", [value, card]] for value in values]) == wanted


def test_the_card_is_read_out_of_the_file(exported, reference, javascript, tmp_path):
    content = exported["tflite"].read_bytes()
    card = reference.card(content)
    assert card["preset"] == "unet_tiny"
    program = (
        f"import {{ card }} from {json.dumps((FOLDER / 'mobile/reference.js').as_uri())};"
        "import { readFileSync } from 'node:fs';"
        "const bytes = readFileSync(process.argv[1]);"
        "const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);"
        "try { console.log(JSON.stringify(card(buffer))); }"
        "catch (error) { console.log(JSON.stringify(error.message)); }"
    )

    def read(path):
        done = subprocess.run(
            ["node", "--input-type=module", "-e", program, path], capture_output=True, text=True
        )
        return json.loads(done.stdout)

    assert read(exported["tflite"]) == card
    (tmp_path / "text.tflite").write_text("this is no model")
    assert "not a .tflite" in read(tmp_path / "text.tflite")


def test_a_phantom_goes_the_whole_way(reference, exported):
    from bonefrac.inference.runtimes import LiteRTRuntime

    runtime = LiteRTRuntime(exported["tflite"])
    image = draw(seed=6, index=1).image.astype(np.float32)
    mask, _ = runtime(reference.letterbox(image, 64))
    geometry = Letterbox(*image.shape, 64)
    own = geometry.invert(runtime(geometry.apply(image))[0])
    np.testing.assert_allclose(reference.to_picture(mask, *image.shape), own, atol=1e-3)
