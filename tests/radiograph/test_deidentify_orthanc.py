"""What Orthanc's own anonymisation changes or removes does not stay here either."""

import io
import json
import shutil
import socket
import subprocess
import threading
import urllib.request

import numpy as np
import pydicom
import pytest
from dicom_files import encoded
from test_deidentify import KEY, secret_dataset

from bonefrac.radiograph.deidentify.dataset import deidentify

ORTHANC = shutil.which("Orthanc")


@pytest.fixture
def server(tmp_path):
    """Address of an Orthanc that runs in a folder of its own."""
    if ORTHANC is None:
        pytest.skip("Orthanc is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {"HttpPort": port, "DicomServerEnabled": False, "RemoteAccessAllowed": False}
    settings |= {"StorageDirectory": str(tmp_path / "files"), "AuthenticationEnabled": False}
    (tmp_path / "orthanc.json").write_text(json.dumps(settings), encoding="utf-8")
    command = [ORTHANC, tmp_path / "orthanc.json"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        if not any(b"Orthanc has started" in line for line in process.stderr):
            pytest.skip("Orthanc does not start here")
        drain = threading.Thread(target=process.stderr.read)
        drain.start()
        yield f"http://127.0.0.1:{port}"
        process.terminate()
        drain.join()


def post(address, data):
    with urllib.request.urlopen(address, data=data, timeout=30) as answer:
        return answer.read()


def test_what_orthanc_takes_away_is_gone_here_too(server):
    made = secret_dataset()
    made.KVP, made.ViewPosition, made.PixelData = "60", "PA", np.arange(64, dtype="<u2").tobytes()
    data = encoded(made)
    name = json.loads(post(f"{server}/instances", data))["ID"]
    theirs = pydicom.dcmread(io.BytesIO(post(f"{server}/instances/{name}/anonymize", b"{}")))
    ours = pydicom.dcmread(io.BytesIO(deidentify(data, "a.dcm", key=KEY).data))
    taken = {e.tag for e in made if not e.tag.is_private and theirs.get(e.tag) != e}
    assert len(taken) > 100
    still = {e.keyword for e in made if e.tag in taken and ours.get(e.tag) == e}
    assert still == set()
    # And what a model looks at is left alone by both.
    for keyword in ("PixelData", "Rows", "BodyPartExamined", "KVP", "ViewPosition"):
        assert theirs[keyword].value == ours[keyword].value == made[keyword].value
