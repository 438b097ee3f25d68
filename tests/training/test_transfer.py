"""Fine-tuning starts from what fits, keeps what it is told to keep, and stays exact."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from bonefrac.data.features import example
from bonefrac.errors import BonefracError
from bonefrac.inference.runtimes import open_network
from bonefrac.training.compiled import compiled
from bonefrac.training.fit import fit
from bonefrac.training.running import Running
from bonefrac.training.settings import Settings
from bonefrac.training.transfer import encoder_layers, start_from

VIT = {"hidden_dim": 16, "num_layers": 4, "num_heads": 2, "mlp_dim": 16, "filters": (4, 8, 8, 8)}
QUIET = Running(preview_every=0)


def weights_of(model, names):
    return {name: model.get_layer(name).get_weights() for name in names}


def assert_equal(one, other):
    assert one.keys() == other.keys()
    for name in one:
        for a, b in zip(one[name], other[name], strict=True):
            np.testing.assert_array_equal(a, b, err_msg=name)


@pytest.fixture(scope="module")
def hands(build_examples, tmp_path_factory):
    """Radiographs of which only the bone age is known."""
    rng = np.random.default_rng(0)
    made = [
        example(
            id=f"{k}",
            group=f"{k}",
            image=rng.integers(0, 255, (64, 64), np.uint8),
            bone_age_months=20.0 + 5 * k,
        )
        for k in range(12)
    ]
    return build_examples(made, tmp_path_factory.mktemp("hands") / "data")


@pytest.fixture(scope="module")
def pretrained(hands, run_settings, tmp_path_factory):
    """A run that learned bone age."""
    run = tmp_path_factory.mktemp("pretrained") / "run"
    settings = replace(run_settings, epochs=1)
    fit(settings, data=hands, workdir=run, resume=False, command="a test", running=QUIET)
    return run


@pytest.mark.slow
def test_an_encoder_taught_bone_age_starts_a_segmentation(
    pretrained, phantom_data, run_settings, tmp_path, capsys
):
    settings = replace(run_settings, epochs=1, finetune=str(pretrained), freeze="encoder")
    encoder = encoder_layers(settings)
    assert {name.partition("_")[0] for name in encoder} == {"enc0", "enc1", "bottom"}
    source = open_network(pretrained)[1].model
    fit(settings, data=phantom_data, workdir=tmp_path, resume=False, command="", running=QUIET)
    told = capsys.readouterr().err
    assert f"{len(encoder)} of " in told
    assert "Fresh: " in told
    assert "mask_logits" in told
    # Frozen: the moving averages of the normalisation stay as they were, too.
    trained = open_network(tmp_path)[1].model
    assert_equal(weights_of(source, encoder), weights_of(trained, encoder))


def test_a_whole_network_starts_from_its_own_like(trained_run, run_settings):
    settings = replace(run_settings, seed=5, finetune=str(trained_run))
    model = compiled(settings, steps=2)
    (line,) = start_from(model, settings)
    layers = [layer.name for layer in model.layers if layer.weights]
    assert line.startswith(f"{len(layers)} of {len(layers)} layers start from")
    assert_equal(weights_of(open_network(trained_run)[1].model, layers), weights_of(model, layers))


def test_what_has_another_shape_stays_fresh_and_is_told(trained_run, run_settings):
    settings = replace(run_settings, overrides={"filters": (4, 8, 32)}, finetune=str(trained_run))
    model = compiled(settings, steps=2)
    before = weights_of(model, ["bottom_conv1"])
    lines = start_from(model, settings)
    assert "bottom_conv1" in lines[1]
    assert "enc0_conv1" not in lines[1]
    assert_equal(before, weights_of(model, ["bottom_conv1"]))


def test_another_architecture_is_refused(trained_run):
    settings = Settings("vit_tiny_patch16", 32, overrides=VIT, finetune=str(trained_run))
    with pytest.raises(BonefracError, match="No layer of the encoder of unet_tiny"):
        start_from(compiled(settings, steps=2), settings)


def test_no_model_is_refused(run_settings, tmp_path):
    settings = replace(run_settings, finetune=str(tmp_path / "none"))
    with pytest.raises(BonefracError, match="does not exist"):
        start_from(compiled(settings, steps=2), settings)


@pytest.mark.slow
def test_positions_are_resized_to_another_grid(phantom_data, tmp_path):
    small = Settings("vit_tiny_patch16", 32, 1, 4, overrides={**VIT, "native_size": 32})
    fit(small, data=phantom_data, workdir=tmp_path, resume=False, command="", running=QUIET)
    settings = replace(small, overrides={**VIT, "native_size": 64}, finetune=str(tmp_path))
    model = compiled(settings, steps=2)
    (line,) = start_from(model, settings)
    assert "layers start from" in line
    there = open_network(tmp_path)[1].model.get_layer("tokens")
    wanted = keras.ops.image.resize(there.positions, (4, 4), interpolation="bilinear")
    np.testing.assert_array_equal(model.get_layer("tokens").positions, wanted)
    np.testing.assert_array_equal(model.get_layer("tokens").token, there.token)


def steps_of(settings, first):
    """How far each layer moves in one step of AdamW."""
    model = compiled(settings, steps=2)
    model.optimizer.weight_decay = 0.0
    for layer, values in first.items():
        model.get_layer(layer).set_weights(values)
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 255, (2, 64, 64, 1)).astype(np.float32)
    y = {"mask": rng.integers(0, 2, (2, 64, 64, 1)), "fracture": np.ones((2, 1))}
    model.train_on_batch(x, {key: value.astype(np.float32) for key, value in y.items()})
    kernels = {name: model.get_layer(name).kernel for name in first}
    return {name: np.asarray(kernel) - first[name][0] for name, kernel in kernels.items()}


@pytest.mark.slow
def test_the_encoder_moves_by_its_share_and_the_rest_as_ever(run_settings):
    first = weights_of(compiled(run_settings, steps=2), ["enc0_conv1", "dec0_conv1"])
    plain = steps_of(run_settings, first)
    slow = steps_of(replace(run_settings, encoder_rate=0.25), first)
    np.testing.assert_array_equal(slow["dec0_conv1"], plain["dec0_conv1"])
    np.testing.assert_allclose(slow["enc0_conv1"], 0.25 * plain["enc0_conv1"], rtol=1e-2, atol=1e-7)


@pytest.mark.parametrize("preset", ["r2unet_tiny", "attention_unet_tiny", "vit_tiny_patch16"])
def test_the_encoder_is_what_the_deepest_features_come_from(preset):
    settings = Settings(preset, image_size=64)
    names = encoder_layers(settings)
    model = compiled(settings, steps=2)
    assert names <= {layer.name for layer in model.layers}
    assert not any(name.startswith("dec") or name.endswith("logits") for name in names)
    assert any(name.startswith(("bottom", "encoded")) for name in names)
