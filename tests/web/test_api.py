"""The server answers as the command does, in every dialect, and turns away what it must."""

import base64
import concurrent.futures
import json
import signal

import cv2
import httpx
import numpy as np
import pytest

from bonefrac import load_model
from bonefrac.inference.card import Card
from bonefrac.inference.shipped import DEFAULT, WEIGHTS
from bonefrac.radiograph.letterbox import Letterbox

NAME = f"/v1/models/{DEFAULT}"
SIDE = Card.read(WEIGHTS / DEFAULT / "card.json").image_size


def told(uri):
    head, _, data = uri.partition(",")
    assert head == "data:image/png;base64"
    return cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_UNCHANGED)


@pytest.fixture(scope="module")
def finding(xray):
    return load_model().predict(xray)


def same(answer, finding):
    wanted = finding.to_json()
    for key in ("probability", "verdict", "boxes", "model", "spacing", "notes"):
        assert answer[key] == wanted[key], key


def test_a_form_and_a_body_are_answered_as_the_command_answers(client, xray, finding):
    form = client.post("/v1/predict", files={"file": ("wrist.png", xray, "image/png")})
    body = client.post("/v1/predict", content=xray, headers={"content-type": "image/png"})
    for response in (form, body):
        assert response.status_code == 200, response.text
        same(response.json(), finding)
    assert form.json()["image"] == "wrist.png"
    assert body.json()["image"] == "<upload>"


def test_layers_are_pictures_of_the_same_place(client, xray, finding):
    answer = client.post("/v1/predict?include=picture,mask,heatmap", content=xray).json()
    size = (answer["height"], answer["width"])
    layers = {name: told(uri) for name, uri in answer["layers"].items()}
    assert layers["picture"].shape == layers["mask"].shape == size == finding.pixels.shape
    np.testing.assert_array_equal(layers["mask"], finding.mask * 255)
    np.testing.assert_array_equal(layers["picture"], np.rint(finding.pixels).astype(np.uint8))
    assert max(layers["heatmap"].shape) <= 512
    assert layers["heatmap"].max() >= 255 * load_model().card.thresholds.mask


def test_an_overlay_comes_where_a_picture_is_accepted(client, xray, finding):
    answer = client.post("/v1/predict", content=xray, headers={"accept": "image/png"})
    assert answer.headers["content-type"] == "image/png"
    overlay = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_array_equal(overlay[..., ::-1], finding.overlay())


def test_dicom_comes_back_for_dicom_alone(client, xray):
    refused = client.post(
        "/v1/predict?kind=sr", content=xray, headers={"accept": "application/dicom"}
    )
    assert refused.status_code == 422
    assert set(refused.json()["error"]) == {"received", "expected", "fix"}
    wrong = client.post("/v1/predict?kind=pdf", content=xray)
    assert wrong.status_code == 400


def test_tensorflow_servings_clients_are_answered(client, xray, finding):
    assert client.get(NAME).json()["model_version_status"][0]["state"] == "AVAILABLE"
    encoded = {"b64": base64.b64encode(xray).decode()}
    rows = client.post(f"{NAME}:predict", json={"instances": [encoded, {"image_bytes": encoded}]})
    for row in rows.json()["predictions"]:
        assert row["fracture_probability"][0] == pytest.approx(finding.probability, abs=1e-5)
        assert np.shape(row["mask_probability"]) == (SIDE, SIDE, 1)
    columns = client.post(f"{NAME}:predict", json={"inputs": {"image_bytes": [encoded]}}).json()
    assert columns["outputs"]["fracture_probability"] == [row["fracture_probability"]]


def test_the_open_inference_protocol_is_spoken(client, xray, finding):
    assert client.get("/v2/health/live").json() == {"live": True}
    assert client.get("/v2/health/ready").json() == {"ready": True}
    metadata = client.get(f"/v2/models/{DEFAULT}").json()
    assert [each["name"] for each in metadata["inputs"]] == ["image", "image_bytes"]
    height, width = finding.pixels.shape
    square = Letterbox(height, width, SIDE).apply(finding.pixels)
    inputs = (
        {
            "name": "image",
            "datatype": "FP32",
            "shape": [1, SIDE, SIDE, 1],
            "data": square.ravel().tolist(),
        },
        {
            "name": "image_bytes",
            "datatype": "BYTES",
            "shape": [1],
            "data": [base64.b64encode(xray).decode()],
        },
    )
    for given in inputs:
        answer = client.post(f"/v2/models/{DEFAULT}/infer", json={"id": "7", "inputs": [given]})
        outputs = {each["name"]: each for each in answer.json()["outputs"]}
        assert answer.json()["id"] == "7"
        probability = outputs["fracture_probability"]["data"][0]
        assert probability == pytest.approx(finding.probability, abs=1e-5)
        assert len(outputs["mask_probability"]["data"]) == SIDE * SIDE


@pytest.mark.parametrize(
    ("method", "path", "options", "status"),
    [
        ("POST", "/v1/predict", {"content": b""}, 422),
        ("POST", "/v1/predict", {"content": b"this is no picture"}, 422),
        ("POST", "/v1/predict", {"files": {"other": b"x"}}, 422),
        (
            "POST",
            "/v1/predict",
            {"data": b"--x", "headers": {"content-type": "multipart/form-data"}},
            422,
        ),
        ("POST", "/v1/predict?model=none", {"content": b"x"}, 404),
        ("POST", "/v1/predict?include=everything", {"content": b"x"}, 422),
        ("POST", "/v1/models/none:predict", {"json": {}}, 404),
        ("POST", f"{NAME}:predict", {"content": b"["}, 422),
        ("POST", f"{NAME}:predict", {"json": {"instances": []}}, 422),
        ("POST", f"{NAME}:predict", {"json": {"instances": [{"b64": "%"}]}}, 422),
        ("POST", f"/v2/models/{DEFAULT}/infer", {"json": {"inputs": [1]}}, 422),
        ("GET", "/v2/models/none", {}, 404),
        ("GET", "/nothing", {}, 404),
        ("GET", "/static/..%2f..%2fapp.py", {}, 404),
        ("DELETE", "/v1/predict", {}, 405),
    ],
)
def test_bad_requests_are_told_in_json(client, method, path, options, status):
    if "data" in options:
        options = {"content": options["data"], "headers": options["headers"]}
    response = client.request(method, path, **options)
    assert response.status_code == status, response.text
    assert "error" in response.json()
    assert response.headers["content-security-policy"].startswith("default-src 'none'")


def test_health_metrics_and_description_are_there(client, xray):
    client.post("/v1/predict", content=xray)
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ready", "models": [DEFAULT]}
    text = client.get("/metrics").text
    assert 'bonefrac_requests_total{route="/v1/predict",status="200"}' in text
    assert "bonefrac_pending 0.0" in text
    assert client.get("/openapi.json").json()["info"]["title"] == "bonefrac"
    assert client.get("/docs").status_code == 404
    card = client.get("/v1/models").json()["models"][0]
    assert card["name"] == DEFAULT
    assert set(card["thresholds"]) == {"sure", "doubt", "mask"}


def test_other_hosts_and_other_sites_are_refused(client, xray):
    assert client.get("/healthz", headers={"host": "evil.example"}).status_code == 403
    for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
        assert client.post("/v1/predict", content=xray, headers=headers).status_code == 403
    own = str(client.base_url).rstrip("/")
    assert client.post("/v1/predict", content=xray, headers={"origin": own}).status_code == 200


def test_many_at_once_get_the_answers_that_one_alone_gets(server, xray, finding):
    def ask(_):
        return httpx.post(f"{server.url}/v1/predict", content=xray, timeout=60)

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(24)))
    assert {answer.status_code for answer in answers} == {200}
    for answer in answers:
        same(answer.json(), finding)


def test_names_of_files_are_not_paths_and_nothing_is_logged(serve, xray):
    with serve() as server:
        files = {"file": ("../../Müller^Anna\n.png", xray)}
        answer = httpx.post(f"{server.url}/v1/predict", files=files, timeout=60).json()
        httpx.post(f"{server.url}/v1/predict?model=Anna", content=b"Anna", timeout=60)
        code, written = server.stop()
    assert "/" not in answer["image"]
    assert code == 0
    assert "Anna" not in written


def test_limits_turn_callers_away(serve, xray):
    with serve("--rate", 1, "--max-megabytes", 1, "--timeout", 20) as server:
        large = httpx.post(f"{server.url}/v1/predict", content=bytes(2**20 + 1), timeout=60)
        assert large.status_code == 413
        chunked = httpx.post(
            f"{server.url}/v1/predict", content=iter([bytes(2**19)] * 4), timeout=60
        )
        assert chunked.status_code == 413
        codes = [httpx.get(f"{server.url}/healthz").status_code for _ in range(60)]
        assert set(codes) == {200}  # health is nobody's burden
        answers = [httpx.post(f"{server.url}/v1/predict", content=b"x") for _ in range(60)]
    late = [answer for answer in answers if answer.status_code == 429]
    assert late
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in late)


def test_too_many_and_too_slow(serve):
    # Few bytes, quickly sent; many pixels, slowly decoded.
    large = cv2.imencode(".png", np.zeros((8000, 8000), np.uint8))[1].tobytes()
    with serve("--rate", 0, "--workers", 1, "--waiting", 0, "--timeout", 0.5) as server:

        def ask(_):
            return httpx.post(f"{server.url}/v1/predict", content=large, timeout=60)

        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(ask, range(6)))
        codes = {answer.status_code for answer in answers}
        assert {503, 504} <= codes
        for answer in answers:
            if answer.status_code == 503:
                assert int(answer.headers["retry-after"]) >= 1


def test_a_token_is_asked_for(serve, xray):
    with serve(env={"BONEFRAC_TOKEN": "geheim"}) as server:
        url = f"{server.url}/v1/predict"
        assert httpx.get(f"{server.url}/healthz").status_code == 200
        assert httpx.get(f"{server.url}/metrics").status_code == 401
        for headers in ({}, {"authorization": "Bearer falsch"}, {"authorization": "Basic geheim"}):
            answer = httpx.post(url, content=xray, headers=headers)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == "Bearer"
        good = {"authorization": "Bearer geheim"}
        assert httpx.post(url, content=xray, headers=good, timeout=60).status_code == 200


def test_others_may_not_call_without_a_token(serve, tmp_path):
    with pytest.raises(RuntimeError, match="BONEFRAC_TOKEN"):
        serve("--host", "0.0.0.0").__enter__()
    with pytest.raises(RuntimeError, match=r"Error: .*no\.tflite does not exist"):
        serve("--model", tmp_path / "no.tflite").__enter__()


def test_a_model_is_replaced_only_by_one_that_loads(serve, xray, tmp_path):
    path = tmp_path / "m.tflite"
    content = (WEIGHTS / DEFAULT / "model.tflite").read_bytes()
    path.write_bytes(content)
    with serve("--model", path) as server:
        reload = f"{server.url}{NAME}:reload"
        path.write_bytes(b"damaged")
        assert httpx.post(reload, timeout=60).status_code == 422
        answer = httpx.post(f"{server.url}/v1/predict", content=xray, timeout=60)
        assert answer.status_code == 200
        path.write_bytes(content)
        assert httpx.post(reload, timeout=60).status_code == 200
        server.process.send_signal(signal.SIGHUP)
        assert httpx.get(f"{server.url}/readyz").status_code == 200


def test_what_was_begun_is_finished_when_it_is_told_to_stop(serve, xray):
    noise = np.random.default_rng(0).integers(0, 255, (2500, 2500), dtype=np.uint8)
    large = cv2.imencode(".png", noise)[1].tobytes()
    with serve("--rate", 0) as server, concurrent.futures.ThreadPoolExecutor(1) as pool:
        with httpx.Client(base_url=server.url) as session:
            before = session.get("/metrics").text
        waiting = pool.submit(httpx.post, f"{server.url}/v1/predict", content=large, timeout=60)
        while "bonefrac_pending 0.0" in httpx.get(f"{server.url}/metrics").text:
            if waiting.done():
                break
        code, _ = server.stop()
        assert waiting.result().status_code == 200
    assert "bonefrac_pending 0.0" in before
    assert code == 0


def test_the_answer_is_a_finding_as_documented(client, xray):
    answer = client.post("/v1/predict", content=xray).json()
    from pathlib import Path

    import jsonschema_rs

    page = Path(__file__).parents[2] / "docs/reference/finding.schema.json"
    own = {k: v for k, v in answer.items() if k not in ("width", "height", "use", "layers")}
    jsonschema_rs.validator_for(json.loads(page.read_text(encoding="utf-8"))).validate(own)


def test_dicom_results_of_a_dicom_radiograph(client, xray):
    import io

    import pydicom

    from ..radiograph.dicom_files import dataset, encoded

    gray = cv2.imdecode(np.frombuffer(xray, np.uint8), cv2.IMREAD_GRAYSCALE)
    for pixels, has_outline in ((gray, True), (gray[:120, :120], False)):
        data = encoded(dataset(pixels.astype("u2") * 16))
        outlined = bool(client.post("/v1/predict", content=data).json()["boxes"])
        for kind, modality in (("sr", "SR"), ("seg", "SEG")):
            asked = {"accept": "application/dicom"}
            answer = client.post(f"/v1/predict?kind={kind}", content=data, headers=asked)
            if answer.status_code == 200:
                assert pydicom.dcmread(io.BytesIO(answer.content)).Modality == modality
            else:
                assert (answer.status_code, kind, outlined) == (422, "seg", False), answer.text
        assert has_outline or not outlined


@pytest.mark.parametrize("value", [-1.0, 256.0, 1e38])
def test_squares_that_are_no_gray_are_refused(client, value):
    data = [value] * (SIDE * SIDE)
    given = {"name": "image", "datatype": "FP32", "shape": [1, SIDE, SIDE, 1], "data": data}
    answer = client.post(f"/v2/models/{DEFAULT}/infer", json={"inputs": [given]})
    assert answer.status_code == 422
    assert "0 to 255" in answer.json()["error"]


def test_a_caller_who_hangs_up_leaves_no_trace(serve, xray):
    import socket

    with serve() as server:
        port = int(server.url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as half:
            half.sendall(
                b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\r\nhalf"
            )
        assert httpx.post(f"{server.url}/v1/predict", content=xray, timeout=60).status_code == 200
        code, written = server.stop()
    assert (code, written) == (0, "")


def test_behind_a_proxy_it_answers_to_the_proxys_name(serve, xray):
    env = {"BONEFRAC_TOKEN": "geheim"}
    with serve("--public-host", "xray.example", env=env) as server:
        url, good = f"{server.url}/v1/predict", {"authorization": "Bearer geheim"}
        for host, origin, status in (
            ("xray.example", "https://xray.example", 200),
            ("127.0.0.1", "https://xray.example", 200),
            ("xray.example", "https://evil.example", 403),
            ("evil.example", "https://evil.example", 403),
        ):
            headers = {**good, "host": host, "origin": origin}
            answer = httpx.post(url, content=xray, headers=headers, timeout=60)
            assert answer.status_code == status, (host, origin, answer.text)
    with pytest.raises(RuntimeError, match="BONEFRAC_TOKEN"):
        serve("--public-host", "xray.example").__enter__()


def test_a_shipped_model_is_served_without_tensorflow():
    import subprocess
    import sys

    code = (
        "import sys; from pathlib import Path; from bonefrac.web.service import Service;"
        "from bonefrac.web.settings import Settings;"
        f"service = Service(Settings(models=(Path({DEFAULT!r}),))); service.warm();"
        "service.close(); sys.exit('tensorflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
