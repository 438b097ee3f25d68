"""The page's small pictures show what is outlined, in whatever form it came."""

import base64
import io

import numpy as np
import pytest
from made_up import picture
from PIL import Image

from bonefrac.data.audit.pictures import data_uri
from bonefrac.data.outlines import Outlines, Patch, box

LEFT, TOP, WIDTH, HEIGHT = 30, 40, 20, 12


def colours(entry, *, outlined=True):
    """Where the picture is amber, bool [H, W] at the radiograph's size."""
    _, _, data = data_uri(entry, outlined=outlined).partition("base64,")
    image = Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")
    red, _, blue = np.asarray(image.resize((100, 120)), int).transpose(2, 0, 1)
    return red - blue > 60


def drawn(tmp_path, form):
    if form == "polygon":
        return Outlines((box(LEFT, TOP, WIDTH, HEIGHT),))
    if form == "patch":
        return Outlines(patches=(Patch(LEFT, TOP, np.ones((HEIGHT, WIDTH), np.uint8)),))
    mask = np.zeros((120, 100), np.uint8)
    mask[TOP : TOP + HEIGHT, LEFT : LEFT + WIDTH] = 7
    if form == "mask of another size":
        mask = mask[:-1]
    Image.fromarray(mask).save(tmp_path / "mask.png")
    values = (3,) if form == "mask of another class" else (7,)
    return Outlines(mask_path=tmp_path / "mask.png", mask_values=values)


@pytest.mark.parametrize("form", ["polygon", "patch", "mask"])
def test_an_outline_is_drawn_around_the_fracture(folder, tmp_path, form):
    entry = folder.add(pixels=picture(1), outlines=drawn(tmp_path, form))
    amber = colours(entry)
    ys, xs = np.nonzero(amber)
    edges = (ys.min() - TOP, ys.max() - TOP - HEIGHT, xs.min() - LEFT, xs.max() - LEFT - WIDTH)
    assert np.abs(edges).max() <= 3
    assert not amber[TOP + 4 : TOP + HEIGHT - 4, LEFT + 4 : LEFT + WIDTH - 4].any()
    assert not colours(entry, outlined=False).any()


@pytest.mark.parametrize("form", ["mask of another size", "mask of another class"])
def test_what_is_not_the_fracture_is_not_drawn(folder, tmp_path, form):
    entry = folder.add(pixels=picture(1), outlines=drawn(tmp_path, form))
    assert not colours(entry).any()
