"""What the tests of the consumers share: exports of a short training, and the reference code."""

import importlib.util
import json
import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "export"


@pytest.fixture(scope="session")
def exported(trained_run, phantom_data, tmp_path_factory):
    """A `.tflite` and a SavedModel version of one network."""
    from bonefrac.artifacts import export
    from bonefrac.inference.runtimes import open_network

    network = open_network(trained_run)[1]
    out = tmp_path_factory.mktemp("consumers")
    squares = export.real_squares(phantom_data, "fold1", image_size=64, count=2)
    return {
        "tflite": export.export_tflite(network, out, squares, quantize="none")[0],
        "savedmodel": export.export_savedmodel(network, out, squares)[0],
    }


@pytest.fixture(scope="session")
def reference():
    """The module `export/mobile/reference.py`."""
    spec = importlib.util.spec_from_file_location("reference", FOLDER / "mobile/reference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def javascript():
    """Call functions of `reference.js`: a list of [name, arguments] -> list of results."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node: JavaScript cannot be run")
    program = (
        f"import * as reference from {json.dumps((FOLDER / 'mobile/reference.js').as_uri())};"
        "let text = ''; for await (const part of process.stdin) text += part;"
        "const revive = (x) => x && x.base64 ? new Float32Array("
        "  new Uint8Array(Buffer.from(x.base64, 'base64')).buffer) : x;"
        "const plain = (x) => x instanceof Float32Array ? Array.from(x) : x;"
        "console.log(JSON.stringify(JSON.parse(text).map(([name, args]) =>"
        "  plain(reference[name](...args.map(revive))))));"
    )

    def call(calls):
        done = subprocess.run(
            [node, "--input-type=module", "-e", program],
            input=json.dumps(calls),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return call
