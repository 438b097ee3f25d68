"""A real archive for tests: Orthanc with its DICOMweb plugin, on loopback, in its own folder."""

import contextlib
import json
import shutil
import socket
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

PLUGINS = (
    Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so"),
    Path("/usr/lib/orthanc/plugins/libOrthancDicomWeb.so"),
)
USER, PASSWORD = "reader", "a:secret"


@dataclass(frozen=True)
class Orthanc:
    """An archive that runs; asked here by its own interface, not by DICOMweb."""

    root: str
    session: requests.Session

    @property
    def url(self):
        return f"{self.root}/dicom-web"

    def upload(self, file):
        """Put a DICOM file in; the name that Orthanc gives it."""
        answer = self.session.post(f"{self.root}/instances", data=file, timeout=30)
        answer.raise_for_status()
        return answer.json()["ID"]

    def get(self, path):
        answer = self.session.get(f"{self.root}/{path}", timeout=30)
        answer.raise_for_status()
        return answer

    def file(self, uid):
        """The bytes that are stored of an instance."""
        found = self.session.post(f"{self.root}/tools/lookup", data=uid, timeout=30).json()
        (one,) = (item for item in found if item["Type"] == "Instance")
        return self.get(f"instances/{one['ID']}/file").content

    def modalities(self, study):
        """Of each series of a study, sorted."""
        found = self.session.post(f"{self.root}/tools/lookup", data=study, timeout=30).json()
        if not found:
            return []
        series = self.get(f"studies/{found[0]['ID']}/series").json()
        return sorted(one["MainDicomTags"]["Modality"] for one in series)


@contextlib.contextmanager
def run_orthanc(folder):
    """Run one while the block does; skip the test where there is none."""
    program = shutil.which("Orthanc")
    plugin = next((path for path in PLUGINS if path.exists()), None)
    if program is None or plugin is None:
        pytest.skip("Orthanc or its DICOMweb plugin is not installed: orthanc, orthanc-dicomweb")
    port = _free_port()
    settings = {
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "index"),
        "HttpPort": port,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": True,
        "RegisteredUsers": {USER: PASSWORD},
        "DicomServerEnabled": False,
        "Plugins": [str(plugin)],
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
    }
    (folder / "orthanc.json").write_text(json.dumps(settings))
    with subprocess.Popen(
        [program, str(folder / "orthanc.json")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            log = []
            for line in process.stderr:
                log.append(line)
                if "Orthanc has started" in line:
                    break
            else:
                raise RuntimeError("Orthanc does not start:\n" + "".join(log))
            # Nobody reads on, and a full pipe would stop it.
            threading.Thread(target=process.stderr.read, daemon=True).start()
            with requests.Session() as session:
                session.trust_env = False
                session.auth = (USER, PASSWORD)
                yield Orthanc(f"http://127.0.0.1:{port}", session)
        finally:
            process.terminate()
            process.wait(30)


def _free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]
