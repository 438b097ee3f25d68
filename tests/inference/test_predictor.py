"""One model, four ways to load it, the same finding."""

import subprocess
import sys

import numpy as np
import pytest

from bonefrac import load_model
from bonefrac.artifacts import export
from bonefrac.data.phantom import draw
from bonefrac.errors import BonefracError
from bonefrac.inference.runtimes import open_network


@pytest.fixture(scope="module")
def models(trained_run, phantom_data, tmp_path_factory):
    folder, network = open_network(trained_run)
    out = tmp_path_factory.mktemp("models")
    squares = export.real_squares(phantom_data, "fold1", image_size=64, count=4)
    saved, _ = export.export_savedmodel(network, out, squares)
    tflite, _ = export.export_tflite(network, out, squares, quantize="none")
    keras, _ = export.export_keras(network, out, squares)
    return {
        "run": trained_run,
        "folder": folder,
        "savedmodel": saved.parent,
        "version": saved,
        "tflite": tflite,
        "keras": keras,
    }


def test_every_form_gives_the_same_finding(models):
    image = draw(seed=5, index=0).image
    reference = load_model(models["run"]).predict(image)
    for form, path in models.items():
        finding = load_model(str(path)).predict(image)
        assert finding.probability == pytest.approx(reference.probability, abs=1e-4), form
        assert finding.verdict == reference.verdict, form
        assert (finding.mask != reference.mask).mean() < 1e-4, form
        assert len(finding.boxes) == len(reference.boxes), form


def test_the_keras_model_is_there_where_there_is_one(models):
    assert load_model(models["run"]).model.name == "unet_tiny"
    assert load_model(models["keras"]).model.count_params() > 0
    assert load_model(models["tflite"]).model is None


def test_mask_has_the_size_of_the_original(models):
    predictor = load_model(models["tflite"])
    predictor.gate = None  # noise is no radiograph
    for shape in ((300, 200), (61, 199), (17, 16)):
        image = np.random.default_rng(0).integers(0, 255, shape).astype(np.uint8)
        assert predictor.predict(image).mask.shape == shape


def test_tflite_answers_without_tensorflow(models):
    code = (
        "import sys; from bonefrac import load_model; import numpy as np;"
        f"model = load_model({str(models['tflite'])!r});"
        "noise = np.random.default_rng(0).integers(0, 256, (80, 60));"
        "assert model.predict(noise).verdict == 'not assessable'; model.gate = None;"
        "assert model.predict(noise).probability is not None;"
        "sys.exit(any(m in sys.modules for m in ('tensorflow', 'keras', 'matplotlib')))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_keras_file_and_folder_load_in_a_fresh_process(models):
    code = (
        "import sys, numpy as np; from bonefrac import load_model;"
        "models = [load_model(p) for p in sys.argv[1:]];"
        "[setattr(model, 'gate', None) for model in models];"
        "a, b = (model.predict(np.full((80, 60), 9, np.uint8)) for model in models);"
        "assert abs(a.probability - b.probability) < 1e-6"
    )
    paths = [str(models["keras"]), str(models["folder"])]
    assert subprocess.run([sys.executable, "-c", code, *paths], stderr=-3).returncode == 0


def flip(path, position=0.5):
    content = bytearray(path.read_bytes())
    content[int(len(content) * position)] ^= 0x40
    path.write_bytes(content)


@pytest.mark.parametrize("name", ["model.weights.h5", "card.json"])
def test_a_flipped_byte_in_a_model_folder_is_found(models, tmp_path, name):
    import shutil

    folder = shutil.copytree(models["folder"], tmp_path / "model")
    flip(folder / name)
    with pytest.raises(BonefracError, match=rf"{name} .* is damaged; expected SHA-256"):
        load_model(folder)


def test_a_flipped_byte_in_a_savedmodel_is_found(models, tmp_path):
    import shutil

    folder = shutil.copytree(models["version"], tmp_path / "1")
    flip(folder / "saved_model.pb")
    with pytest.raises(BonefracError, match=r"saved_model\.pb .* is damaged"):
        load_model(folder)


@pytest.mark.parametrize("keep", [0, 3, 100, 0.5, 0.99])
def test_a_cut_tflite_is_refused(models, tmp_path, keep):
    content = models["tflite"].read_bytes()
    cut = tmp_path / "cut.tflite"
    cut.write_bytes(content[: int(keep * len(content)) if isinstance(keep, float) else keep])
    with pytest.raises(BonefracError, match=r"cut\.tflite.*expected"):
        load_model(cut)


def test_a_tflite_of_somebody_else_is_refused(models, tmp_path):
    content = models["tflite"].read_bytes().replace(b"bonefrac_card", b"somebody_card")
    other = tmp_path / "other.tflite"
    other.write_bytes(content)
    with pytest.raises(BonefracError, match="no bonefrac_card metadata"):
        load_model(other)


def test_a_keras_file_without_card_is_refused(models, tmp_path):
    path = tmp_path / "bare.keras"
    load_model(models["run"]).model.save(path)
    with pytest.raises(BonefracError, match=r"card\.json in it.*bonefrac-export --keras"):
        load_model(path)


def test_what_is_no_model_is_refused(tmp_path):
    with pytest.raises(BonefracError, match=r"nowhere does not exist; expected a run"):
        load_model(tmp_path / "nowhere")
    with pytest.raises(BonefracError, match="is no model"):
        load_model(tmp_path)


def test_the_gate_is_asked_before_the_model(models):
    predictor = load_model(models["tflite"])
    assert predictor.predict(draw(seed=5, index=1).image).reason == ""
    finding = predictor.predict(np.full((300, 200), 90, np.uint8))
    assert (finding.verdict, finding.probability, finding.boxes) == ("not assessable", None, ())
    assert finding.reason == "The picture is blank."
    assert finding.mask.shape == (300, 200)
    predictor.gate = None
    assert predictor.predict(np.full((300, 200), 90, np.uint8)).probability is not None
