"""Several models and several views, as users of predict and evaluate ask for them."""

import json

import cv2
import pytest
from click.testing import CliRunner

from bonefrac.cli.evaluate import evaluate
from bonefrac.cli.predict import predict
from bonefrac.data.phantom import draw


@pytest.fixture(scope="module")
def xray(tmp_path_factory):
    path = tmp_path_factory.mktemp("xray") / "xray.png"
    cv2.imwrite(str(path), draw(seed=5, index=0).image)
    return path


def run(command, *words):
    return CliRunner().invoke(command, [*map(str, words)])


def found(*words):
    done = run(predict, *words, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_one_answer_has_no_uncertainty_and_several_have(tflite, xray):
    alone, views = found("-m", tflite, xray), found("-m", tflite, "--tta", xray)
    twice = found("-m", tflite, "-m", tflite, xray)
    assert alone["uncertainty"] is None
    assert views["uncertainty"] > 0
    assert twice["uncertainty"] == 0
    assert twice["probability"] == alone["probability"]
    assert twice["model"] == f"{alone['model']} + {alone['model']}"


def test_max_spread_turns_a_verdict_into_doubt_and_says_why(tflite, xray):
    told = found("-m", tflite, "--tta", "--max-spread", 0, xray)
    assert told["verdict"] == "doubt"
    assert "the standard deviation of 8 answers" in told["notes"][-1]
    assert found("-m", tflite, "--tta", "--max-spread", 0.5, xray)["notes"] == []


def test_a_spread_of_one_answer_is_wrong_usage(tflite, xray):
    done = run(predict, "-m", tflite, "--max-spread", 0.1, xray)
    assert done.exit_code == 2
    assert "add --tta or another --model" in done.output


def test_what_was_answered_once_is_asked_again_in_views(tflite, xray, tmp_path):
    words = ("-m", tflite, xray, "--output", tmp_path)
    assert found(*words)["uncertainty"] is None
    told = found(*words, "--tta")
    assert told["uncertainty"] > 0
    assert found(*words, "--tta") == told  # kept, to the millisecond that it took


def test_explain_writes_a_picture_a_map_and_finds_them_kept(trained_run, xray, tmp_path):
    words = ("-m", trained_run, "--output", tmp_path, "--explain", xray)
    told = found(*words)
    paths = [told[f"explain_{name}_path"] for name in ("gradcam", "seg_gradcam")]
    for path in paths:
        assert cv2.imread(path).shape[1] > 360
    assert {path.name for path in tmp_path.glob("*.explain-*")} == {
        "xray.explain-gradcam.png",
        "xray.explain-seg-gradcam.png",
    }
    assert found(*words) == told
    (tmp_path / "xray.explain-gradcam.png").unlink()
    found(*words)
    assert (tmp_path / "xray.explain-gradcam.png").exists()


def test_explain_without_a_network_or_a_folder_is_wrong_usage(tflite, trained_run, xray, tmp_path):
    for words, why in (
        (("-m", trained_run), "add --output"),
        (("-m", tflite, "--output", tmp_path), "one Keras network"),
        (("-m", trained_run, "-m", trained_run, "--output", tmp_path), "one Keras network"),
    ):
        done = run(predict, *words, "--explain", xray)
        assert done.exit_code == 2
        assert why in done.output


@pytest.fixture(scope="module")
def scored(tflite, trained_run, phantom_data):
    pair = f"{trained_run}+{tflite}"
    words = ("--data", phantom_data.path, "--rounds", 100, "--json", "--compare")
    done = run(evaluate, trained_run, pair, *words)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_joined_models_are_scored_as_one(scored):
    first, pair = scored["models"]
    assert pair["name"] == f"{first['name']} + {first['name']}"
    assert pair["sha256"].startswith(first["sha256"] + "+")
    assert pair["split"] == first["split"] == "fold0"
    assert scored["warnings"] == []
    # The export answers as the network does, and so does their mean.
    assert scored["differences"][0]["scores"]["auc"]["value"] == 0


def test_thresholds_of_views_are_not_written_into_a_card(trained_run, phantom_data):
    words = ("--data", phantom_data.path, "--calibrate", "validation", "--write-card", "--tta")
    done = run(evaluate, trained_run, *words)
    assert done.exit_code == 2
    assert "leave out --tta" in done.output
