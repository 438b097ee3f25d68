"""A SavedModel in a server: its loader, its messages, its warm-up, its configuration, a client."""

import base64
import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np
import pytest
import tensorflow as tf

from bonefrac.artifacts.warmup import BATCH_SIZES, WARMUP_FILE
from bonefrac.data.phantom import draw
from bonefrac.inference.predictor import Predictor
from bonefrac.inference.runtimes import open_runtime
from bonefrac.radiograph.letterbox import Letterbox

from .conftest import FOLDER


class Loaded:
    """A SavedModel as TensorFlow Serving loads it: a session, by names of the signature."""

    def __init__(self, folder):
        v1 = tf.compat.v1
        self.session = v1.Session(graph=tf.Graph())
        with self.session.graph.as_default():
            self.graph = v1.saved_model.load(self.session, ["serve"], str(folder))

    def __call__(self, signature, inputs):
        definition = self.graph.signature_def[signature]
        feed = {definition.inputs[name].name: value for name, value in inputs.items()}
        outputs = {name: tensor.name for name, tensor in definition.outputs.items()}
        return self.session.run(outputs, feed)


@pytest.fixture(scope="module")
def loaded(exported):
    return Loaded(exported["savedmodel"])


def predict_request(signature, inputs):
    from tensorflow_serving.apis import predict_pb2

    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = "bonefrac", signature
    for name, value in inputs.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    return request


def answer(loaded, request):
    """What the server does with a request, message to message."""
    from tensorflow_serving.apis import predict_pb2

    inputs = {name: tf.make_ndarray(tensor) for name, tensor in request.inputs.items()}
    response = predict_pb2.PredictResponse()
    for name, value in loaded(request.model_spec.signature_name, inputs).items():
        response.outputs[name].CopyFrom(tf.make_tensor_proto(value))
    return predict_pb2.PredictResponse.FromString(response.SerializeToString())


def test_messages_of_the_server_are_answered(loaded, exported):
    image = draw(seed=3, index=1).image
    square = Letterbox(*image.shape, 64).apply(image)
    encoded = cv2.imencode(".png", image)[1].tobytes()
    network = open_runtime(exported["savedmodel"])
    mask, probability = network(square)
    for signature, inputs in (
        ("serve_tensor", {"image": square[None, ..., None]}),
        ("serving_default", {"image_bytes": np.array([encoded])}),
    ):
        response = answer(loaded, predict_request(signature, inputs))
        given = {name: tf.make_ndarray(tensor) for name, tensor in response.outputs.items()}
        np.testing.assert_allclose(given["mask_probability"][0, ..., 0], mask, atol=1e-4)
        np.testing.assert_allclose(given["fracture_probability"][0, 0], probability, atol=1e-4)


def test_warm_up_requests_are_the_servers_own_and_are_answered(loaded, exported):
    from tensorflow_serving.apis import prediction_log_pb2

    path = exported["savedmodel"] / "assets.extra" / WARMUP_FILE
    seen = []
    for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
        log = prediction_log_pb2.PredictionLog.FromString(record)
        assert log.WhichOneof("log_type") == "predict_log"
        request = log.predict_log.request
        for tensor in request.inputs.values():
            # One value stands for many: the runtime must read that as NumPy's reader does.
            read = tf.io.parse_tensor(tensor.SerializeToString(), tf.as_dtype(tensor.dtype))
            np.testing.assert_array_equal(read.numpy(), tf.make_ndarray(tensor))
        response = answer(loaded, request)
        count = tf.make_ndarray(response.outputs["fracture_probability"]).shape[0]
        seen.append((request.model_spec.signature_name, count))
    both = ("serve_tensor", "serving_default")
    assert sorted(seen) == sorted((name, count) for name in both for count in BATCH_SIZES)
    assert path.stat().st_size < 20_000


def test_configuration_is_what_the_server_reads():
    from google.protobuf import text_format
    from tensorflow_serving.config import model_server_config_pb2

    text = (FOLDER / "serving/models.config").read_text(encoding="utf-8")
    parsed = text_format.Parse(text, model_server_config_pb2.ModelServerConfig())
    (config,) = parsed.model_config_list.config
    assert config.name == "bonefrac"
    assert config.model_version_policy.latest.num_versions == 1


def test_batch_sizes_are_those_that_were_warmed_up():
    from google.protobuf import text_format

    text = (FOLDER / "serving/batching.config").read_text(encoding="utf-8")
    parameters = text_format.Parse(text, batching_parameters()())
    assert tuple(parameters.allowed_batch_sizes) == BATCH_SIZES
    # The server refuses to start where the largest allowed is not the most it batches.
    assert parameters.max_batch_size.value == max(BATCH_SIZES)
    assert parameters.batch_timeout_micros.value < 100_000


def batching_parameters():
    """The message of TensorFlow Serving's session_bundle_config.proto, which no package has."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, wrappers_pb2

    value = wrappers_pb2.Int64Value.DESCRIPTOR
    file = descriptor_pb2.FileDescriptorProto(
        name="batching.proto", package="bonefrac", dependency=[value.file.name], syntax="proto3"
    )
    message = file.message_type.add(name="BatchingParameters")
    field = descriptor_pb2.FieldDescriptorProto
    names = "max_batch_size batch_timeout_micros max_enqueued_batches num_batch_threads"
    for number, name in enumerate(names.split(), start=1):
        kind = {"type": field.TYPE_MESSAGE, "type_name": f".{value.full_name}"}
        message.field.add(name=name, number=number, label=field.LABEL_OPTIONAL, **kind)
    sizes = {"type": field.TYPE_INT64, "label": field.LABEL_REPEATED}
    message.field.add(name="allowed_batch_sizes", number=6, **sizes)
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(value.file.serialized_pb)
    pool.Add(file)
    found = pool.FindMessageTypeByName("bonefrac.BatchingParameters")
    return message_factory.GetMessageClass(found)


@pytest.fixture
def server(loaded):
    """TensorFlow Serving's REST interface, as far as the client uses it."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path != "/v1/models/bonefrac:predict":
                return self._send(404, {"error": f"Servable not found: {self.path}"})
            encoded = [base64.b64decode(each["b64"]) for each in body["instances"]]
            try:
                given = loaded("serving_default", {"image_bytes": np.array(encoded)})
            except tf.errors.InvalidArgumentError as error:
                return self._send(400, {"error": error.message})
            rows = [
                {name: value[k].tolist() for name, value in given.items()}
                for k in range(len(encoded))
            ]
            return self._send(200, {"predictions": rows})

        def _send(self, status, told):
            body = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{http.server_port}/v1/models"
    http.shutdown()
    thread.join()
    http.server_close()


def client(exported, url, *words, python=sys.executable, card=None):
    card = card or exported["savedmodel"] / "assets.extra/card.json"
    words = [python, FOLDER / "serving/client.py", "--url", url, "--card", card, *words]
    return subprocess.run([str(word) for word in words], capture_output=True, text=True)


@pytest.fixture
def pictures(tmp_path):
    paths = [tmp_path / f"{k}.png" for k in range(2)]
    for k, path in enumerate(paths):
        cv2.imwrite(str(path), draw(seed=3, index=k).image)
    return paths


def test_the_client_tells_what_bonefrac_finds(server, exported, pictures):
    done = client(exported, f"{server}/bonefrac", *pictures)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["image"] for row in rows] == [str(path) for path in pictures], done.stderr
    find = Predictor(open_runtime(exported["savedmodel"])).predict
    for row, path in zip(rows, pictures, strict=True):
        finding = find(path)
        assert finding.boxes
        assert row["verdict"] == finding.verdict
        assert row["probability"] == pytest.approx(finding.probability, abs=1e-4)
        for box, own in zip(row["boxes"], finding.boxes, strict=True):
            score = box.pop("score")
            assert score == pytest.approx(own.score, abs=1e-4)
            assert box == {key: getattr(own, key) for key in box}


def test_the_client_needs_nothing_but_python_for_a_verdict(server, exported, pictures, alone):
    done = client(exported, f"{server}/bonefrac", "--no-boxes", *pictures, python=alone())
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    thresholds = open_runtime(exported["savedmodel"]).card.thresholds
    assert [row["verdict"] for row in rows] == [
        thresholds.verdict(row["probability"]) for row in rows
    ]
    assert len(rows) == 2, done.stderr
    done = client(exported, f"{server}/bonefrac", *pictures, python=alone())
    assert done.returncode == 1
    assert "pip install numpy pillow" in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_clients_errors_are_one_line(server, exported, pictures, tmp_path):
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "card.json").write_text("{}")
    own = f"{server}/bonefrac"
    for url, picture, card, part in (
        (own, "text.png", None, "400"),
        (f"{server}/other", "0.png", None, "404: Servable not found"),
        ("http://127.0.0.1:9/v1/models/bonefrac", "0.png", None, "refused"),
        ("localhost", "0.png", None, "unknown url type"),
        (own, "missing.png", None, "missing.png"),
        (own, "0.png", tmp_path / "card.json", "'thresholds'"),
        (own, "0.png", tmp_path / "0.png", "error: "),
    ):
        done = client(exported, url, tmp_path / picture, card=card)
        assert done.returncode == 1
        assert done.stderr.startswith("error: "), done.stderr
        assert part in done.stderr
        assert done.stderr.count("\n") == 1, done.stderr
