"""A mask is drawn from whatever somebody left: polygons, painted pixels, a mask file."""

import numpy as np
import pytest
from PIL import Image

from bonefrac.data.outlines import Outlines, Patch, box
from bonefrac.data.radiographs import draw_mask
from bonefrac.errors import BonefracError

SHAPE = (12, 16)
PICTURE = np.zeros(SHAPE)


def test_everything_that_is_drawn_is_joined(tmp_path):
    values = np.zeros(SHAPE, np.uint8)
    values[0, 0], values[0, 1] = 3, 4
    Image.fromarray(values).save(tmp_path / "mask.png")
    outlines = Outlines(
        polygons=(box(4, 4, 2, 1),),
        patches=(Patch(8, 9, np.array([[1, 0, 1]], np.uint8)),),
        mask_path=tmp_path / "mask.png",
        mask_values=(4,),
    )
    drawn = [[0, 1], [4, 4], [4, 5], [9, 8], [9, 10]]
    assert np.argwhere(draw_mask(outlines, SHAPE, PICTURE)).tolist() == drawn
    anything = Outlines(mask_path=tmp_path / "mask.png")
    assert np.argwhere(draw_mask(anything, SHAPE, PICTURE)).tolist() == [[0, 0], [0, 1]]


@pytest.mark.parametrize(("left", "top"), [(-2, -1), (14, 10), (-2, 10), (40, 40), (-40, -40)])
def test_what_is_painted_beyond_the_border_is_cut_off(left, top):
    patch = Patch(left, top, np.ones((4, 5), np.uint8))
    larger = np.zeros((120, 120), np.uint8)
    larger[top + 50 : top + 54, left + 50 : left + 55] = 1
    expected = larger[50 : 50 + SHAPE[0], 50 : 50 + SHAPE[1]]
    assert (draw_mask(Outlines(patches=(patch,)), SHAPE, PICTURE) == expected).all()


def test_a_mask_file_of_another_size_is_refused_by_name(tmp_path):
    Image.fromarray(np.ones((12, 15), np.uint8)).save(tmp_path / "mask.png")
    with pytest.raises(BonefracError, match=r"mask\.png has 15x12 pixels; expected the 16x12"):
        draw_mask(Outlines(mask_path=tmp_path / "mask.png"), SHAPE, PICTURE)
