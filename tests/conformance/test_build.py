"""Promise: every preset builds, with the names, shapes and types of the contract."""

import keras

from .conftest import SIDE, answer


def test_names_shapes_and_types_are_those_of_the_contract(preset, build, images):
    model = build(preset)
    assert isinstance(model, keras.Model)
    assert model.name == preset
    assert model.input.name == "image"
    logits = answer(model, images)
    assert {k: (v.shape, str(v.dtype)) for k, v in logits.items()} == {
        "mask": ((2, SIDE, SIDE, 1), "float32"),
        "fracture": ((2, 1), "float32"),
    }
    assert {"mask_logits", "fracture_logits"} <= {layer.name for layer in model.layers}
