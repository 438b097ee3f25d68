"""The KerasCV networks keep the promises of our own."""

import subprocess
import sys

import keras
import numpy as np
import pytest

from bonefrac.errors import BonefracError
from bonefrac.models import baselines
from bonefrac.models.presets import PRESETS, build_model

SIZE = 64
NAMES = [name for name, preset in PRESETS.items() if preset.builder.startswith("baselines:")]


def build(name, *, image_size=SIZE):
    return build_model(name, image_size=image_size)


def dtypes(outputs):
    return {keras.backend.standardize_dtype(v.dtype) for v in outputs.values()}


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    return rng.uniform(0, 255, (4, SIZE, SIZE, 1)).astype(np.float32)


@pytest.fixture(scope="module", params=NAMES)
def network(request):
    keras.utils.set_random_seed(0)
    return build(request.param)


@pytest.fixture(scope="module")
def trained(network, images):
    """The network after a few steps, and its losses: averages are no longer those of the start."""
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    network.compile(
        keras.optimizers.Adam(1e-3), loss={"mask": loss, "fracture": loss}, jit_compile=False
    )
    target = {"mask": np.float32(images > 200), "fracture": np.float32([[0], [1], [0], [1]])}
    history = network.fit(images, target, epochs=10, batch_size=4, verbose=0)
    return network, history.history["loss"]


@pytest.fixture
def runtime(trained):
    from bonefrac.inference.card import Card
    from bonefrac.inference.finding import Thresholds
    from bonefrac.inference.runtimes import KerasRuntime

    model, _ = trained
    thresholds = Thresholds(sure=0.7, doubt=0.3, mask=0.5)
    card = Card(model.name, model.name, SIZE, temperature=1.3, thresholds=thresholds)
    return KerasRuntime(model, card)


def test_names_shapes_and_count_are_those_on_record(network, images):
    assert network.input.name == "image"
    outputs = network(images[:2])
    assert {k: tuple(v.shape) for k, v in outputs.items()} == {
        "mask": (2, SIZE, SIZE, 1),
        "fracture": (2, 1),
    }
    assert dtypes(outputs) == {"float32"}
    count = sum(int(np.prod(v.shape)) for v in network.trainable_variables)
    assert count == PRESETS[network.name].params


@pytest.mark.slow
def test_it_learns_one_batch(trained):
    _, losses = trained
    assert np.isfinite(losses).all()
    assert losses[-1] < losses[0]


def test_a_call_without_a_mode_is_inference(network, images):
    # keras.layers.Resizing would switch all layers behind it to training.
    unsaid, said = network(images), network(images, training=False)
    for key in said:
        np.testing.assert_array_equal(unsaid[key], said[key])


def test_backbones_have_their_published_counts():
    import keras_cv

    def count(backbone):
        kind, config = baselines.BACKBONES[backbone]
        shape = (SIZE, SIZE, 3)
        return getattr(keras_cv.models, kind)(
            **config, include_rescaling=False, input_shape=shape
        ).count_params()

    reference = keras.applications.MobileNetV3Small(
        weights=None, include_top=False, input_shape=(SIZE, SIZE, 3)
    )
    assert count("mobilenet_v3_small") == reference.count_params()
    assert count("resnet18") == 11_186_112


def test_other_sizes_take_the_same_weights(network):
    larger = build(network.name, image_size=96)
    larger.set_weights(network.get_weights())
    assert larger(np.zeros((1, 96, 96, 1), np.float32))["mask"].shape == (1, 96, 96, 1)


@pytest.mark.parametrize("name", NAMES)
def test_sizes_that_do_not_fit_are_refused(name):
    with pytest.raises(BonefracError, match=r"100x100.*multiples of 32.*96 or 128"):
        build(name, image_size=100)
    with pytest.raises(BonefracError, match=r"An open image size"):
        build(name, image_size=None)


def test_segformer_takes_squares_only():
    with pytest.raises(BonefracError, match=r"64x96.*a square"):
        baselines.segformer((64, 96, 1))


def test_deeplab_takes_a_rectangle():
    model = baselines.deeplab_v3_plus((64, 96, 1))
    assert model(np.zeros((1, 64, 96, 1), np.float32))["mask"].shape == (1, 64, 96, 1)


def test_unknown_backbone_names_those_there_are():
    with pytest.raises(BonefracError, match=r"Backbone 'vgg'.*resnet18"):
        baselines.deeplab_v3_plus(backbone="vgg")


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_logits_stay_float32_under_mixed_precision(name, images):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = build(name)
    finally:
        keras.config.set_dtype_policy("float32")
    (inner,) = (x for x in model.layers if isinstance(x, baselines.KerasCVNetwork))
    assert inner.compute_dtype == "bfloat16"
    assert keras.backend.standardize_dtype(inner(images[:1].repeat(3, -1))[0].dtype) == "bfloat16"
    outputs = model(images)
    assert dtypes(outputs) == {"float32"}
    assert all(np.isfinite(v).all() for v in outputs.values())


_RELOAD = """
import sys
import numpy as np
import bonefrac
from bonefrac.inference.runtimes import KerasRuntime
from pathlib import Path
folder = Path(sys.argv[1])
(path,) = folder.glob("*.keras")
model = KerasRuntime.from_keras_file(path).model
images, *expected = np.load(folder / "expected.npz").values()
for key, value in zip(("mask", "fracture"), expected, strict=True):
    np.testing.assert_allclose(model(images)[key], value, atol=1e-5, rtol=1e-5)
"""


@pytest.mark.slow
def test_keras_file_loads_in_a_fresh_process(runtime, images, tmp_path):
    from bonefrac.artifacts import export

    export.export_keras(runtime, tmp_path, images[..., 0])
    outputs = runtime.model(images)
    np.savez(tmp_path / "expected.npz", images, outputs["mask"], outputs["fracture"])
    subprocess.run([sys.executable, "-c", _RELOAD, str(tmp_path)], check=True, timeout=300)


@pytest.mark.slow
def test_weights_load_into_a_fresh_network(trained, images, tmp_path):
    model, _ = trained
    model.save_weights(tmp_path / "model.weights.h5")
    other = build(model.name)
    other.load_weights(tmp_path / "model.weights.h5")
    for key, value in model(images).items():
        np.testing.assert_allclose(other(images)[key], value, atol=1e-6)


@pytest.mark.slow
def test_savedmodel_answers_as_its_network(runtime, images, tmp_path):
    from bonefrac.artifacts import export  # refuses an artefact that does not

    path, found = export.export_savedmodel(runtime, tmp_path, images[..., 0])
    assert path.is_dir()
    assert found.images == 4


@pytest.mark.slow
@pytest.mark.parametrize("quantize", ["none", "float16", "dynamic", "int8"])
def test_tflite_answers_as_its_network(runtime, images, tmp_path, quantize):
    from bonefrac.artifacts import export

    path, found = export.export_tflite(runtime, tmp_path, images[..., 0], quantize=quantize)
    assert path.is_file()
    assert found.images == 4
