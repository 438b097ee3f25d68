"""Whatever is sent, the server never answers with an error of its own."""

import random

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bonefrac.inference.shipped import DEFAULT

from ..radiograph.dicom_files import dataset, encoded

_QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much]
ROUTES = (
    "/v1/predict",
    f"/v1/models/{DEFAULT}:predict",
    f"/v2/models/{DEFAULT}/infer",
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["instances", "inputs", "b64", "image", "image_bytes", "name", "datatype", "data"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def mutated(data, seed):
    """A few bytes changed, cut out or doubled."""
    rng, changed = random.Random(seed), bytearray(data)
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(changed) - 4)
        kind = rng.randrange(4)
        if kind == 0:
            changed[at] = rng.randrange(256)
        elif kind == 1:
            changed[at : at + 4] = rng.randbytes(4)
        elif kind == 2:
            del changed[at : at + rng.randint(1, 64)]
        else:
            changed[at:at] = changed[max(0, at - 32) : at]
    return bytes(changed)


def pictures(xray):
    import cv2
    import numpy as np

    gray = cv2.imdecode(np.frombuffer(xray, np.uint8), cv2.IMREAD_GRAYSCALE)
    dicom = encoded(dataset(gray.astype("u2") * 16))
    return [xray, dicom, *(cv2.imencode(end, gray)[1].tobytes() for end in (".jpg", ".tiff"))]


def send_damaged(server, xray, seeds):
    codes = set()
    with httpx.Client(base_url=server.url, timeout=120) as session:
        for seed in seeds:
            kind = pictures(xray)[seed % 4]
            answer = session.post("/v1/predict?include=mask", content=mutated(kind, seed))
            codes.add(answer.status_code)
            assert answer.status_code in (200, 422), (seed, answer.text)
        assert session.get("/readyz").status_code == 200
    return codes


def test_damaged_pictures_are_answered_or_refused(server, xray):
    assert send_damaged(server, xray, range(24)) == {200, 422}


@pytest.mark.slow
def test_a_thousand_damaged_pictures_are_answered_or_refused(server, xray):
    assert send_damaged(server, xray, range(1000, 2000)) == {200, 422}


@settings(max_examples=60, suppress_health_check=_QUIET, deadline=None)
@given(route=st.sampled_from(ROUTES), body=_JSON)
def test_any_json_is_answered_or_refused(server, route, body):
    import json

    content = json.dumps(body).encode()
    answer = httpx.post(server.url + route, content=content, timeout=60)
    assert answer.status_code in (200, 422), answer.text


@settings(max_examples=60, suppress_health_check=_QUIET, deadline=None)
@given(
    content=st.binary(max_size=300),
    kind=st.sampled_from(
        ["multipart/form-data; boundary=x", "multipart/form-data", "application/json", "text/plain"]
    ),
)
def test_any_bytes_are_refused(server, content, kind):
    body = content if kind[0] != "m" else b"--x\r\nContent-Disposition: form-data" + content
    for route in ROUTES:
        answer = httpx.post(server.url + route, content=body, headers={"content-type": kind})
        assert answer.status_code == 422, answer.text


def run_schemathesis(server, examples):
    """Requests made from the description of the interface; how many, and which went wrong."""
    schema = schemathesis.openapi.from_url(f"{server.url}/openapi.json")
    wrong, made = [], 0
    for result in schema.get_all_operations():
        operation = result.ok()

        @settings(
            max_examples=examples,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.explicit, Phase.generate],
        )
        @given(case=operation.as_strategy())
        def ask(case):
            nonlocal made
            made += 1
            answer = case.call(base_url=server.url, timeout=60)
            if answer.status_code >= 500:
                wrong.append((case.method, case.path, answer.status_code))

        ask()
    return made, wrong


def test_requests_of_its_own_description_never_fail(server):
    made, wrong = run_schemathesis(server, 8)
    assert not wrong
    assert made > 50


@pytest.mark.slow
def test_many_requests_of_its_own_description_never_fail(server):
    made, wrong = run_schemathesis(server, 150)
    assert not wrong
    print(f"\n{made} requests, none failed")
