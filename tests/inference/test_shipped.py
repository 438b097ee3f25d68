"""Models that come with the package: found by name, whole, small, the same in both forms."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bonefrac import list_models, load_model
from bonefrac.data.phantom import draw
from bonefrac.errors import BonefracError
from bonefrac.inference.runtimes import KerasRuntime, open_network
from bonefrac.inference.shipped import DEFAULT, WEIGHTS
from bonefrac.models.presets import PRESETS
from bonefrac.storage import verify_manifest

MOST_BYTES = 60e6  # of all together
# On a phantom, which is nothing that they were trained on, 16 bits move the first one by 0.01 and 8
# bits the others by 0.02.
NEAR = {
    "unet_efficientnet_lite0.fracatlas": 2e-2,
    "unet_small.fracatlas": 5e-2,
    "attention_unet_small.fracatlas": 5e-2,
}
SCORES = ("auc", "accuracy", "dice", "jaccard")


def test_all_are_whole_and_small_together():
    assert DEFAULT in list_models()
    for name in list_models():
        assert name.split(".")[0] in PRESETS
        verify_manifest(WEIGHTS / name, what="model folder", fix="")
    assert sum(path.stat().st_size for path in WEIGHTS.rglob("*") if path.is_file()) <= MOST_BYTES


@pytest.mark.parametrize("name", list_models())
def test_the_card_names_it_and_holds_what_others_need(name):
    predictor = load_model(name)
    card = predictor.card
    assert card.name == name
    assert card.training["command"].startswith(f"bonefrac-train --recipe recipes/{name}.toml")
    assert 0 < card.thresholds.doubt < card.thresholds.sure < 1
    for score in SCORES:
        test = (card.scores.get(card.data["test"]) or card.scores["test"])[score]
        assert test["low"] <= test["value"] <= test["high"]
    embedded = json.loads((WEIGHTS / name / "card.json").read_text(encoding="utf-8"))
    assert json.loads(card.to_json()) == embedded


@pytest.mark.parametrize("name", list_models())
def test_both_forms_answer_alike(name):
    predictor = load_model(name)
    image = draw(seed=5, index=0).image.astype(np.float32)
    mask, probability = predictor.probabilities(image)
    network = KerasRuntime(predictor.model, predictor.card)
    from bonefrac.inference.predictor import Predictor

    wanted_mask, wanted = Predictor(network).probabilities(image)
    assert probability == pytest.approx(wanted, abs=NEAR.get(name, 5e-3))
    assert np.abs(mask - wanted_mask).mean() < 1e-3


def test_a_name_opens_as_a_network_to_train_or_export_from():
    folder, network = open_network(Path(DEFAULT))
    assert folder == WEIGHTS / DEFAULT
    assert network.card.name == DEFAULT


def test_an_unknown_name_is_told_the_known_ones(tmp_path):
    with pytest.raises(BonefracError, match=DEFAULT):
        load_model("unet_small.fracatls")


def test_what_lies_here_goes_before_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / DEFAULT).mkdir()
    with pytest.raises(BonefracError, match="is no model"):
        load_model(DEFAULT)


def test_predict_needs_no_model_and_no_tensorflow(tmp_path):
    from PIL import Image

    Image.fromarray(draw(seed=5, index=0).image).save(tmp_path / "xray.png")
    code = (
        "import sys\n"
        "from bonefrac.cli.predict import predict\n"
        "predict(['--image', 'xray.png', '--json', '--no-gate'], standalone_mode=False)\n"
        "assert 'tensorflow' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    lines = done.stdout.splitlines()
    assert lines, done.stderr
    assert json.loads(lines[0])["model"] == DEFAULT
