"""The radiographs that are scored by default were not seen; seen ones are warned about."""

import pytest

from bonefrac.errors import BonefracError
from bonefrac.evaluation.provenance import choose
from bonefrac.inference.card import Card
from bonefrac.inference.finding import Thresholds

THRESHOLDS = Thresholds(0.6, 0.3, 0.5)


def card(data=None, **changes):
    known = {}
    if data is not None:
        known = {
            "name": data.name, "sha256": data.sha256, "split_sha256": data.split_sha256,
            "validation": "fold2", "test": "fold1", "torn_groups": 0,
        }  # fmt: skip
    return Card("net", "unet_tiny", 64, 1.0, THRESHOLDS, data=known | changes)


def test_the_models_own_test_fold_is_the_default(phantom_data):
    choice = choose(card(phantom_data), phantom_data)
    assert (choice.split, choice.fit, choice.calibrate, choice.warnings) == (
        "fold1",
        "fold0",
        "",
        (),
    )


def test_all_of_unknown_data_are_an_external_test(phantom_data):
    choice = choose(card(), phantom_data)
    assert choice.split == "+".join(phantom_data.counts)
    assert choice.fit == ""
    assert choice.warnings == ()


def test_a_folder_written_anew_with_the_same_split_is_the_same_data(phantom_data):
    rebuilt = card(phantom_data, sha256="another")
    assert choose(rebuilt, phantom_data).split == "fold1"


@pytest.mark.parametrize(
    ("split", "words"),
    [
        ("train", "net was trained on 10 of these 10 radiographs (fold0)"),
        ("all", "net was trained on 10 of these 30"),
        ("validation", "chosen on fold2"),
        ("fold0+fold1", "trained on 10 of these 20"),
    ],
)
def test_seen_radiographs_flatter(phantom_data, split, words):
    warnings = choose(card(phantom_data), phantom_data, split=split).warnings
    assert any(words in line and "flatter" in line for line in warnings), warnings


def test_torn_groups_and_other_builds_flatter(phantom_data):
    torn = choose(card(phantom_data, torn_groups=3), phantom_data).warnings
    assert "3 groups lie on both sides" in torn[0]
    other = card(phantom_data, sha256="x", split_sha256="y")
    (line,) = choose(other, phantom_data).warnings
    assert "another build" in line


def test_trivial_models_are_fitted_on_what_is_not_scored(phantom_data):
    assert choose(card(), phantom_data, split="fold0").fit == "fold1+fold2"
    assert choose(card(phantom_data), phantom_data, split="train").fit == ""
    assert choose(card(), phantom_data, split="test", fold=2).fit == "fold1"


def test_thresholds_are_not_fitted_on_what_is_scored(phantom_data):
    choice = choose(card(phantom_data), phantom_data, calibrate="validation")
    assert choice.calibrate == "fold2"
    with pytest.raises(BonefracError, match="which is scored too"):
        choose(card(phantom_data), phantom_data, split="all", calibrate="fold2")


def test_a_fold_is_asked_for_where_nobody_knows_it(phantom_data):
    with pytest.raises(BonefracError, match="Add --fold"):
        choose(card(), phantom_data, split="test")
    with pytest.raises(BonefracError, match="fold9 unknown"):
        choose(card(), phantom_data, split="fold9")
