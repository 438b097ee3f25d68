"""Hardware: metal white and sharp, casts faint shells, and neither gives the fracture away."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import rankdata

from bonefrac.data.phantom.anatomy import ShaftView, Tube
from bonefrac.data.phantom.breaks import Site
from bonefrac.data.phantom.casts import Cast, random_cast
from bonefrac.data.phantom.implants import Implant, Plate, Rod, random_implant
from bonefrac.data.phantom.patient import Build
from bonefrac.data.phantom.render import render
from bonefrac.data.phantom.study import LIMBS, random_study
from bonefrac.data.phantom.xray import MU_CORTEX, MU_FIBREGLASS, MU_PLASTER, MU_STEEL, MU_TITANIUM

TUBE = Tube((0, 0, 0), (0, 200, 0), ((0, 10, 10, 0, 3), (1, 10, 10, 0, 3)))


def plane():
    x, y = np.arange(-30, 30, 0.25, np.float32), np.arange(0, 200, 0.5, np.float32)
    return tuple(np.meshgrid(x, y))


def site(angle=0.0):
    return Site("bone", ShaftView(TUBE, angle), 100.0)


def test_materials_attenuate_in_their_order():
    assert MU_FIBREGLASS < MU_PLASTER < MU_CORTEX < MU_TITANIUM < MU_STEEL


def test_a_pin_is_as_thick_as_it_is_seen():
    across = Rod((100, -20, 0), (100, 20, 0), 2.0)
    side, end = (across.thickness(plane(), site(a).view) for a in (0.0, np.pi / 2))
    assert side.max() == pytest.approx(4, abs=0.1)
    assert end.max() == pytest.approx(40, rel=0.01)
    assert np.ptp(np.flatnonzero(side.any(0))) * 0.25 == pytest.approx(44, abs=1)
    assert np.ptp(np.flatnonzero(end.any(0))) * 0.25 == pytest.approx(4, abs=1)


def test_a_plate_is_a_band_from_above_and_a_line_from_the_side():
    plate = Plate(60, 140, np.pi / 2, 12.0, 3.0, (100.0,))
    x, y = plane()
    face, edge = (plate.thickness(plane(), site(a).view) for a in (0.0, np.pi / 2))
    row = np.searchsorted(y[:, 0], 80)
    assert face[row].max() == pytest.approx(3, rel=0.01)
    assert (face[row] > 0).sum() * 0.25 == pytest.approx(12, abs=0.6)
    assert edge[row].max() == pytest.approx(12, rel=0.01)
    assert (edge[row] > 0).sum() * 0.25 == pytest.approx(3, abs=0.6)
    assert x[row, edge[row] > 0].mean() == pytest.approx(11.5, abs=0.5)  # on the surface
    assert face[np.searchsorted(y[:, 0], 100), 120] == 0  # an empty hole


@pytest.mark.parametrize("kind", ("plate", "wires", "nail"))
def test_implants_cross_their_site(kind):
    for seed in range(5):
        implant = random_implant(np.random.default_rng(seed), site(0.3), kind=kind)
        beam = implant.line_integral(plane())
        rows = plane()[1][:, 0][(beam > 0.5).any(1)]
        assert rows.min() < 100 < rows.max()
        assert beam.max() > 1.0
        assert np.isfinite(beam).all()


def test_an_unknown_implant_is_refused_by_name():
    with pytest.raises(ValueError, match="'stent' is unknown: expected one of plate, wires, nail"):
        random_implant(np.random.default_rng(0), site(), kind="stent")


def test_a_cast_is_a_shell_between_its_ends():
    limb = LIMBS["forearm"](Build())
    cast = random_cast(np.random.default_rng(1), limb, at=150.0)
    x, y = (np.tile(v, s) for v, s in ((np.arange(-90, 90, 1.0, np.float32), (480, 1)), (
        np.arange(-60, 420, 1.0, np.float32)[:, None], (1, 180))))  # fmt: skip
    beam = cast.line_integral((x, y), angle=0.0, blotches=np.zeros(x.shape))
    tilted = y + cast.slant * x
    assert beam[abs(y[:, 0] - 150).argmin()].max() > 0
    assert not beam[(tilted < cast.lo - 3) | (tilted > cast.hi + 3)].any()
    row = beam[abs(y[:, 0] - 150).argmin()]
    assert row.max() > 2 * row[80:100].mean()  # thick where the beam grazes the shell
    with pytest.raises(ValueError, match="a shoulder holds no cast"):
        random_cast(np.random.default_rng(1), LIMBS["shoulder"](Build()), at=0.0)


def test_metal_is_whiter_than_bone_and_a_cast_is_not():
    seen = set()
    for index in range(400):
        study = random_study(seed=21, index=index, difficulty="hard", fracture="none")
        if study.hardware is None or study.hardware.kind in seen:
            continue
        seen.add(study.hardware.kind)
        with_it, without = (render(s)[0] for s in (study, replace(study, hardware=None)))
        grid = study.pose.grid()
        if isinstance(study.hardware, Implant):
            metal = study.hardware.line_integral(grid) > 2.5
            assert np.median(with_it[metal]) > np.percentile(without[without < 245], 97)
        else:
            assert isinstance(study.hardware, Cast)
            still = np.zeros(study.pose.shape)
            shell = study.hardware.line_integral(grid, angle=study.angle, blotches=still)
            dark = without < 60  # flesh and what lies beside it
            shift = np.median(with_it[dark & (shell < 0.01)]) - np.median(
                without[dark & (shell < 0.01)]
            )
            inside = dark & (shell > 0.1)
            assert 1 < np.median(with_it[inside].astype(float) - without[inside]) - shift < 80
        if len(seen) == 5:
            break
    assert seen == {"plate", "wires", "nail", "plaster", "fibreglass"}


def auc(scores, labels):
    ranks, positive = rankdata(scores), np.sum(labels)
    rank_sum = ranks[np.array(labels) == 1].sum()
    return (rank_sum - positive * (positive + 1) / 2) / (positive * (len(labels) - positive))


def test_hardware_is_no_short_cut_to_the_label():
    """An AUC off by 0.06 would be four standard errors over so many studies."""
    studies = [random_study(seed=1, index=i, difficulty="hard") for i in range(500)]
    labels = [s.fracture is not None for s in studies]
    kinds = [s.hardware.kind if s.hardware else "" for s in studies]
    assert 0.18 < np.mean([kind != "" for kind in kinds]) < 0.32
    assert auc([kind != "" for kind in kinds], labels) == pytest.approx(0.5, abs=0.06)
    assert auc([bool(s.marks.swellings) for s in studies], labels) == pytest.approx(0.5, abs=0.06)
    for kind in ("plate", "wires", "nail", "plaster", "fibreglass"):
        with_it = [broken for broken, k in zip(labels, kinds, strict=True) if k == kind]
        assert abs(np.mean(with_it) - 0.5) < 3 * 0.5 / np.sqrt(len(with_it))


def test_what_a_plate_holds_stays_set_unless_displacement_is_forced():
    for index in range(60):
        study = random_study(seed=2, index=index, difficulty="hard")
        if study.hardware and study.hardware.kind in ("plate", "nail") and study.fracture:
            assert study.fracture.kind.displacement == "none"
        forced = random_study(seed=2, index=index, difficulty="hard", fracture="displaced")
        assert forced.fracture.kind.displacement == "displaced"
        assert not forced.hardware or forced.hardware.kind not in ("plate", "nail")


def test_easy_pictures_have_none():
    assert not any(random_study(seed=3, index=i, difficulty="easy").hardware for i in range(60))
