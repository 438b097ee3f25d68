"""The beam: Beer-Lambert, noise, film curve and the geometry of the detector."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bonefrac.data.phantom.xray import (
    MU_CORTEX,
    MU_FAT,
    MU_MUSCLE,
    Pose,
    attenuation,
    detect,
    develop,
    field_of_light,
    film_curve,
    random_exposure,
)


def shot(**changes):
    plain = {"leaves": (0, 0, 0, 0), "marker": "", "banding": 0.0, "scatter": 0.0, "blur": 0.5}
    return dataclasses.replace(random_exposure(np.random.default_rng(0)), **plain | changes)


def test_tissues_attenuate_in_their_order():
    assert MU_FAT < MU_MUSCLE < MU_CORTEX / 3


@given(*(st.floats(0, 60),) * 4, st.floats(0.1, 5))
def test_more_of_anything_attenuates_more(muscle, fat, cortex, spongiosa, more):
    parts = (muscle, fat, cortex, spongiosa)
    before = attenuation(*parts)
    for i in range(4):
        assert attenuation(*(p + more * (i == j) for j, p in enumerate(parts))) > before


def test_signal_follows_beer_and_lambert():
    flat = np.full((64, 64), 1.5, np.float32)
    assert detect(flat, shot(photons=1e6)).mean() == pytest.approx(np.exp(-1.5), rel=1e-3)


def test_thicker_bone_is_brighter():
    thickness = np.tile(np.linspace(0, 2.5, 200, dtype=np.float32), (120, 1))
    grey = develop(detect(thickness, shot(photons=1e6, crispness=0.0)), shot(crispness=0.0))
    columns = grey[:, 5:-5:10].mean(0)
    assert (np.diff(columns) > 0).all()


def test_fewer_photons_mean_more_noise():
    flat = np.full((128, 128), 1.0, np.float32)
    rough, smooth = (detect(flat, shot(photons=n)).std() for n in (2e3, 2e5))
    assert rough / smooth == pytest.approx(10, rel=0.05)
    assert rough == pytest.approx(np.sqrt(np.exp(-1.0) / 2e3), rel=0.05)


def test_scatter_only_adds():
    wedge = np.tile(np.linspace(0, 3, 160, dtype=np.float32), (160, 1))
    clean, hazy = (detect(wedge, shot(photons=1e7, scatter=s)) for s in (0.0, 0.5))
    assert (hazy - clean).min() > -1e-3
    assert hazy[:, -20:].mean() > 1.2 * clean[:, -20:].mean()


def test_the_shutter_blackens_what_the_leaves_cover():
    flat = np.zeros((100, 80), np.float32)
    covered = {"leaves": (10, 0, 0, 6)}
    for shutter, grey in ((True, 0), (False, 250)):
        setup = shot(shutter=shutter, **covered)
        edge = develop(detect(flat, setup), setup)[:6, :]
        assert edge.mean() == pytest.approx(grey, abs=3)
    assert field_of_light((100, 80), (10, 0, 0, 6))[50, 40] == pytest.approx(1)


@given(st.floats(0.3, 0.9), st.floats(0.2, 0.6))
def test_the_film_curve_rises_from_black_to_white(middle, softness):
    level = np.linspace(0, 1, 101)
    curve = film_curve(level, middle, softness)
    assert (np.diff(curve) >= -1e-6).all()
    assert curve[0] == 0
    assert curve[-1] == pytest.approx(1, abs=1e-3)


@settings(max_examples=30, deadline=None)
@given(st.floats(-3, 3), st.booleans(), st.floats(-40, 40), st.floats(-30, 30))
def test_a_window_holds_its_points(rotation, flip, x, y):
    pose = Pose((120, 90), 1.0, rotation, flip, (3.0, -4.0))
    gx, gy = pose.grid()
    distance = np.hypot(gx - x, gy - y)
    row, column = np.unravel_index(distance.argmin(), distance.shape)
    rows, columns = pose.window(np.array([[x, y]]), margin=2.0)
    if distance.min() < 1:
        assert rows.start <= row < rows.stop
        assert columns.start <= column < columns.stop


def test_pixels_are_as_far_apart_as_the_spacing_says():
    gx, gy = Pose((50, 40), 0.7, 0.5, True, (10.0, 20.0)).grid()
    assert np.hypot(gx[0, 1] - gx[0, 0], gy[0, 1] - gy[0, 0]) == pytest.approx(0.7, rel=1e-4)
    assert (gx.mean(), gy.mean()) == pytest.approx((10.0, 20.0), abs=1e-3)
