"""Broken bones: pieces that keep their bone, marks that stay in it, zones that hold the edges."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bonefrac.data.phantom.anatomy import Bone, ShaftView, Tube, bone_paths
from bonefrac.data.phantom.breaks import (
    DISTAL,
    PROXIMAL,
    Break,
    Cut,
    Marks,
    Piece,
    Site,
    broken_paths,
    fracture_zone,
)
from bonefrac.data.phantom.difficulty import DISPLACEMENTS, LEVELS, MORPHOLOGIES, TORN, Kind
from bonefrac.data.phantom.lines import Line, random_teeth, scratch
from bonefrac.data.phantom.motion import Motion, Swelling
from bonefrac.data.phantom.tears import random_break

TUBE = Tube((0, 0, 0), (0, 100, 0), ((0, 10, 10, 0, 3), (1, 10, 10, 0, 3)))
BONE = Bone("bone", TUBE)
VIEW = ShaftView(TUBE, 0.0)
SITE = Site("bone", VIEW, 50.0)
ACROSS = Line("bone", 50.0, 0.0, (0.0, 0.0), 10.0, -20.0, 20.0)
TRANSVERSE = Kind("transverse", "displaced")
MEDIUM = LEVELS["medium"]
small = st.floats(-20, 20)


def plane():
    x, y = np.arange(-40, 40, 0.5, np.float32), np.arange(-20, 140, 0.5, np.float32)
    return tuple(np.meshgrid(x, y))


def cut(motion, line=ACROSS):
    surface = Cut(line, line, 0.5)
    pieces = (Piece("bone", ((surface, PROXIMAL),)), Piece("bone", ((surface, DISTAL),), motion))
    return Break(TRANSVERSE, pieces, motion=motion, carries=True)


def render(fracture, marks=None):
    pieces = broken_paths(BONE, plane(), angle=0.0, marks=marks or Marks(), fracture=fracture)
    return pieces, sum(p.outer for p in pieces)


def draw_break(seed, morphology, displacement="none", site=SITE):
    kind = Kind(morphology, displacement)
    return random_break(np.random.default_rng(seed), site, kind=kind, level=MEDIUM)


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


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(TORN), st.sampled_from(DISPLACEMENTS))
def test_no_kind_of_break_loses_bone(seed, morphology, displacement):
    _, whole = render(None)
    parts, added = render(draw_break(seed, morphology, displacement))
    assert added.sum() == pytest.approx(whole.sum(), rel=0.02)
    assert len(parts) == 2 if morphology != "comminuted" else len(parts) in (4, 5)
    assert min(p.outer.sum() for p in parts) > 5e-4 * whole.sum()


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


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(MORPHOLOGIES))
def test_what_a_break_in_place_changes_is_inside_its_zone(seed, morphology):
    fracture = draw_break(seed, morphology)
    zone = fracture_zone(fracture, plane(), sites=(SITE,), margin=2.0)
    x, y = plane()
    # A piece that slips by less than a millimetre changes its whole outline a little.
    inside = (y > 10) & (y < 90) & (abs(x) < (5 if morphology in TORN else 30))
    changed = inside & (abs(render(fracture)[1] - render(None)[1]) > 1.5)
    assert changed.any()
    assert zone[changed].mean() > 0.95


def test_a_spiral_is_longer_than_an_oblique_and_that_than_a_transverse_fracture():
    def length(morphology):
        zones = [
            fracture_zone(draw_break(k, morphology), plane(), sites=(SITE,), margin=1.0)
            for k in range(12)
        ]
        return np.mean([np.ptp(np.flatnonzero(zone.any(1))) for zone in zones])

    assert length("spiral") > 1.3 * length("oblique") > 1.69 * length("transverse")


def test_a_buckle_bulges_without_a_gap():
    for seed in range(6):
        fracture = draw_break(seed, "buckle")
        assert not fracture.pieces
        _, whole = render(None)
        _, bulged = render(fracture)
        assert (bulged[whole > 1] > 0.9 * whole[whole > 1]).all()
        new = (bulged > 1) & (whole <= 1)
        assert new.any()
        assert abs(plane()[1][new] - 50).max() < 15


def test_a_swelling_of_one_flank_leaves_the_other():
    hump = Swelling("bone", 50.0, 4.0, 0.3, 1, 0.0)
    _, whole = render(None)
    _, swollen = render(None, Marks(swellings=(hump,)))
    x, _ = plane()
    assert ((swollen > 1) & (whole <= 1) & (x > 0)).any()
    np.testing.assert_allclose(swollen[x < -4], whole[x < -4], atol=1e-3)


@pytest.mark.parametrize("seed", range(5))
def test_angles_and_shifts_are_those_of_the_kind(seed):
    bent = draw_break(seed, "oblique", "angulated").motion
    slipped = draw_break(seed, "oblique", "displaced").motion
    still = draw_break(seed, "oblique").motion
    assert 8 <= abs(np.degrees(bent.turn)) <= 30
    assert np.hypot(*slipped.shift) > 0.4 * SITE.half_width
    assert np.hypot(*still.shift) < 0.25 * SITE.half_width


def test_one_broken_bone_of_a_pair_cannot_carry_the_limb():
    paired = Site("bone", VIEW, 50.0, partner=Site("other", VIEW, 48.0))
    breaks = [draw_break(i, "transverse", "displaced", paired) for i in range(20)]
    assert {len({p.bone for p in b.pieces}) for b in breaks} == {1, 2}
    for b in breaks:
        assert b.carries == (len({p.bone for p in b.pieces}) == 2)
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


def test_a_bent_line_keeps_its_distance_where_it_is_steep():
    bend = tuple(float(v) for v in 20 * np.linspace(-1, 1, 41))
    line = Line("bone", 50.0, 0.0, (), 10.0, -20.0, 20.0, bend=bend)
    away = line.distance((np.array([50.0]), np.array([5.0])))
    assert away[0] == pytest.approx(-10 / np.hypot(1, 2), rel=1e-3)


def test_teeth_are_level_and_as_high_as_asked():
    teeth = np.array([random_teeth(np.random.default_rng(i), height=2.0) for i in range(100)])
    assert abs(teeth.mean()) < 1e-9
    assert 0.8 < teeth.std() < 3.0


def test_an_unknown_kind_is_refused_by_name():
    with pytest.raises(ValueError, match=r"'greenstick' is unknown: expected one of transverse"):
        draw_break(0, "greenstick")
