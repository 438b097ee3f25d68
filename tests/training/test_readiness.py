"""Data that cannot be trained on are refused before the first step, in words."""

from dataclasses import replace

import numpy as np
import pytest

from bonefrac.data.features import example
from bonefrac.errors import BonefracError
from bonefrac.training.fit import fit


def radiograph(index, *, fracture):
    image = np.full((32, 32), 60 + index, np.uint8)
    return example(id=f"{index}", group=f"patient {index}", image=image, fracture=fracture)


@pytest.fixture
def build_with(build_examples, tmp_path):
    def build(labels, **options):
        made = [radiograph(k, fracture=label) for k, label in enumerate(labels)]
        return build_examples(made, tmp_path / "data", **options)

    return build


def refused(data, settings, workdir):
    with pytest.raises(BonefracError) as refusal:
        fit(settings, data=data, workdir=workdir, resume=False, command="a test")
    assert not workdir.exists()
    return str(refusal.value)


def test_one_class_only_is_refused(build_with, run_settings, tmp_path):
    settings = replace(run_settings, image_size=32, batch_size=2)
    told = refused(build_with([1] * 12), settings, tmp_path / "run")
    assert "All 4 radiographs to train on are fractured" in told
    assert "expected fractured and intact ones" in told


def test_one_class_in_validation_is_refused(build_with, run_settings, tmp_path):
    parts = {str(k): ("train", "validation", "test")[k // 4] for k in range(12)}
    data = build_with([0, 1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 1], split="official", official=parts)
    settings = replace(run_settings, image_size=32, batch_size=2)
    told = refused(data, settings, tmp_path / "run")
    assert "All 4 radiographs to validate on are intact" in told


def test_an_empty_part_is_refused(build_with, run_settings, tmp_path):
    data = build_with([0, 1] * 6)
    empty = replace(data, counts={**data.counts, "fold1": 0})
    told = refused(empty, replace(run_settings, image_size=32, batch_size=2), tmp_path / "run")
    assert "has no radiographs in fold1" in told
    assert "some for validation" in told
