"""Fractures: rigid moves, fragments that keep their bone, masks that hold the torn edges."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bonefrac.data.phantom.anatomy import Bone, ShaftView, Tube, bone_paths
from bonefrac.data.phantom.breaks import (
    KINDS,
    Break,
    Motion,
    Site,
    broken_paths,
    fracture_zone,
    random_break,
)
from bonefrac.data.phantom.lines import Line, random_teeth, scratch

TUBE = Tube((0, 0, 0), (0, 100, 0), ((0, 10, 10, 0, 3), (1, 10, 10, 0, 3)))
BONE = Bone("bone", TUBE)
VIEW = ShaftView(TUBE, 0.0)
SITE = Site("bone", VIEW, 50.0)
ACROSS = Line("bone", 50.0, 0.0, (0.0, 0.0), 10.0, -20.0, 20.0)
small = st.floats(-20, 20)


def plane():
    x, y = np.arange(-40, 40, 0.5, np.float32), np.arange(-20, 140, 0.5, np.float32)
    return tuple(np.meshgrid(x, y))


def cut(motion, kind="displaced", line=ACROSS):
    return Break(kind, (line,), motion, True, 0.5)


def render(fracture):
    pieces = broken_paths(BONE, plane(), angle=0.0, lines=(), fracture=fracture)
    return pieces, sum(p.outer for p in pieces)


@given(st.tuples(small, small), st.floats(-3, 3), st.tuples(small, small), st.tuples(small, small))
def test_undo_inverts_apply(pivot, angle, shift, point):
    motion = Motion(pivot, angle, shift)
    x, y = motion.apply(point)
    back = motion.undo((np.array([x]), np.array([y])))
    assert [float(v[0]) for v in back] == pytest.approx(point, abs=1e-3)


def test_no_share_of_a_move_is_no_move():
    grid = plane()
    still = Motion((1.0, 2.0), 0.5, (9.0, 9.0)).undo(grid, share=0.0)
    np.testing.assert_allclose(still, grid, atol=1e-4)


@settings(max_examples=15, deadline=None)
@given(st.floats(-0.5, 0.5), st.floats(-15, 15), st.floats(-5, 5))
def test_a_break_loses_no_bone(angle, dx, dy):
    _, whole = render(None)
    _, parts = render(cut(Motion((0.0, 50.0), angle, (dx, dy))))
    assert parts.sum() == pytest.approx(whole.sum(), rel=0.01)


def test_fragments_that_part_leave_a_gap_and_that_ride_up_overlap():
    _, whole = render(None)
    _, apart = render(cut(Motion(shift=(0.0, 6.0))))
    _, overlap = render(cut(Motion(shift=(0.0, -6.0))))
    row, column = np.searchsorted(plane()[1][:, 0], 53), 80
    assert apart[row, column] == 0
    row = np.searchsorted(plane()[1][:, 0], 47)
    assert overlap[row, column] == pytest.approx(2 * whole[row, column], rel=0.05)


def test_the_zone_holds_gap_and_both_edges_and_little_else():
    fracture = cut(Motion(shift=(4.0, 6.0)))
    zone = fracture_zone(fracture, plane(), sites=(SITE,), margin=2.0)
    x, y = plane()
    assert zone[(abs(x - 2) < 5) & (y > 50) & (y < 56)].all()
    assert not zone[(y < 47) | (y > 59)].any()
    assert not zone[abs(x) > 17].any()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(KINDS))
def test_what_a_break_changes_at_rest_is_inside_its_zone(seed, kind):
    fracture = random_break(np.random.default_rng(seed), SITE, kind=kind)
    assert fracture.kind == kind
    zone = fracture_zone(fracture, plane(), sites=(SITE,), margin=2.0)
    assert zone.any()
    if kind == "hairline":
        changed = abs(render(fracture)[1] - bone_paths(BONE, plane(), angle=0.0).outer) > 0.05
        assert changed.any()
        assert zone[changed].mean() > 0.95


@pytest.mark.parametrize("seed", range(5))
def test_angles_and_shifts_are_those_of_the_kind(seed):
    rng = np.random.default_rng(seed)
    bent = random_break(rng, SITE, kind="angulated").motion
    slipped = random_break(rng, SITE, kind="displaced").motion
    assert 8 <= abs(np.degrees(bent.turn)) <= 30
    assert np.hypot(*slipped.shift) > 0.4 * SITE.half_width


def test_one_broken_bone_of_a_pair_cannot_carry_the_limb():
    paired = Site("bone", VIEW, 50.0, partner=Site("other", VIEW, 48.0))
    breaks = [random_break(np.random.default_rng(i), paired, kind="displaced") for i in range(20)]
    assert {len(b.lines) for b in breaks} == {1, 2}
    for b in breaks:
        assert b.carries == (len(b.lines) == 2)
        if not b.carries:  # the joint stays where it was, up to the shortening
            x, y = b.motion.apply(VIEW.place(100.0))
            assert np.hypot(x, y - 100) < 0.5 * SITE.half_width


def test_a_scratch_takes_bone_from_the_line_only():
    line = Line("bone", 50.0, 0.0, (0.0, 0.0), 10.0, -20.0, 20.0, width=0.5, depth=0.6)
    whole = bone_paths(BONE, plane(), angle=0.0)
    cracked = scratch(whole, line, VIEW.frame(plane()))
    at, away = np.searchsorted(plane()[1][:, 0], (50, 56))
    assert cracked.cortex[at, 80] == pytest.approx(0.4 * whole.cortex[at, 80], rel=0.02)
    assert cracked.cortex[away, 80] == pytest.approx(whole.cortex[away, 80])


def test_teeth_are_level_and_as_high_as_asked():
    teeth = np.array([random_teeth(np.random.default_rng(i), height=2.0) for i in range(100)])
    assert abs(teeth.mean()) < 1e-9
    assert 0.8 < teeth.std() < 3.0


def test_an_unknown_kind_is_refused_by_name():
    with pytest.raises(ValueError, match=r"'spiral' is unknown: expected one of displaced"):
        random_break(np.random.default_rng(0), SITE, kind="spiral")
