"""Real models on real data folders: one, its folds, several, and fitted anew."""

import json
import shutil

import numpy as np
import pytest

from bonefrac.artifacts import export
from bonefrac.errors import BonefracError
from bonefrac.evaluation import jobs
from bonefrac.evaluation.figures import figures
from bonefrac.evaluation.jobs import Job, open_model
from bonefrac.evaluation.observe import Observer, examples, observe, outputs_of
from bonefrac.evaluation.outputs import MASK_THRESHOLDS
from bonefrac.evaluation.protocol import score
from bonefrac.evaluation.recalibrate import write_calibration
from bonefrac.inference.card import Card
from bonefrac.inference.predictor import load_model
from bonefrac.inference.runtimes import open_network
from bonefrac.storage import write_manifest


@pytest.fixture(scope="module")
def model(trained_run, phantom_data):
    return open_model(trained_run, phantom_data)


@pytest.fixture(scope="module")
def cases(model, phantom_data):
    return observe(model.observer, phantom_data, "fold0")


def job(models, data):
    return Job(models, data, rounds=100, command="a test")


def another(trained_run, folder, **data):
    """The same model under another folder; with another turn of the folds on its card."""
    copy = shutil.copytree(trained_run / "model", folder)
    card = json.loads((copy / "card.json").read_text())
    card["data"] |= data
    (copy / "card.json").write_text(json.dumps(card))
    write_manifest(copy)
    return copy


def value(cases, key):
    return float(figures(cases)[key].statistic(np.ones((1, len(cases))))[0])


def test_answers_are_those_of_prediction(model, cases, phantom_data):
    predictor = model.observer.predictor
    for row, example in zip(cases.rows, examples(phantom_data, "fold0"), strict=True):
        finding = predictor.predict(example["image"])
        assert row.id == example["id"].decode()
        assert row.probability == pytest.approx(finding.probability)
        if finding.verdict != "no fracture":
            assert row.predicted == finding.mask.sum()
            assert len(row.boxes) == len(finding.boxes)
            assert row.overlap == (finding.mask & example["mask"][..., 0]).sum()


def test_counts_at_thresholds_are_those_of_the_map(model, cases, phantom_data):
    example = next(examples(phantom_data, "fold0"))
    probability, _ = model.observer.predictor.probabilities(example["image"][..., 0])
    expected = [(probability >= threshold).sum() for threshold in MASK_THRESHOLDS]
    assert cases.rows[0].predicted_at.tolist() == expected
    inside = probability[example["mask"][..., 0] > 0]
    assert cases.rows[0].overlap_at.tolist() == [(inside >= t).sum() for t in MASK_THRESHOLDS]


def test_a_report_tells_what_was_done(model, phantom_data):
    report, _ = jobs.evaluate_one(job([model], phantom_data))
    assert report["kind"] == "evaluation"
    assert report["counts"]["radiographs"] == phantom_data.counts["fold0"]
    assert report["models"][0]["trained_on"]["sha256"] == phantom_data.sha256
    assert len(report["models"][0]["sha256"]) == 64
    assert "nothing" in report["baselines"]
    json.dumps(report, allow_nan=False)


def test_an_export_scores_as_its_network(model, cases, trained_run, phantom_data, tmp_path):
    squares = export.real_squares(phantom_data, "fold1", image_size=64, count=2)
    network = open_network(trained_run)[1]
    tflite, _ = export.export_tflite(network, tmp_path, squares, quantize="none")
    exported = open_model(tflite, phantom_data)
    assert exported.choice == model.choice
    again = observe(exported.observer, phantom_data, exported.choice.split)
    np.testing.assert_allclose(again.probability, cases.probability, atol=1e-4)
    np.testing.assert_allclose(again.predicted, cases.predicted, atol=20)


def test_folds_are_pooled(model, trained_run, phantom_data, tmp_path):
    copy = another(trained_run, tmp_path / "other", test="fold1", validation="fold2")
    models = [model, open_model(copy, phantom_data)]
    report, cases = jobs.cross_validate(job(models, phantom_data))
    assert [fold["split"] for fold in report["folds"]] == ["fold0", "fold1"]
    counts = phantom_data.counts
    assert report["counts"]["radiographs"] == counts["fold0"] + counts["fold1"]
    picture = jobs.finder(job(models, phantom_data))
    wanted = str(cases.id[-1])
    ((finding, mask),) = picture("fold1", {wanted}).values()
    assert finding.mask.shape == mask.shape
    with pytest.raises(BonefracError, match="2 models scored on fold0"):
        jobs.cross_validate(job([model, model], phantom_data))


def test_the_same_model_twice_does_not_differ(model, trained_run, phantom_data, tmp_path):
    copy = open_model(another(trained_run, tmp_path / "other"), phantom_data)
    report = jobs.compare(job([model, copy], phantom_data))
    (told,) = report["differences"]
    assert told["against"] == f"unet_tiny ({trained_run})"
    assert all(s["value"] == 0 for s in told["scores"].values())
    assert [each["model"] for each in report["of_each"]] == [told["against"], told["model"]]
    with pytest.raises(BonefracError, match="1 models"):
        jobs.compare(job([model], phantom_data))


def test_thresholds_fitted_anew_are_kept_when_asked(trained_run, phantom_data, tmp_path):
    folder = another(trained_run, tmp_path / "model")
    before = Card.read(folder / "card.json")
    fitted = open_model(folder, phantom_data, calibrate="validation")
    calibration = fitted.observer.calibration
    assert fitted.choice.calibrate == "fold1"
    assert Card.read(folder / "card.json") == before
    scores = {"fold1": score(fitted.fitted, calibration)}
    write_calibration(folder, calibration, scores=scores, how="in a test")
    card = Card.read(folder / "card.json")
    assert (card.temperature, card.bias, card.thresholds) == (
        calibration["temperature"],
        calibration["bias"],
        fitted.observer.thresholds,
    )
    assert card.scores == json.loads(json.dumps(scores))
    # The card's own thresholds now answer as the fitted ones did.
    kept = observe(Observer(load_model(folder)), phantom_data, "fold0")
    asked = observe(fitted.observer, phantom_data, "fold0")
    np.testing.assert_allclose(kept.probability, asked.probability, atol=1e-6)
    assert value(kept, "accuracy") == value(asked, "accuracy")


def test_only_a_model_folder_can_be_written(tmp_path):
    with pytest.raises(BonefracError, match="export it again"):
        write_calibration(tmp_path, {}, scores={}, how="")


def test_refitting_on_the_cards_own_data_changes_little(model, phantom_data):
    answers = observe(model.observer, phantom_data, "fold1")
    outputs = outputs_of(answers, model.observer.calibration)
    card = model.observer.predictor.card.scores["validation"]
    now = score(outputs, model.observer.calibration)
    assert now["auc"]["value"] == pytest.approx(card["auc"]["value"], abs=0.05)
    # At the original pictures' pixels, not at the model's.
    assert now["dice"]["value"] == pytest.approx(card["dice"]["value"], abs=0.03)
