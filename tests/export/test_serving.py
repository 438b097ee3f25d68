"""A SavedModel in a server: its loader, its messages, its warm-up, its configuration, a client."""

import base64
import json
import re
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
        response = answer(loaded, request)
        count = tf.make_ndarray(response.outputs["fracture_probability"]).shape[0]
        seen.append((request.model_spec.signature_name, count))
    both = ("serve_tensor", "serving_default")
    assert sorted(seen) == sorted((name, count) for name in both for count in BATCH_SIZES)
    assert path.stat().st_size < 1e6


def test_configuration_is_what_the_server_reads():
    from google.protobuf import text_format
    from tensorflow_serving.config import model_server_config_pb2

    text = (FOLDER / "serving/models.config").read_text(encoding="utf-8")
    parsed = text_format.Parse(text, model_server_config_pb2.ModelServerConfig())
    (config,) = parsed.model_config_list.config
    assert config.name == "bonefrac"
    assert config.model_version_policy.latest.num_versions == 1
    # The message of the other file is in no package.
    text = (FOLDER / "serving/batching.config").read_text(encoding="utf-8")
    assert tuple(map(int, re.findall(r"^allowed_batch_sizes: (\d+)$", text, re.M))) == BATCH_SIZES
    assert f"max_batch_size {{ value: {max(BATCH_SIZES)} }}" in text


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


def client(exported, url, *pictures):
    card = exported["savedmodel"] / "assets.extra/card.json"
    words = ["--url", url, "--card", card, *pictures]
    return subprocess.run(
        [sys.executable, FOLDER / "serving/client.py", *map(str, words)],
        capture_output=True,
        text=True,
    )


def test_the_client_asks_and_tells(server, exported, tmp_path):
    pictures = []
    for k in range(2):
        pictures.append(tmp_path / f"{k}.png")
        cv2.imwrite(str(pictures[k]), draw(seed=3, index=k).image)
    done = client(exported, f"{server}/bonefrac", *pictures)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["image"] for row in rows] == [str(path) for path in pictures], done.stderr
    card = open_runtime(exported["savedmodel"]).card
    for row in rows:
        assert row["verdict"] == card.thresholds.verdict(row["probability"])


def test_the_clients_errors_are_one_line(server, exported, tmp_path):
    (tmp_path / "text.png").write_text("no picture")
    cv2.imwrite(str(tmp_path / "x.png"), draw(seed=3, index=0).image)
    for url, picture, part in (
        (f"{server}/bonefrac", "text.png", "400"),
        (f"{server}/other", "x.png", "404"),
        ("http://127.0.0.1:9/v1/models/bonefrac", "x.png", "refused"),
        (f"{server}/bonefrac", "missing.png", "missing.png"),
    ):
        done = client(exported, url, tmp_path / picture)
        assert done.returncode == 1
        assert done.stderr.startswith("error: "), done.stderr
        assert part in done.stderr
        assert "Traceback" not in done.stderr
