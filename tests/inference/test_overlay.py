"""An overlay shows what it must and leaves the rest of the radiograph alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bonefrac.inference.caption import figure
from bonefrac.inference.finding import Finding, Thresholds, find, not_assessable
from bonefrac.radiograph.radiograph import Radiograph, Spacing
from bonefrac.schema import COLOURS, VERDICT_DOUBT, VERDICT_FRACTURE

SURE, DOUBT, NONE = 0.9, 0.5, 0.05
NOISE = np.random.default_rng(0).integers(0, 256, (400, 600)).astype(np.float32)


def found(
    lesions, *, probability=SURE, pixels=None, model="unet_tiny.fracatlas", spacing=None
) -> Finding:
    pixels = NOISE[: lesions.shape[0], : lesions.shape[1]] if pixels is None else pixels
    return find(
        radiograph=Radiograph(pixels, "wrist.png", spacing=spacing),
        mask_probability=0.8 * lesions,
        probability=probability,
        thresholds=Thresholds(sure=0.6, doubt=0.3, mask=0.5),
        model=model,
        elapsed_ms=1.0,
    )


def rectangles(height, width, *areas) -> np.ndarray:
    lesions = np.zeros((height, width))
    for y, x, h, w in areas:
        lesions[y : y + h, x : x + w] = 1
    return lesions


def changed(finding) -> np.ndarray:
    """Bool [H, W]: where the overlay is not the radiograph."""
    return (finding.overlay() != finding.pixels[..., None]).any(axis=2)


def coloured(finding) -> np.ndarray:
    """Bool [H, W]: where the overlay has the verdict's colour."""
    near = np.abs(finding.overlay().astype(int) - COLOURS[finding.verdict]) < 60
    return near.all(axis=2)


@settings(max_examples=25, deadline=None)
@given(
    height=st.integers(16, 400),
    width=st.integers(16, 600),
    corner=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    share=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    probability=st.sampled_from([SURE, DOUBT, NONE]),
)
def test_overlay_has_the_size_of_the_picture(height, width, corner, share, probability):
    y, x = int(corner[0] * (height - 2)), int(corner[1] * (width - 2))
    size = 2 + int(share[0] * height), 2 + int(share[1] * width)
    finding = found(rectangles(height, width, (y, x, *size)), probability=probability)
    overlay = finding.overlay()
    assert overlay.shape == (height, width, 3)
    assert overlay.dtype == np.uint8


@settings(max_examples=25, deadline=None)
@given(y=st.integers(0, 260), x=st.integers(0, 360), h=st.integers(3, 40), w=st.integers(3, 40))
def test_pixels_away_from_the_drawing_are_untouched(y, x, h, w):
    finding = found(rectangles(300, 400, (y, x, h, w)))
    elsewhere = np.ones((300, 400), bool)
    elsewhere[max(0, y - 40) : y + h + 40, max(0, x - 50) : x + w + 50] = False
    elsewhere[:75] = elsewhere[-75:] = False  # the caption
    assert not changed(finding)[elsewhere].any()


@settings(max_examples=25, deadline=None)
@given(
    areas=st.lists(
        st.tuples(st.integers(0, 290), st.integers(0, 390), st.integers(2, 60), st.integers(2, 60)),
        min_size=1,
        max_size=4,
    )
)
def test_no_lesion_is_drawn_over(areas):
    finding = found(rectangles(300, 400, *areas))
    assert not changed(finding)[finding.mask > 0].any()


@pytest.mark.parametrize(("y", "x"), [(0, 0), (0, 180), (260, 360), (120, 0), (130, 170)])
def test_lesion_is_enclosed_in_its_colour(y, x):
    finding = found(rectangles(300, 400, (y, x, 40, 40)))
    marks = np.pad(coloured(finding), 1, constant_values=True)[:, 1:-1]
    assert marks[: y + 1, x + 20].any()
    assert marks[y + 41 :, x + 20].any()
    assert coloured(finding)[:, : x + 1].any() or x == 0
    assert coloured(finding)[:, x + 40 :].any() or x + 40 == 400


def test_lesion_inside_the_hole_of_another_is_outlined():
    lesions = rectangles(300, 400, (50, 50, 200, 200))
    lesions[80:220, 80:220] = 0
    without = coloured(found(lesions))[100:200, 100:200].sum()
    lesions[140:160, 140:160] = 1
    assert coloured(found(lesions))[100:200, 100:200].sum() > without + 60


def test_box_is_solid_for_fracture_and_dashed_for_doubt():
    lesions = rectangles(300, 400, (100, 100, 80, 160))
    share = {}
    for probability in (SURE, DOUBT):
        finding = found(lesions, probability=probability, pixels=np.zeros((300, 400), np.float32))
        rows = coloured(finding)[80:99, 100:260]
        frame = rows[np.flatnonzero(rows.any(axis=1))[0]]
        share[finding.verdict] = frame.mean()
    assert share[VERDICT_FRACTURE] == 1
    assert 0.3 < share[VERDICT_DOUBT] < 0.8


@pytest.mark.parametrize("shade", [0, 255])
def test_lines_stand_out_on_black_and_on_white(shade):
    finding = found(
        rectangles(300, 400, (100, 100, 80, 160)), pixels=np.full((300, 400), shade, np.float32)
    )
    above = finding.overlay()[80:100, 180].mean(axis=1)
    assert above.max() > 120
    assert above.min() < 60


@settings(max_examples=25, deadline=None)
@given(height=st.integers(16, 400), width=st.integers(16, 600))
def test_caption_is_never_cut(height, width):
    touched = changed(found(rectangles(height, width), probability=NONE))
    assert not (touched[0] | touched[-1]).any()
    assert not (touched[:, 0] | touched[:, -1]).any()


@settings(max_examples=25, deadline=None)
@given(height=st.integers(120, 400), width=st.integers(130, 600))
def test_caption_has_two_lines_at_least_on_small_pictures(height, width):
    rows = changed(found(rectangles(height, width), probability=NONE)).any(axis=1)
    assert rows.sum() > 20 or width > 480


@pytest.mark.parametrize(("width", "named"), [(340, True), (181, False)])
def test_caption_leaves_out_a_model_name_that_does_not_fit(width, named):
    lesions = rectangles(400, width)
    first, second = (
        found(lesions, model=f"{n}/a_name_that_takes_some_room").overlay() for n in "ab"
    )
    assert (first != second).any() == named


def test_caption_leaves_the_corner_with_a_marker():
    pixels = np.zeros((373, 454), np.float32)
    empty = found(rectangles(373, 454), probability=NONE, pixels=pixels)
    usual = changed(empty)
    assert usual[300:, :100].any()
    marked = pixels.copy()
    marked[330:370, 10:40] = 255
    moved = changed(found(rectangles(373, 454), probability=NONE, pixels=marked))
    assert not moved[300:, :100].any()
    assert moved.any()


def test_fracture_without_a_region_says_so():
    located, missing = rectangles(300, 400, (100, 100, 40, 40)), rectangles(300, 400)
    captions = [changed(found(lesions))[250:] for lesions in (located, missing)]
    assert captions[1].sum() > captions[0].sum()
    assert not changed(found(missing))[60:240].any()


def test_drawing_leaves_the_finding_alone():
    finding = found(rectangles(300, 400, (100, 100, 40, 40)))
    before = finding.pixels.copy(), finding.mask.copy()
    first, second = finding.overlay(), finding.overlay()
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(finding.pixels, before[0])
    np.testing.assert_array_equal(finding.mask, before[1])


def test_lines_grow_with_the_picture():
    ink = []
    for n in (6, 36):
        lesions = rectangles(50 * n, 40 * n, (20 * n, 15 * n, 4 * n, 4 * n))
        ink.append(coloured(found(lesions, pixels=np.zeros(lesions.shape))).sum())
    # Lines of one pixel would grow sixfold only.
    assert ink[1] > 12 * ink[0]


@pytest.mark.parametrize(
    ("probability", "text"),
    [
        (0.0, "<0.01"),
        (0.0149, "0.01"),
        (0.5, "0.50"),
        (0.99, "0.99"),
        (0.996, ">0.99"),
        (1, ">0.99"),
    ],
)
def test_drawn_numbers_never_claim_certainty(probability, text):
    assert figure(probability) == text


def test_scale_bar_is_as_long_as_it_says():
    """50 mm of 0.5 mm columns are 100 pixels, whatever a row measures."""
    black = np.zeros((300, 400), np.float32)
    lesions = rectangles(300, 400)
    spacing = Spacing(0.1, 0.5, "calibrated")
    plain = found(lesions, probability=NONE, pixels=black).overlay()
    barred = found(lesions, probability=NONE, pixels=black, spacing=spacing).overlay()
    rows = ((barred != plain).any(axis=2) & (barred.min(axis=2) > 200)).sum(axis=1)
    assert rows.max() == 50 / 0.5


@pytest.mark.parametrize("provenance", ["detector", "unstated", "scanned film"])
def test_no_scale_bar_where_lengths_are_not_the_patients(provenance):
    lesions = rectangles(300, 400, (100, 100, 40, 40))
    plain, told = (
        found(lesions, spacing=spacing).overlay()
        for spacing in (None, Spacing(0.2, 0.2, provenance))
    )
    np.testing.assert_array_equal(plain, told)


def test_length_stands_beside_the_score():
    lesions = rectangles(300, 400, (100, 100, 40, 40))
    pixels = np.zeros((300, 400), np.float32)
    spacing = Spacing(0.2, 0.2, "calibrated")
    near = [coloured(found(lesions, pixels=pixels, spacing=s)).sum() for s in (None, spacing)]
    assert near[1] > near[0] + 20


@pytest.mark.parametrize("size", [(300, 500), (240, 200), (150, 120)])
def test_not_assessable_tells_why_on_small_pictures_too(size):
    radiograph = Radiograph(np.zeros(size, np.float32), "page.png")
    texts = [
        not_assessable(radiograph, reason, model="m", elapsed_ms=1).overlay()
        for reason in ("The picture is all of it blank.", "The picture has many colours.")
    ]
    assert (texts[0] != texts[1]).any()
    assert (texts[0] > 200).any()
