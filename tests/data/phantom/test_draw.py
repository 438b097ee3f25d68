"""A phantom is a pure function of its seed and index, and its parts agree with each other."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest

from bonefrac.data.phantom import BODY_PARTS, FRACTURES, draw
from bonefrac.data.phantom.difficulty import DISPLACEMENTS, MORPHOLOGIES, TORN
from bonefrac.data.phantom.study import random_study


@pytest.fixture(scope="module")
def phantoms():
    return [draw(seed=5, index=i) for i in range(36)]


def fingerprint(index):
    phantom = draw(seed=2, index=index, difficulty="hard")
    return hashlib.sha256(phantom.image.tobytes() + phantom.mask.tobytes()).hexdigest()


def test_the_same_index_gives_the_same_picture_in_another_process():
    code = (
        "import hashlib; from bonefrac.data.phantom import draw\n"
        "for i in range(6):\n"
        "    p = draw(seed=2, index=i, difficulty='hard')\n"
        "    print(hashlib.sha256(p.image.tobytes() + p.mask.tobytes()).hexdigest())"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert other.stdout.split() == [fingerprint(i) for i in range(6)]


def test_drawing_ignores_and_spares_the_global_random_state():
    np.random.seed(0)
    first = fingerprint(3)
    after = np.random.random()
    np.random.seed(0)
    assert np.random.random() == after
    assert fingerprint(3) == first


def test_seeds_and_indices_give_different_pictures():
    pictures = [draw(seed=s, index=i).image for s, i in ((0, 0), (0, 1), (1, 0))]
    assert len({p.tobytes() for p in pictures}) == 3


def test_shapes_types_and_ranges(phantoms):
    for p in phantoms:
        assert p.image.dtype == p.mask.dtype == np.uint8
        assert p.image.shape == p.mask.shape == p.bones.shape
        assert p.bones.dtype == np.uint8
        assert p.bones.max() == 1
        assert 320 <= max(p.image.shape) <= 448
        assert min(p.image.shape) >= 200
        assert p.mask.max() <= 1
        assert p.body_part == p.body_part.lower()
        assert p.view in ("frontal", "lateral", "oblique")
    assert sum(p.image.shape[0] > p.image.shape[1] for p in phantoms) > 22
    assert {p.body_part for p in phantoms} == set(BODY_PARTS)


def test_the_mask_is_empty_exactly_when_nothing_is_broken(phantoms):
    for p in phantoms:
        assert p.mask.any() == (p.fracture != "none")


def test_about_half_are_broken_in_every_way():
    studies = [random_study(seed=0, index=i) for i in range(240)]
    broken = [(s.fracture.kind, s) for s in studies if s.fracture is not None]
    assert 95 <= len(broken) <= 145
    kinds = [kind for kind, _ in broken]
    for morphology in MORPHOLOGIES:
        assert sum(k.morphology == morphology for k in kinds) > 0.02 * len(broken)
    for displacement in DISPLACEMENTS:
        assert sum(k.displacement == displacement for k in kinds) > 0.2 * len(broken)
    for kind, study in broken:  # what does not part the bone cannot displace it
        assert kind.morphology in TORN or kind.displacement == "none"
        assert study.fracture.carries or kind.displacement != "angulated"


@pytest.mark.parametrize("body_part", BODY_PARTS)
@pytest.mark.parametrize("fracture", [f for f in FRACTURES if f != "none"])
def test_every_kind_in_every_body_part(fracture, body_part):
    p = draw(seed=9, index=len(fracture), fracture=fracture, body_part=body_part)
    assert p.body_part == body_part
    assert fracture in (p.fracture, p.displacement)
    assert p.displacement == "none" or p.fracture in TORN
    assert 0.0004 < p.mask.mean() < 0.08
    rows, columns = np.nonzero(p.mask)
    assert 0 < rows.mean() < p.mask.shape[0] - 1
    assert 0 < columns.mean() < p.mask.shape[1] - 1
    assert p.bones[p.mask == 1].mean() > 0.4  # the rest is its margin and its gap
    assert p.image[(p.mask == 1) & (p.bones == 1)].mean() > np.median(p.image)


def test_the_middle_of_a_fracture_lies_on_bone():
    for index in range(24):
        p = draw(seed=11, index=index, fracture=("oblique", "hairline", "buckle")[index % 3])
        row, column = (round(float(v.mean())) for v in np.nonzero(p.mask))
        near = p.bones[max(row - 6, 0) : row + 7, max(column - 6, 0) : column + 7]
        assert near.any()


def test_bones_are_bright_and_what_lies_beside_them_is_not(phantoms):
    contrast = [
        p.image[p.bones == 1].mean() - p.image[(p.bones == 0) & (p.image < 245)].mean()
        for p in phantoms
    ]
    assert min(contrast) > 5
    assert np.mean(contrast) > 50


def test_a_forced_kind_keeps_patient_view_and_shot():
    intact = random_study(seed=4, index=1, fracture="none")
    broken = random_study(seed=4, index=1, fracture="displaced")
    assert intact.fracture is None
    for part in ("limb", "view", "angle", "pose", "marks", "folds", "exposure"):
        assert getattr(intact, part) == getattr(broken, part)


def test_buckles_are_for_the_growing():
    for index in range(30):
        study = random_study(seed=4, index=index, fracture="buckle")
        assert study.limb.size < 0.86
        drawn = random_study(seed=4, index=index).fracture
        assert drawn is None or drawn.kind.morphology != "buckle" or study.limb.size < 0.86


@pytest.mark.parametrize(
    ("argument", "value"),
    [("fracture", "greenstick"), ("body_part", "skull"), ("difficulty", "impossible")],
)
def test_an_unknown_choice_is_refused_by_name(argument, value):
    with pytest.raises(ValueError, match=f"{argument} '{value}' is unknown: expected one of"):
        draw(seed=0, index=0, **{argument: value})


def test_a_hairline_changes_the_picture_inside_its_mask_only():
    changed = 0
    for index in range(12):
        intact = draw(seed=6, index=index, fracture="none")
        broken = draw(seed=6, index=index, fracture="hairline")
        change = np.abs(intact.image.astype(float) - broken.image)
        inside, outside = change[broken.mask == 1], change[broken.mask == 0]
        assert outside.mean() < 0.5
        changed += inside.mean() > 4 * outside.mean() + 0.5
    assert changed >= 10  # a crack behind another bone may be all but invisible


def test_harder_fractures_stand_out_less():
    """Grey levels by which a fracture differs from the same bone whole, in units of the noise."""
    means = []
    for difficulty in ("easy", "medium", "hard"):  # the outlines of "close" are wider
        signal = []
        for index in range(9):
            whole, broken = (
                draw(seed=3, index=index, difficulty=difficulty, fracture=f)
                for f in ("none", ("hairline", "displaced", "angulated")[index % 3])
            )
            change = np.abs(whole.image.astype(float) - broken.image)[broken.mask == 1]
            noise = np.abs(np.diff(whole.image.astype(float), axis=1)).mean()
            signal.append(change.mean() / noise)
        means.append(float(np.mean(signal)))
    easy, medium, hard = means
    assert easy > 1.15 * medium
    assert medium > 1.15 * hard


@pytest.mark.parametrize("kind", ("displaced", "angulated"))
def test_a_fracture_leaves_the_limb_above_it_alone(kind):
    for index in range(8):
        study = random_study(seed=6, index=index, fracture=kind)
        along = study.sites[0].view.frame(study.pose.grid())[0]
        above = along < study.sites[0].along - 5 * study.sites[0].half_width
        intact = draw(seed=6, index=index, fracture="none")
        broken = draw(seed=6, index=index, fracture=kind)
        change = np.abs(intact.image.astype(float) - broken.image)
        assert change[broken.mask == 1].mean() > 4
        if above.any():
            assert np.median(change[above]) <= 2  # the console's own contrast may shift a little


def test_the_mask_lies_on_or_beside_bright_bone(phantoms):
    for p in phantoms:
        if p.fracture != "none":
            assert p.image[p.mask == 1].mean() > np.median(p.image)


def test_grey_levels_are_those_of_a_radiograph(phantoms):
    quarters = np.array([np.percentile(p.image, (5, 50, 75, 95)) for p in phantoms]).mean(0)
    low, middle, upper, high = quarters
    assert 5 < low < 35  # dark, seldom black, beside the limb
    assert 20 < middle < 65
    assert 50 < upper < 110  # flesh
    assert 120 < high < 190  # bone


def test_a_close_one_is_coned_down_to_a_break_that_parted_the_bone():
    for index in range(12):
        close, easy = (
            random_study(seed=5, index=index, difficulty=level) for level in ("close", "easy")
        )
        assert close.limb == easy.limb
        assert close.pose.spacing < 0.5 * easy.pose.spacing
        if close.fracture is not None:
            assert (
                close.fracture.kind.morphology == "buckle"
                or close.fracture.kind.displacement in DISPLACEMENTS
            )
        mask = draw(seed=5, index=index, difficulty="close", fracture="displaced").mask
        rows, columns = np.nonzero(mask)
        assert rows.size > 0.02 * mask.size
        assert abs(rows.mean() / mask.shape[0] - 0.5) < 0.3
        assert abs(columns.mean() / mask.shape[1] - 0.5) < 0.3
