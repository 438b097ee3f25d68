"""Promise: every preset leaves as SavedModel, TFLite and ONNX, and answers there as here."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from bonefrac import schema
from bonefrac.artifacts.onnx import write_onnx
from bonefrac.artifacts.savedmodel import write_savedmodel
from bonefrac.artifacts.tflite import write_tflite
from bonefrac.inference.card import Card
from bonefrac.inference.finding import Thresholds
from bonefrac.inference.runtimes import KerasRuntime, LiteRTRuntime, OnnxRuntime
from bonefrac.quiet import quiet_stderr

from .conftest import SIDE, settle

TOLERANCE = 1e-4  # of a probability
ROUGHLY = 0.15  # likewise, of integers whose ranges come from two images
ROUGHER = {"unet_efficientnet_lite0": 0.2}  # sixteen depthwise layers, of random weights


@pytest.fixture
def network(preset, build, images):
    card = Card(preset, preset, SIDE, 1.5, Thresholds(0.5, 0.4, 0.5))
    return KerasRuntime(settle(build(preset), images), card)


def expected(network, images):
    masks, probabilities = zip(*(network(image[..., 0]) for image in images), strict=True)
    return np.stack(masks), np.array(probabilities)


def test_savedmodel_answers_the_same_both_ways_it_is_loaded(network, images, tmp_path):
    write_savedmodel(network.model, network.card, tmp_path / "1")
    masks, probabilities = expected(network, images)
    loaded = tf.saved_model.load(str(tmp_path / "1")).signatures[schema.SERVE_TENSOR]
    answers = [{k: v.numpy() for k, v in loaded(image=tf.constant(images)).items()}]
    v1 = tf.compat.v1
    with v1.Session(graph=tf.Graph()) as session:
        graph = v1.saved_model.load(session, ["serve"], str(tmp_path / "1"))
        signature = graph.signature_def[schema.SERVE_TENSOR]
        outputs = {name: tensor.name for name, tensor in signature.outputs.items()}
        answers.append(session.run(outputs, {signature.inputs["image"].name: images}))
    for given in answers:
        np.testing.assert_allclose(given["mask_probability"][..., 0], masks, atol=TOLERANCE)
        np.testing.assert_allclose(
            given["fracture_probability"][:, 0], probabilities, atol=TOLERANCE
        )


def test_tflite_is_wholly_delegated_fit_for_gpus_and_answers_the_same(
    network, images, tmp_path, capfd
):
    path = tmp_path / "model.tflite"
    write_tflite(network.model, network.card, path, quantize="none", calibration=images[..., 0])
    from ai_edge_litert.interpreter import Interpreter

    with quiet_stderr():
        interpreter = Interpreter(model_path=str(path))
        interpreter.allocate_tensors()
    operations = [op["op_name"] for op in interpreter._get_ops_details()]
    assert operations.count("DELEGATE") == 1, operations  # XNNPACK took all of it in one piece
    assert not [name for name in operations if name.startswith("Flex") or "CUSTOM" in name]
    tf.lite.experimental.Analyzer.analyze(model_path=str(path), gpu_compatibility=True)
    assert "looks compatible with GPU delegate" in capfd.readouterr().out

    masks, probabilities = expected(network, images)
    for image, mask, probability in zip(images, masks, probabilities, strict=True):
        given, chance = LiteRTRuntime(path)(image[..., 0])
        np.testing.assert_allclose(given, mask, atol=TOLERANCE)
        assert chance == pytest.approx(probability, abs=TOLERANCE)


def test_onnx_is_valid_and_answers_the_same(network, images, tmp_path):
    import onnx

    path = tmp_path / "model.onnx"
    write_onnx(network.model, network.card, path)
    onnx.checker.check_model(str(path), full_check=True)
    masks, probabilities = expected(network, images)
    for image, mask, probability in zip(images, masks, probabilities, strict=True):
        given, chance = OnnxRuntime(path)(image[..., 0])
        np.testing.assert_allclose(given, mask, atol=TOLERANCE)
        assert chance == pytest.approx(probability, abs=TOLERANCE)


@pytest.mark.slow
def test_integers_stop_before_the_heads_and_answer_nearly_the_same(network, images, tmp_path):
    from ai_edge_litert.interpreter import Interpreter

    path = tmp_path / "model.tflite"
    squares = images[..., 0]
    write_tflite(network.model, network.card, path, quantize="int8", calibration=squares)
    interpreter = Interpreter(model_path=str(path))
    types = {tensor["index"]: tensor["dtype"] for tensor in interpreter.get_tensor_details()}
    operations = [(op["op_name"], types[op["outputs"][0]]) for op in interpreter._get_ops_details()]
    assert {kind for name, kind in operations if name == "LOGISTIC"} >= {np.float32}
    assert any(kind == np.int8 for name, kind in operations if name == "CONV_2D")
    outputs = {tensor["dtype"] for tensor in interpreter.get_output_details()}
    assert outputs == {np.float32}
    masks, probabilities = expected(network, images)
    allowed = ROUGHER.get(network.card.preset, ROUGHLY)
    for image, mask, probability in zip(images, masks, probabilities, strict=True):
        given, chance = LiteRTRuntime(path)(image[..., 0])
        assert np.abs(given - mask).mean() < ROUGHLY
        assert chance == pytest.approx(probability, abs=allowed)


def test_a_half_precision_network_hands_its_weights_to_a_full_one(preset, build, images):
    # What is exported is the full one: `bonefrac.training.finish` rebuilds it like this.
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        half = build(preset)
    finally:
        keras.config.set_dtype_policy("float32")
    logits = half(images, training=False)
    assert {keras.backend.standardize_dtype(v.dtype) for v in logits.values()} == {"float32"}
    full = build(preset, seed=1)
    full.set_weights(half.get_weights())
    assert {v.dtype for v in full.weights} == {"float32"}
    same = build(preset)  # the seed that drew `half`
    for given, wanted in zip(full.get_weights(), same.get_weights(), strict=True):
        np.testing.assert_array_equal(given, wanted)
