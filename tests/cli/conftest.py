"""What the tests of commands share: a model to predict with."""

import pytest


@pytest.fixture(scope="session")
def tflite(trained_run, phantom_data, tmp_path_factory):
    """The `.tflite` of a short training."""
    from bonefrac.artifacts import export
    from bonefrac.inference.runtimes import open_network

    squares = export.real_squares(phantom_data, "fold1", image_size=64, count=2)
    network = open_network(trained_run)[1]
    out = tmp_path_factory.mktemp("tflite")
    return export.export_tflite(network, out, squares, quantize="none")[0]
