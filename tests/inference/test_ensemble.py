"""Several models as one: their mean, their spread, and what they have seen together."""

from dataclasses import replace

import numpy as np
import pytest

from bonefrac import load_model
from bonefrac.errors import BonefracError
from bonefrac.inference.augmented import VIEWS
from bonefrac.inference.card import Card
from bonefrac.inference.ensemble import joint_card
from bonefrac.inference.finding import Thresholds
from bonefrac.inference.predictor import Predictor


class Painted:
    """A runtime that answers with one number for the picture and one for each pixel."""

    model = None

    def __init__(self, probability, pixel=0.5, *, size=32, thresholds=(0.6, 0.2, 0.4), data=None):
        sure, doubt, mask = thresholds
        self.card = Card(
            name=f"p{probability:g}",
            preset="unet_tiny",
            image_size=size,
            temperature=1.5,
            thresholds=Thresholds(sure=sure, doubt=doubt, mask=mask),
            data=data or {},
        )
        self.probability, self.pixel = probability, pixel

    def __call__(self, square):
        return np.full(square.shape, self.pixel, np.float32), self.probability


picture = np.full((90, 60), 100, np.uint8)


def test_probabilities_and_masks_are_averaged_whatever_the_members_sizes():
    both = Predictor(Painted(0.1, 0.2), Painted(0.7, 0.6, size=48))
    answer = both.answer(picture)
    assert answer.votes.tolist() == [0.1, 0.7]
    assert answer.probability == pytest.approx(0.4)
    assert answer.uncertainty == pytest.approx(0.3)
    assert answer.mask.shape == picture.shape
    np.testing.assert_allclose(answer.mask, 0.4, rtol=1e-5)


def test_one_model_asked_once_has_no_uncertainty_and_keeps_its_card():
    one = Painted(0.3)
    assert Predictor(one).answer(picture).uncertainty is None
    assert Predictor(one).card is one.card


def test_every_view_of_every_model_votes():
    answer = Predictor(Painted(0.2), Painted(0.4), views=VIEWS).answer(picture)
    assert len(answer.votes) == 16
    assert answer.uncertainty == pytest.approx(0.1)


def test_where_the_answers_differ_too_much_the_verdict_is_doubt():
    members = Painted(0.0), Painted(0.1)
    assert Predictor(*members).predict(picture).verdict == "no fracture"
    unsure = Predictor(*members, most_spread=0.04).predict(picture)
    assert unsure.verdict == "doubt"
    assert unsure.probability == pytest.approx(0.05)
    assert "standard deviation of 2 answers is 0.05, above 0.04" in unsure.notes[-1]
    assert Predictor(*members, most_spread=0.05).predict(picture).verdict == "no fracture"


@pytest.mark.parametrize("votes", [(0.8, 1.0), (1.0, 1.0 - 1e-9)])
def test_a_sure_mean_is_in_doubt_too_where_the_members_are_apart(votes):
    members = [Painted(vote) for vote in votes]
    assert Predictor(*members).predict(picture).verdict == "fracture"
    assert Predictor(*members, most_spread=0).predict(picture).verdict == "doubt"


def test_the_joint_thresholds_are_means_and_the_temperature_is_one():
    first, second = Painted(0.1), Painted(0.2, thresholds=(0.8, 0.4, 0.2))
    card = Predictor(first, second).card
    assert (card.thresholds.sure, card.thresholds.doubt) == pytest.approx((0.7, 0.3))
    assert card.thresholds.mask == pytest.approx(0.3)
    assert card.temperature == 1
    assert card.name == "p0.1 + p0.2"


def fold(test, validation, sha="a"):
    return {"name": "x", "split_sha256": sha, "test": test, "validation": validation}


def joint(*data):
    return joint_card([Painted(0.5, data=one).card for one in data]).data["parts"]


def test_unseen_is_only_what_no_member_has_seen():
    same = joint(fold("fold0", "fold1"), fold("fold0", "fold1"))
    assert same == [fold("fold0", "fold1")]
    turned = joint(fold("fold0", "fold1"), fold("fold1", "fold2"))
    assert turned == [fold("", "fold1")]  # fold0 and fold2 taught one of the two
    assert joint(fold("fold0", "fold1"), fold("fold1", "fold0")) == [fold("", "fold0+fold1")]
    apart = joint(fold("fold0", "fold1"), {"parts": [fold("fold2", "fold0", sha="b")]})
    assert len(apart) == 2


def test_a_member_that_knows_no_fracture_is_refused():
    runtime = Painted(0.5)
    runtime.card = replace(runtime.card, overrides={"heads": ["abnormality"]})
    with pytest.raises(BonefracError, match="knew no fracture label"):
        Predictor(Painted(0.5), runtime)


def test_a_real_model_with_views_and_twice_itself(trained_run):
    from bonefrac.data.phantom import draw

    image = draw(seed=5, index=0).image
    alone = load_model(trained_run).answer(image)
    twice = load_model([trained_run, trained_run]).answer(image)
    assert twice.votes.tolist() == pytest.approx([alone.votes[0]] * 2, abs=1e-6)
    np.testing.assert_allclose(twice.mask, alone.mask, atol=1e-6)
    seen = load_model(trained_run, tta=True)
    first, second = seen.answer(image), seen.answer(image)
    assert first.votes.tolist() == second.votes.tolist()
    assert first.votes[0] == pytest.approx(alone.votes[0], abs=1e-6)
    assert len(set(first.votes.round(6))) == len(VIEWS)


def test_a_spread_of_a_single_answer_and_no_model_are_refused(trained_run):
    with pytest.raises(BonefracError, match="a single answer"):
        load_model(trained_run, most_spread=0.1)
    with pytest.raises(BonefracError, match="No model"):
        load_model([])
