"""Records become folds: a group is never split, progress is told, and an empty fold is an error."""

import tempfile

import pytest

from bonefrac.data.builder import FoldedBuilder, Record
from bonefrac.data.features import example
from bonefrac.data.phantom import draw
from bonefrac.data.splits import deal
from bonefrac.errors import BonefracError

IMAGE = draw(seed=1, index=0).image[:64, :64]


class Pairs(FoldedBuilder):
    """Two radiographs a patient."""

    name = "pairs"

    def __init__(self, *, patients, **kwargs):
        self.patients = patients
        super().__init__(**kwargs)

    def records(self):
        return [Record(f"{n}-{k}", f"patient {n}") for n in range(self.patients) for k in "ab"]

    def example(self, record):
        return example(id=record.id, group=record.group, image=IMAGE)


@pytest.fixture
def pairs(tmp_path):
    def make(patients=12, folds=3):
        told = []
        builder = Pairs(
            patients=patients,
            folds=folds,
            progress=lambda *step: told.append(step),
            data_dir=tmp_path / "data",
        )
        return builder, told

    return make


@pytest.fixture
def built(pairs, capsys):
    builder, told = pairs()
    builder.download_and_prepare(file_format="tfrecord")
    return builder, told


def test_nothing_is_left_in_the_temporary_folder(pairs, tmp_path, monkeypatch, capsys):
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    pairs()[0].download_and_prepare(file_format="tfrecord")
    assert list((tmp_path / "tmp").iterdir()) == []


def test_every_record_lands_in_the_fold_of_its_group(built):
    builder, _ = built
    dealt = deal([(f"patient {n}", "") for n in range(12)] * 2, 3)
    seen = {}
    for fold in range(3):
        for e in builder.as_dataset(split=f"fold{fold}").as_numpy_iterator():
            assert dealt[e["group"].decode()] == fold
            seen.setdefault(e["group"], []).append((fold, e["id"]))
    assert len(seen) == 12
    assert all(len(members) == 2 for members in seen.values())
    assert all(len({fold for fold, _ in members}) == 1 for members in seen.values())


def test_progress_counts_every_record_over_all_folds(built):
    assert built[1] == [("Writing", n, 24) for n in range(1, 25)]


def test_too_few_groups_for_the_folds_are_told_with_numbers(pairs, capsys):
    builder, _ = pairs(patients=2, folds=5)
    with pytest.raises(BonefracError) as caught:
        builder.download_and_prepare(file_format="tfrecord")
    assert "4 radiographs in 2 groups leave fold" in str(caught.value)
    assert "some in each of 5 folds" in str(caught.value)


def test_no_records_at_all_are_told(pairs, capsys):
    builder, _ = pairs(patients=0)
    with pytest.raises(BonefracError, match="0 radiographs in 0 groups leave fold0, fold1, fold2"):
        builder.download_and_prepare(file_format="tfrecord")
