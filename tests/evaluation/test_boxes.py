"""Boxes against pycocotools, and free-response ROC against counting."""

import contextlib
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bonefrac.evaluation.boxes import COCO_IOUS, IOUS, Detections, boxes_of, iou, match

box = st.tuples(*[st.integers(0, 20)] * 2, *[st.integers(1, 12)] * 2)
scored = st.tuples(box, st.integers(1, 9)).map(lambda pair: (*pair[0], pair[1] / 10))
image = st.tuples(st.lists(scored, max_size=6), st.lists(box, max_size=4))
images = st.lists(image, min_size=1, max_size=6)


def detections(images, counted=None):
    boxes = [np.array(b, float).reshape(-1, 5) for b, _ in images]
    truths = [np.array(t, int).reshape(-1, 4) for _, t in images]
    return Detections(boxes, truths, np.ones(len(images), bool) if counted is None else counted)


def value(statistic, images):
    return statistic(np.ones((1, len(images))))[0]


def coco(images):
    """AP50-95 and AP50 as pycocotools has them."""
    pytest.importorskip("pycocotools")
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    annotations = [
        {"id": 0, "image_id": k, "category_id": 1, "bbox": [*map(float, t)], "area": t[2] * t[3],
         "iscrowd": 0}
        for k, (_, truths) in enumerate(images)
        for t in truths
    ]  # fmt: skip
    for number, annotation in enumerate(annotations, start=1):
        annotation["id"] = number
    found = [
        {"image_id": k, "category_id": 1, "bbox": [*map(float, b[:4])], "score": b[4]}
        for k, (boxes, _) in enumerate(images)
        for b in boxes
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = {
            "images": [{"id": k} for k in range(len(images))],
            "annotations": annotations,
            "categories": [{"id": 1}],
        }
        truth.createIndex()
        judge = COCOeval(truth, truth.loadRes(found), "bbox")
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    return judge.stats[0], judge.stats[1]


@settings(max_examples=60)
@given(images.filter(lambda i: any(t for _, t in i) and any(b for b, _ in i)))
def test_average_precision_is_that_of_pycocotools(images):
    found = detections(images)
    all_ious, half = coco(images)
    assert value(found.average_precision(COCO_IOUS), images) == pytest.approx(all_ious)
    assert value(found.average_precision([0.5]), images) == pytest.approx(half)


@given(images, st.lists(st.integers(0, 2), min_size=6, max_size=6))
def test_a_weight_counts_as_so_many_radiographs(images, times):
    times = np.array(times[: len(images)])
    repeated = [images[k] for k in np.repeat(np.arange(len(images)), times)]
    for statistic, again in (
        (detections(images).froc(), detections(repeated).froc()),
        # Equal scores of several radiographs stand in another order when repeated.
        (
            detections(untied(images)).average_precision([0.5]),
            detections([untied(images)[k] for k in np.repeat(np.arange(len(images)), times)])
            .average_precision([0.5]),
        ),
    ):  # fmt: skip
        together = statistic(times[None].astype(float))[0]
        if repeated:
            assert together == pytest.approx(value(again, repeated), nan_ok=True)
        else:
            assert np.isnan(together).all()


def untied(images):
    """The same with scores of which no two are alike."""
    return [
        ([(*b[:4], b[4] + (10 * k + n) / 1e4) for n, b in enumerate(boxes)], truths)
        for k, (boxes, truths) in enumerate(images)
    ]


@given(images)
def test_froc_is_what_counting_gives(images):
    found = detections(images)
    rates = (0.5, 1.0, 2.0)
    lesions = sum(len(t) for _, t in images)
    if not lesions:
        assert np.isnan(value(found.froc(rates), images)).all()
        return
    expected = []
    for rate in rates:
        best = 0.0
        for threshold in sorted({b[4] for boxes, _ in images for b in boxes}):
            kept = found.scores >= threshold
            if (~found.hits[kept, 0]).sum() <= rate * len(images):
                best = max(best, found.hits[kept, 0].sum() / lesions)
        expected.append(best)
    np.testing.assert_allclose(value(found.froc(rates), images), expected)


@given(st.lists(box, min_size=1, max_size=5), st.lists(box, min_size=1, max_size=5))
def test_iou_is_that_of_pixels(one, other):
    grid = np.zeros((2, 40, 40), bool)
    found = iou(np.array(one), np.array(other))
    for a, first in enumerate(one):
        for b, second in enumerate(other):
            grid[:] = False
            for plane, (x, y, width, height) in zip(grid, (first, second), strict=True):
                plane[y : y + height, x : x + width] = True
            expected = (grid[0] & grid[1]).sum() / (grid[0] | grid[1]).sum()
            assert found[a, b] == pytest.approx(expected)


def test_a_lesion_is_hit_once_and_by_the_highest_score():
    truths = np.array([[10, 10, 10, 10]])
    boxes = np.array([[10, 10, 10, 10, 0.9], [10, 10, 10, 10, 0.8], [50, 50, 5, 5, 0.7]])
    hits = match(boxes, truths)
    assert hits[:, 0].tolist() == [True, False, False]
    assert hits.shape == (3, len(IOUS))


def test_touching_corners_are_one_lesion(square):
    mask = square(10, 10) | square(20, 20) | square(60, 60, 5)
    assert boxes_of(mask).tolist() == [[10, 10, 20, 20], [60, 60, 5, 5]]


def test_radiographs_without_known_lesions_count_for_nothing():
    images = [([(0, 0, 9, 9, 0.5)], [(0, 0, 9, 9)]), ([(0, 0, 9, 9, 0.9)], [])]
    found = detections(images, counted=np.array([True, False]))
    assert value(found.average_precision([0.5]), images) == pytest.approx(1)
    assert value(found.froc(), images).tolist() == [1] * 7


def test_no_boxes_find_nothing():
    images = [([], [(0, 0, 9, 9)])]
    assert value(detections(images).average_precision(COCO_IOUS), images) == 0
    assert value(detections(images).froc(), images).tolist() == [0] * 7
