"""Every artefact answers as its network, in the runtimes that its users have."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from bonefrac import schema, storage
from bonefrac.artifacts import export, parity
from bonefrac.artifacts.kinds import KINDS
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


def test_an_artefact_that_answers_otherwise_is_not_left_behind(
    network, squares, tmp_path, monkeypatch
):
    def write_other(_, aside, __):
        other = tf.keras.models.clone_model(network.model)
        KINDS["keras"].write(KerasRuntime(other, network.card), aside, squares)

    wrong = replace(KINDS["keras"], write=write_other)
    monkeypatch.setattr(export, "KINDS", {"wrong": wrong})
    with pytest.raises(BonefracError, match=r"does not answer as its network .* off by \d"):
        export.export("wrong", network, tmp_path, squares)
    assert list(tmp_path.iterdir()) == []
    made = export.export("wrong", network, tmp_path, squares, terms=export.Terms(force=True))
    assert made.path.is_file()
    assert "does not answer as its network" in made.told["forced"]


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


def test_heads_of_an_integer_file_stay_float(network, squares, tmp_path):
    from ai_edge_litert.interpreter import Interpreter

    path, _ = export.export_tflite(network, tmp_path, squares, quantize="int8")
    interpreter = Interpreter(model_path=str(path))
    tensors = {t["index"]: t for t in interpreter.get_tensor_details()}
    results = [tensors[op["outputs"][0]] for op in interpreter._get_ops_details()]
    computed = {t["name"]: t["dtype"] for t in results}
    heads = {d for n, d in computed.items() if "/mask_logits" in n or "/fracture_pool" in n}
    bodies = {d for n, d in computed.items() if "/Relu" in n}
    assert (heads, bodies) == ({np.float32}, {np.int8})


def test_onnx_is_valid_and_answers_by_name(network, squares, tmp_path):
    made = export.export("onnx", network, tmp_path, squares)
    parity.require(made.parity, parity.EXACT, name="")
    import onnx
    import onnxruntime

    onnx.checker.check_model(str(made.path), full_check=True)
    session = onnxruntime.InferenceSession(made.path)
    outputs = session.run(["fracture_probability"], {"image": squares[:3, ..., None]})
    assert outputs[0].shape == (3, 1)
    assert open_runtime(made.path).card == Card.from_json(network.card.to_json(), source="")


@pytest.mark.parametrize("content", [b"", b"no model", b"TFL3" * 9])
def test_a_damaged_onnx_file_is_told_in_one_line(tmp_path, content):
    path = tmp_path / "m.onnx"
    path.write_bytes(content)
    with pytest.raises(BonefracError, match=r"an \.onnx of bonefrac-export"):
        open_runtime(path)


def test_a_broken_conversion_is_refused(network, tmp_path, monkeypatch):
    import tf2onnx

    convert = tf2onnx.convert.from_function

    def broken(*args, **kwargs):
        proto, rest = convert(*args, **kwargs)
        proto.graph.node[0].op_type = "Erfc"  # what tf2onnx leaves where it knows no operation
        return proto, rest

    monkeypatch.setattr(tf2onnx.convert, "from_function", broken)
    with pytest.raises(BonefracError, match="does not convert"):
        export.export("onnx", network, tmp_path, np.zeros((1, 64, 64), np.float32))
    assert list(tmp_path.iterdir()) == []


def test_other_sizes_have_the_same_weights(network, squares, tmp_path):
    larger = export.at_size(network, 96)
    made = export.export(
        "tflite", larger, tmp_path, np.zeros((2, 96, 96), np.float32), trained_size=64
    )
    assert made.path.name == "unet_tiny-96px.tflite"
    runtime = open_runtime(made.path)
    assert runtime.card.image_size == 96
    assert runtime(np.zeros((96, 96), np.float32))[0].shape == (96, 96)
    assert export.at_size(network, 64) is network


def test_a_network_of_windows_is_refused_at_another_size(network):
    windows = KerasRuntime(network.model, replace(network.card, window=32))
    with pytest.raises(BonefracError, match="unet_tiny at 96 pixels; expected 64"):
        export.at_size(windows, 96)
