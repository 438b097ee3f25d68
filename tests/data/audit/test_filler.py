"""Pictures that were cut short and encoded again are found, and no others."""

import io

import numpy as np
import pytest
from PIL import Image, ImageFile

from bonefrac.data.audit import filler_share
from bonefrac.data.phantom import draw

COUNT = 20


@pytest.fixture(scope="module")
def pictures():
    return [draw(seed=4, index=index).image for index in range(COUNT)]


def jpeg(picture, quality=90):
    out = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(out, "JPEG", quality=quality)
    return out.getvalue()


def decoded(data):
    return np.asarray(Image.open(io.BytesIO(data)))


@pytest.mark.parametrize("quality", [50, 75, 95])
@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9])
def test_what_libjpeg_left_of_a_cut_file_is_found(pictures, monkeypatch, quality, kept):
    data = jpeg(pictures[0], quality)
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    tolerated = decoded(data[: int(len(data) * kept)])
    lost = np.flatnonzero((tolerated[:, :-16] != 128).any(axis=1)).max() + 1
    share = filler_share(decoded(jpeg(tolerated, 90)).astype(np.float32))
    assert share == pytest.approx(1 - lost / len(tolerated), abs=16 / len(tolerated))
    assert share > 0.04


def test_a_repeated_textured_block_is_found(pictures):
    filled = pictures[0][:320, :280].copy()
    block = np.random.default_rng(0).integers(20, 120, (8, 8), dtype=np.uint8)
    filled[240:] = np.tile(block, (10, 35))
    assert filler_share(decoded(jpeg(filled, 95)).astype(np.float32)) == 0.25


def test_whole_pictures_have_no_filler(pictures):
    assert [filler_share(decoded(jpeg(p)).astype(np.float32)) for p in pictures] == [0] * COUNT


@pytest.mark.parametrize("level", [0, 60, 231, 255])
def test_a_plain_border_is_no_filler(pictures, level):
    bordered = pictures[0].copy()
    bordered[-100:] = level
    assert filler_share(decoded(jpeg(bordered)).astype(np.float32)) == 0


@pytest.mark.parametrize("shape", [(1, 1), (5, 50), (50, 5), (8, 8), (15, 15), (16, 16), (17, 23)])
def test_pictures_of_a_few_blocks_are_measured_too(shape):
    ramp = np.arange(np.prod(shape), dtype=np.float32).reshape(shape) % 251
    assert filler_share(ramp) == 0
