"""A marker reads as its letter, lies inside the radiograph and never on a fracture."""

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from bonefrac.data.augment import NONE
from bonefrac.data.augment.field import in_field
from bonefrac.data.augment.glyphs import SIDE as TEXELS
from bonefrac.data.augment.glyphs import WORDS, atlas
from bonefrac.data.augment.marker import marker, random_marker

SIDE = 96
ALWAYS = replace(NONE, marker=1.0)
MIDDLE = ((TEXELS - 1) / 2, (TEXELS - 1) / 2)


def test_the_atlas_holds_distinct_letters_with_black_around():
    glyphs = atlas()
    assert glyphs.shape == (len(WORDS), TEXELS, TEXELS, 1)
    assert 0 == glyphs.min() < glyphs.max() == 1
    ring = np.ones((TEXELS, TEXELS), bool)
    ring[1:-1, 1:-1] = False
    assert not glyphs[:, ring].any()
    assert len({glyph.tobytes() for glyph in glyphs}) == len(WORDS)


def test_an_l_is_an_upright_and_a_foot():
    (row, column) = np.nonzero(atlas()[WORDS.index("L"), ..., 0] > 0.5)
    top, foot = column[row < np.median(row)], column[row == row.max()]
    assert top.max() <= TEXELS / 2  # the upright is at the left
    assert foot.max() > TEXELS / 2  # the foot points to the right


@pytest.mark.parametrize("glyph", range(len(WORDS)))
def test_at_its_own_size_a_marker_is_its_glyph(glyph):
    black = tf.zeros([TEXELS, TEXELS, 1])
    plain = {"glyph": glyph, "centre": MIDDLE, "size": float(TEXELS), "level": 240.0}
    upright = marker(black, **plain, angle=0.0)
    assert upright.numpy() == pytest.approx(240 * atlas()[glyph], abs=1e-2)
    turned = marker(black, **plain, angle=90.0)
    assert turned.numpy() == pytest.approx(np.rot90(upright), abs=0.1)


def test_a_marker_lies_where_and_as_large_as_asked():
    result = marker(
        tf.zeros([SIDE, SIDE, 1]), glyph=1, centre=(30, 70), size=20.0, angle=0.0, level=255.0
    )
    rows, columns = np.nonzero(result.numpy()[..., 0] > 127)
    assert ((rows.min() + rows.max()) / 2, (columns.min() + columns.max()) / 2) == pytest.approx(
        (30, 70), abs=1
    )
    assert rows.max() - rows.min() + 1 == pytest.approx(20 * 0.68 * 1.2, abs=2)


@given(
    number=st.integers(0, 2**31 - 1),
    corner=st.tuples(st.integers(0, 90), st.integers(0, 90)),
    size=st.tuples(st.integers(1, 96), st.integers(1, 96)),
)
@settings(max_examples=60)
def test_no_marker_touches_the_mask(number, corner, size):
    image = tf.fill([SIDE, SIDE, 1], 60.0)
    mask = np.zeros((SIDE, SIDE, 1), np.uint8)
    mask[corner[0] : corner[0] + size[0], corner[1] : corner[1] + size[1]] = 1
    result = random_marker(image, tf.constant(mask), seed=tf.constant([number, 0]), strength=ALWAYS)
    assert (result.numpy()[mask > 0] == 60).all()


def test_where_everything_is_fracture_nothing_is_laid(pair):
    everywhere = tf.ones_like(pair[1])
    for number in range(5):
        result = random_marker(pair[0], everywhere, seed=tf.constant([number, 0]), strength=ALWAYS)
        assert (result == pair[0]).numpy().all()


def test_markers_lie_beside_the_limb_and_inside_the_radiograph(pair):
    image, mask = pair
    inside = in_field(image).numpy() > 0
    hidden = []
    for number in range(20):
        result = random_marker(image, mask, seed=tf.constant([number, 0]), strength=ALWAYS)
        letter = np.abs(result - image) > 20
        assert letter.sum() > 10
        assert inside[letter].all()
        hidden.append(np.mean(image.numpy()[letter]))
    assert np.mean(hidden) < 0.7 * np.mean(image.numpy()[inside])


def test_never_is_never(pair):
    assert random_marker(*pair, seed=tf.constant([1, 0]), strength=NONE) is pair[0]
