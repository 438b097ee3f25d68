"""The code that apps copy gives what bonefrac gives: geometry, boxes, verdicts, the card."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bonefrac.data.phantom import draw
from bonefrac.inference.finding import find
from bonefrac.inference.lesions import lesions
from bonefrac.inference.runtimes import LiteRTRuntime
from bonefrac.inference.thresholds import Thresholds
from bonefrac.radiograph.letterbox import Letterbox
from bonefrac.radiograph.reader import read

sides = st.integers(1, 90)


def picture(shape, seed=0):
    return np.random.default_rng(seed).uniform(0, 255, shape).astype(np.float32)


def blobs(shape, seed):
    """Smooth noise, whose high parts touch at corners, edges and borders."""
    rough = np.random.default_rng(seed).uniform(0, 1, (shape[0] // 3 + 2, shape[1] // 3 + 2))
    return np.kron(rough, np.ones((3, 3)))[: shape[0], : shape[1]].astype(np.float32)


def plain(boxes):
    return [(b.x, b.y, b.width, b.height, pytest.approx(b.score, abs=1e-5)) for b in boxes]


def told(boxes):
    return [(b["x"], b["y"], b["width"], b["height"], b["score"]) for b in boxes]


@given(sides, sides, st.integers(8, 70))
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


@given(sides, sides, st.integers(8, 70))
def test_javascript_letterboxes_alike_and_finds_the_way_back(javascript, height, width, size):
    pixels, geometry = picture((height, width)), Letterbox(height, width, size)
    square = geometry.apply(pixels)
    given_back = javascript("letterbox", pixels, width, height, size)
    np.testing.assert_allclose(given_back, square.ravel(), atol=2e-3)
    share = square / 255
    wanted = np.clip(geometry.invert(share), 0, 1)
    given_back = javascript("unletterbox", share, width, height, size)
    np.testing.assert_allclose(given_back, wanted.ravel(), atol=1e-5)


@given(st.integers(4, 60), st.integers(4, 60), st.integers(0, 99), st.floats(0.2, 0.95))
def test_javascript_draws_the_same_boxes_and_mask(javascript, height, width, seed, threshold):
    probability = blobs((height, width), seed)
    mask, boxes = lesions(probability, threshold)
    found = javascript("lesions", probability, width, height, threshold)
    assert told(found["boxes"]) == plain(boxes)
    assert [box["area"] for box in found["boxes"]] == [box.area for box in boxes]
    np.testing.assert_array_equal(found["mask"], mask.ravel())


def test_verdicts_change_where_the_card_says(reference, javascript):
    thresholds = Thresholds(sure=0.6, doubt=0.2, mask=0.5)
    card = vars(thresholds)
    for value in (0.0, 0.1999, 0.2, 0.5999, 0.6, 1.0):
        wanted = thresholds.verdict(value)
        assert reference.verdict(value, card) == wanted
        assert javascript("verdict", value, card) == wanted


def test_the_card_is_read_out_of_the_file(exported, reference, javascript):
    content = exported["tflite"].read_bytes()
    card = reference.card(content)
    assert card["preset"] == "unet_tiny"
    assert javascript("card", content) == card


@pytest.mark.parametrize("content", [b"", b"this is no model", b"\x1c\0\0\0TFL3" + bytes(9)])
def test_a_file_without_a_card_is_refused(reference, javascript, content):
    assert "no .tflite" in javascript("card", content)["error"]
    with pytest.raises(ValueError, match=r"no \.tflite"):
        reference.card(content)


@pytest.mark.parametrize("verdict", ["fracture", "doubt", "no fracture"])
@pytest.mark.parametrize("shape", [(97, 61), (333, 250), (40, 64)])
def test_a_phantom_goes_the_whole_way(reference, javascript, exported, shape, verdict):
    image = cv2.resize(draw(seed=6, index=1).image.astype(np.float32), shape[::-1])
    runtime = LiteRTRuntime(exported["tflite"])
    square, probability = runtime(Letterbox(*shape, 64).apply(image))
    low, high = {"fracture": (0, 0), "doubt": (0, 1), "no fracture": (1, 1)}[verdict]
    thresholds = Thresholds(sure=high, doubt=low, mask=float(np.quantile(square, 0.9)))
    own = find(
        radiograph=read(image),
        mask_probability=Letterbox(*shape, 64).invert(square),
        probability=probability,
        thresholds=thresholds,
        model="",
        elapsed_ms=0,
    )
    given = reference.finding(square, probability, *shape, vars(thresholds))
    answer = {"mask": square, "probability": probability}
    found = javascript("finding", answer, *shape[::-1], 64, vars(thresholds))
    assert own.boxes or verdict == "no fracture"
    for each in (given, found):
        assert each["verdict"] == own.verdict == verdict
        assert each["probability"] == pytest.approx(own.probability)
        assert told(each["boxes"]) == plain(own.boxes)
    np.testing.assert_array_equal(found["mask"], own.mask.ravel())
