"""Every artefact answers as its network, in the runtimes that its users have."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from bonefrac import schema, storage
from bonefrac.artifacts import export, parity
from bonefrac.artifacts.tflite import QUANTIZATIONS
from bonefrac.data.phantom import draw
from bonefrac.errors import BonefracError
from bonefrac.inference.card import Card
from bonefrac.inference.runtimes import KerasRuntime, LiteRTRuntime, open_network, open_runtime
from bonefrac.radiograph.letterbox import Letterbox


@pytest.fixture(scope="module")
def network(trained_run):
    return open_network(trained_run)[1]


@pytest.fixture(scope="module")
def squares(phantom_data):
    return export.real_squares(phantom_data, "fold1", image_size=64, count=6)


@pytest.fixture(scope="module")
def saved_model(network, squares, tmp_path_factory):
    return export.export_savedmodel(network, tmp_path_factory.mktemp("export"), squares)


@pytest.mark.slow
def test_savedmodel_is_the_next_integer_version(saved_model, network, squares):
    path, _ = saved_model
    assert path.name == "1"
    assert path.parent.name == "unet_tiny"
    again, _ = export.export_savedmodel(network, path.parent.parent, squares)
    assert again.name == "2"
    assert sorted(p.name for p in path.parent.iterdir()) == ["1", "2"]
    shutil.rmtree(again)


def test_savedmodel_answers_within_its_tolerance(saved_model, squares):
    _, found = saved_model
    assert found.images == len(squares)
    parity.require(found, parity.EXACT, name="")


def test_savedmodel_answers_in_a_session_by_tensor_names(saved_model, network, squares):
    # The way TensorFlow Serving loads it; tf.saved_model.load is more forgiving.
    path, _ = saved_model
    v1 = tf.compat.v1
    with v1.Session(graph=tf.Graph()) as session:
        graph = v1.saved_model.load(session, ["serve"], str(path))
        signature = graph.signature_def[schema.SERVE_TENSOR]
        outputs = {name: tensor.name for name, tensor in signature.outputs.items()}
        feed = {signature.inputs["image"].name: squares[:2, ..., None]}
        answer = session.run(outputs, feed)
    assert answer.keys() == {"mask_probability", "fracture_probability"}
    mask, probability = network(squares[1])
    np.testing.assert_allclose(answer["mask_probability"][1, ..., 0], mask, atol=1e-4)
    np.testing.assert_allclose(answer["fracture_probability"][1, 0], probability, atol=1e-4)


def test_savedmodel_takes_bytes_of_pictures_of_any_size(saved_model, network):
    path, _ = saved_model
    images = [draw(seed=3, index=k).image for k in range(2)]
    encoded = [tf.io.encode_png(image[..., None]).numpy() for image in images]
    serve = tf.saved_model.load(str(path)).signatures[schema.SERVING_DEFAULT]
    answer = serve(image_bytes=tf.constant(encoded))
    for k, image in enumerate(images):
        mask, probability = network(Letterbox(*image.shape, 64).apply(image))
        np.testing.assert_allclose(answer["mask_probability"][k, ..., 0], mask, atol=1e-4)
        np.testing.assert_allclose(answer["fracture_probability"][k, 0], probability, atol=1e-4)


@pytest.mark.parametrize("quantize", QUANTIZATIONS)
def test_tflite_is_builtin_static_and_carries_its_card(network, squares, tmp_path, quantize):
    path, found = export.export_tflite(network, tmp_path, squares, quantize=quantize)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    parity.require(found, parity.TOLERANCES[quantize], name="")
    runtime = LiteRTRuntime(path)
    assert runtime.card == Card.from_json(network.card.to_json(), source="")

    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(path))
    assert interpreter.get_signature_list() == {
        "serve_tensor": {
            "inputs": ["image"],
            "outputs": ["fracture_probability", "mask_probability"],
        }
    }
    (given,) = interpreter.get_input_details()
    assert given["shape"].tolist() == [1, 64, 64, 1]
    assert given["dtype"] == np.float32
    # "DELEGATE" is XNNPACK, which the runtime has put in at loading.
    operations = {op["op_name"] for op in interpreter._get_ops_details()}
    assert not {name for name in operations if name.startswith("Flex") or "CUSTOM" in name}


@pytest.mark.slow
def test_quantized_files_are_smaller(network, squares, tmp_path):
    sizes = {}
    for quantize in ("none", "float16", "dynamic"):
        path, _ = export.export_tflite(network, tmp_path, squares, quantize=quantize)
        sizes[quantize] = path.stat().st_size
    assert sizes["dynamic"] < sizes["none"]
    assert sizes["float16"] < sizes["none"]


def test_keras_file_loads_with_its_card(network, squares, tmp_path):
    path, found = export.export_keras(network, tmp_path, squares)
    parity.require(found, parity.EXACT, name="")
    assert open_runtime(path).card == Card.from_json(network.card.to_json(), source="")


def test_an_artefact_that_answers_otherwise_is_not_left_behind(network, squares, tmp_path):
    other = KerasRuntime(tf.keras.models.clone_model(network.model), network.card)

    def write_other(aside):
        other.model.save(aside)
        import zipfile

        with zipfile.ZipFile(aside, "a") as archive:
            archive.writestr(schema.CARD_FILE, network.card.to_json())

    with pytest.raises(BonefracError, match=r"does not answer as its network .* off by \d"):
        export._export(network, tmp_path / "m.keras", write_other, squares, parity.EXACT)
    assert list(tmp_path.iterdir()) == []


def test_calibration_is_inside_the_exported_graph(network, squares, tmp_path):
    hot = KerasRuntime(network.model, replace(network.card, temperature=7.0, bias=-1.0))
    path, _ = export.export_tflite(hot, tmp_path, squares, quantize="none")
    assert open_runtime(path)(squares[0])[1] == pytest.approx(hot(squares[0])[1], abs=1e-4)
    assert hot(squares[0])[1] != pytest.approx(network(squares[0])[1], abs=1e-3)


def test_savedmodel_card_is_readable_without_bonefrac(saved_model):
    path, _ = saved_model
    card = json.loads((path / "assets.extra" / "card.json").read_text())
    assert card["format"] == 1
    assert card["class_names"] == ["no fracture", "fracture"]
    storage.verify_manifest(path, what="SavedModel", fix="")
