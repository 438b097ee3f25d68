"""What an earlier bonefrac wrote is read by this one, and answers as it did then."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from bonefrac import load_model, schema, storage
from bonefrac.errors import BonefracError
from bonefrac.inference.card import Card
from bonefrac.inference.finding import Thresholds

OLD = Path(__file__).parent / "old"
FORMATS = sorted(path.name.split(".")[0] for path in OLD.glob("format*.tar.xz"))
FORMS = ("model", "small", "small/1", "small.keras", "small.tflite", "small.onnx")


@pytest.fixture(scope="module", params=FORMATS)
def old(request, tmp_path_factory):
    """The artefacts of one format, as `old/make.py` wrote them on the day it was current."""
    folder = tmp_path_factory.mktemp(request.param)
    shutil.unpack_archive(OLD / f"{request.param}.tar.xz", folder, filter="data")
    return folder


def test_every_format_of_a_card_has_its_artefacts():
    assert [f"format{k + 1}" for k in range(schema.CARD_FORMAT)] == FORMATS


@pytest.mark.parametrize("form", FORMS)
def test_it_answers_as_it_did_then(old, form):
    square = cv2.imread(str(old / "square.png"), cv2.IMREAD_GRAYSCALE).astype(np.float32)
    then = np.load(old / "answer.npz")
    predictor = load_model(old / form)
    mask, probability = predictor.probabilities(square)
    assert then["mask"].std() > 0.2  # an answer that is the same everywhere would prove little
    np.testing.assert_allclose(mask, then["mask"], atol=1e-4)
    assert probability == pytest.approx(float(then["probability"]), abs=1e-4)
    card = predictor.card
    assert (card.name, card.temperature, card.bias) == ("small", 1.5, -0.25)
    assert vars(card.thresholds) == {"sure": 0.6, "doubt": 0.4, "mask": 0.5}


def test_a_card_of_a_later_format_is_refused_in_one_line(old, tmp_path):
    later = tmp_path / "later"
    shutil.copytree(old / "model", later)
    raw = json.loads((later / "card.json").read_text(encoding="utf-8"))
    raw |= {"format": schema.CARD_FORMAT + 1, "a_later_key": {}}
    (later / "card.json").write_text(json.dumps(raw), encoding="utf-8")
    storage.write_manifest(later)
    program = Path(sys.executable).with_name("bonefrac-predict")
    words = [program, old / "square.png", "--model", later]
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True)
    assert done.returncode == 1
    (line,) = done.stderr.strip().splitlines()
    assert "a card of a later format" in line
    assert "Update bonefrac" in line


@pytest.mark.parametrize("given", [schema.CARD_FORMAT + 1, "1", None, []])
def test_a_format_that_is_no_earlier_one_is_refused(given):
    raw = json.loads(Card("m", "unet_tiny", 32, 1.0, Thresholds(0.6, 0.4, 0.5)).to_json())
    with pytest.raises(BonefracError, match=r"a card of a later format|no model card"):
        Card.from_json(json.dumps(raw | {"format": given}), source="m")
