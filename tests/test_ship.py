"""What is shipped keeps its large weights in 16 bits, and Keras reads them."""

import importlib.util
from pathlib import Path

import h5py
import numpy as np
import pytest

from bonefrac import build_model

SHIP = Path(__file__).parent.parent / "recipes" / "ship.py"


@pytest.fixture(scope="module")
def halve():
    spec = importlib.util.spec_from_file_location("ship", SHIP)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module._halve


@pytest.mark.parametrize("preset", ["r2unet_tiny", "vit_tiny_patch16"])
def test_halved_weights_load_as_the_nearest_halves(halve, preset, tmp_path):
    whole, half = tmp_path / "whole.weights.h5", tmp_path / "half.weights.h5"
    model = build_model(preset, image_size=64)
    model.save_weights(whole)
    halve(whole, half)
    assert half.stat().st_size < 0.7 * whole.stat().st_size
    copy = build_model(preset, image_size=64)
    copy.load_weights(half)
    for kept, weight in zip(copy.get_weights(), model.get_weights(), strict=True):
        assert kept.dtype == weight.dtype
        nearest = weight.astype(np.float16) if weight.size >= 1024 else weight
        np.testing.assert_array_equal(kept, nearest.astype(weight.dtype))


def test_small_ones_stay_whole(halve, tmp_path):
    whole, half = tmp_path / "whole.h5", tmp_path / "half.h5"
    with h5py.File(whole, "w") as file:
        file.create_dataset("layers/variance", data=np.full(8, 1e6, np.float32))
        file["layers"].attrs["name"] = "norm"
    halve(whole, half)
    with h5py.File(half) as file:
        assert file["layers/variance"].dtype == np.float32
        assert file["layers"].attrs["name"] == "norm"
