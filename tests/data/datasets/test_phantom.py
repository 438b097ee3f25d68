"""The phantom data set holds what was drawn, one group a radiograph."""

import numpy as np
import pytest

from bonefrac import schema
from bonefrac.data.phantom import draw


@pytest.fixture(scope="module")
def read_back(phantom_data):
    split = "+".join(phantom_data.counts)
    return list(phantom_data.builder.as_dataset(split=split).as_numpy_iterator())


def test_all_are_there_once(read_back, phantom_data):
    names = sorted(e[schema.ID].decode() for e in read_back)
    assert names == [f"phantom-7-{index:06d}" for index in range(30)]
    assert phantom_data.name == "phantom"


def test_every_radiograph_is_its_own_group(read_back):
    assert all(e[schema.GROUP] == e[schema.ID] for e in read_back)


def test_masks_are_as_drawn_and_pictures_almost(read_back):
    for e in read_back:
        phantom = draw(seed=7, index=int(e[schema.ID][-6:]))
        assert (e[schema.MASK][..., 0] == phantom.mask).all()
        assert np.abs(e[schema.IMAGE][..., 0].astype(int) - phantom.image).mean() < 1.5
        assert e[schema.FRACTURE] == (phantom.fracture != "none") == phantom.mask.any()
        assert e[schema.BODY_PART].decode() == phantom.body_part
        assert e[schema.VIEW].decode() == phantom.view
        assert e[schema.HARDWARE] == phantom.hardware


def test_what_a_phantom_cannot_know_is_unknown(read_back):
    assert all(e[schema.HAS_MASK] for e in read_back)
    assert all(e[schema.ABNORMALITY] == schema.UNKNOWN for e in read_back)
    assert all(np.isnan(e[schema.BONE_AGE_MONTHS]) for e in read_back)


def test_another_difficulty_shows_the_same_patients_under_other_ids(tmp_path):
    from bonefrac.data.datasets.phantom import Phantom

    def records(difficulty):
        make = {"folds": 3, "progress": lambda *_: None, "data_dir": tmp_path}
        return Phantom(count=3, seed=7, difficulty=difficulty, **make).records()

    medium, hard = records("medium"), records("hard")
    assert [r.group for r in medium] == [r.group for r in hard]
    assert not {r.id for r in medium} & {r.id for r in hard}
