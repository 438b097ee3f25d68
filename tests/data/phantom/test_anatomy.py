"""The solids: chords are geometry, cortex surrounds medulla, views see the same bone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bonefrac.data.phantom.anatomy import (
    Bone,
    Knob,
    ShaftView,
    Tube,
    bone_paths,
    chord,
    knob_paths,
    projected_radii,
    turn,
)
from bonefrac.data.phantom.patient import Build, random_build
from bonefrac.data.phantom.study import LIMBS

angles = st.floats(-np.pi, np.pi)
radii = st.floats(1.0, 50.0)
STRAIGHT = Tube((0, 0, 0), (0, 100, 0), ((0, 10, 8, 0, 3), (1, 10, 8, 0, 3)), cap=(5, 5))


def plane(width=60.0, height=140.0, step=1.0):
    x = np.arange(-width / 2, width / 2, step, dtype=np.float32)
    y = np.arange(-20, height - 20, step, dtype=np.float32)
    return tuple(np.meshgrid(x, y))


@given(radii, radii, angles)
def test_turning_an_ellipse_keeps_its_area(side, front, angle):
    width, depth = projected_radii(side, front, angle)
    assert width * depth == pytest.approx(side * front, rel=1e-4)
    assert min(side, front) * 0.999 <= width <= max(side, front) * 1.001


@given(radii, radii)
def test_chords_of_an_ellipse_add_up_to_its_area(width, depth):
    offsets = np.linspace(-width, width, 2001)
    area = chord(offsets, width, depth).sum() * (offsets[1] - offsets[0])
    assert area == pytest.approx(np.pi * width * depth, rel=1e-3)
    assert chord(np.array([1.01 * width]), width, depth) == 0


@given(st.tuples(radii, radii, radii), angles)
def test_turning_keeps_height_and_distance(point, angle):
    x, y, z = turn(point, angle)
    assert y == point[1]
    assert np.hypot(x, z) == pytest.approx(np.hypot(point[0], point[2]))


@settings(max_examples=25, deadline=None)
@given(st.floats(5, 95), st.floats(-8, 8), angles)
def test_place_inverts_frame(along, beside, angle):
    tube = Tube((3, 1, 2), (8, 99, -4), STRAIGHT.profile, bow=(2.0, 4.0))
    view = ShaftView(tube, angle)
    x, y = view.place(along, beside)
    found = view.frame((np.array([x]), np.array([y])))
    assert [float(v[0]) for v in found] == pytest.approx([along, beside], abs=0.1)


def test_the_middle_of_a_tube_is_two_walls_and_a_medulla():
    paths = ShaftView(STRAIGHT, 0.0).paths((np.zeros((1, 1), np.float32), np.full((1, 1), 50.0)))
    assert paths.cortex[0, 0] == pytest.approx(6.0, abs=0.05)
    assert paths.medulla[0, 0] == pytest.approx(10.0, abs=0.05)


def test_the_cortex_is_thickest_along_the_flank():
    x = np.linspace(-10, 10, 201, dtype=np.float32)
    cortex = ShaftView(STRAIGHT, 0.0).paths((x, np.full_like(x, 50.0))).cortex
    assert abs(abs(x[cortex.argmax()]) - 7.0) < 0.3
    assert cortex.max() > 1.5 * cortex[100]


@settings(max_examples=20, deadline=None)
@given(angles)
def test_a_shell_is_never_thicker_than_its_solid(angle):
    knob = Knob((0, 40, 3), (12, 9, 15), tilt=0.4, block=0.5)
    paths = knob_paths(knob, plane(), angle=angle)
    assert (paths.cortex >= 0).all()
    assert (paths.medulla >= 0).all()
    assert paths.outer.max() <= 2 * 15 + 1e-3


def test_a_ball_looks_the_same_from_all_sides():
    ball = Knob((0, 40, 0), (10, 10, 10))
    front, side = (knob_paths(ball, plane(), angle=a).outer for a in (0.0, 1.1))
    np.testing.assert_allclose(front, side, atol=1e-3)
    assert front.sum() == pytest.approx(4 / 3 * np.pi * 1000, rel=0.01)


def test_there_is_no_wall_between_a_shaft_and_its_knob():
    knob = Knob((0, 60, 0), (5, 8, 5))
    with_knob = bone_paths(Bone("b", STRAIGHT, (knob,)), plane(), angle=0.0)
    alone = bone_paths(Bone("b", STRAIGHT), plane(), angle=0.0)
    np.testing.assert_allclose(with_knob.cortex, alone.cortex, atol=1e-3)


@pytest.mark.parametrize("limb", LIMBS.values(), ids=LIMBS)
def test_limbs_name_bones_that_exist_and_can_break(limb):
    built = limb(Build())
    shafts = {b.name for b in built.bones if b.shaft is not None}
    names = [b.name for b in built.bones]
    assert len(names) == len(set(names))
    for span in built.spans:
        assert {span.bone, span.partner or span.bone} <= shafts
        assert set(span.beyond) <= set(names)
        assert 0 < span.lo < span.hi < 1
        assert 0 < span.metaphysis[0] < span.metaphysis[1] < 1
    assert sum(built.views) == pytest.approx(1)


@pytest.mark.parametrize("name", LIMBS)
def test_limbs_are_called_by_their_body_part(name):
    assert LIMBS[name](Build()).body_part == name


def test_the_carpus_is_two_rows_of_four_bones():
    bones = {b.name: b.knobs[0].centre for b in LIMBS["wrist"](Build()).bones if b.shaft is None}
    proximal = [bones[n][1] for n in ("scaphoid", "lunate", "triquetrum", "pisiform")]
    distal = [bones[n][1] for n in ("trapezium", "trapezoid", "capitate", "hamate")]
    assert max(proximal) + 5 < min(distal)


def test_sesamoids_and_fabella_are_those_of_some_people():
    def names(limb, **build):
        return {b.name for b in LIMBS[limb](Build(**build)).bones}

    assert "sesamoids" in names("hand")
    assert "sesamoids" not in names("hand", growing=True)
    assert "fabella" in names("thigh", fabella=True)
    assert "fabella" not in names("thigh")


def test_builds_are_people():
    builds = [random_build(np.random.default_rng(i)) for i in range(200)]
    assert 20 <= sum(b.growing for b in builds) <= 60
    assert all(0.6 < b.size < 1.25 and b.fat >= 2 for b in builds)
