"""A data folder gives back what was written, is whole or absent, and is never half believed."""

import json
import math
import shutil

import numpy as np
import pytest
import tensorflow_datasets as tfds

from bonefrac import schema, storage
from bonefrac.data.builder import FoldedBuilder, Record
from bonefrac.data.features import example
from bonefrac.data.phantom import draw
from bonefrac.data.store import build, open_data
from bonefrac.errors import BonefracError
from bonefrac.schema import MANIFEST_FILE, REPORT_FILE


def known(index):
    phantom = draw(seed=3, index=index)
    return {
        "id": f"radiograph {index}",
        "group": f"patient {index // 2}",
        "image": phantom.image,
        "mask": phantom.mask,
        "mask_coarse": index % 5 == 0,
        "fracture": index % 2,
        "abnormality": (index + 1) % 2,
        "bone_age_months": 12.5 * index,
        "body_part": phantom.body_part,
        "view": phantom.view,
        "hardware": index % 3 - 1,
    }


def unknown(index):
    return {
        "id": f"bare {index}",
        "group": f"bare {index}",
        "image": draw(seed=3, index=index).image,
    }


@pytest.fixture(scope="module")
def written():
    return {e["id"]: e for e in [*map(known, range(20)), *map(unknown, range(20, 24))]}


@pytest.fixture(scope="module")
def folder(written, build_examples, tmp_path_factory):
    out = tmp_path_factory.mktemp("store") / "data"
    return build_examples([example(**e) for e in written.values()], out)


@pytest.fixture
def copy(folder, tmp_path):
    return shutil.copytree(folder.path, tmp_path / "copy")


def read_back(folder):
    for fold in folder.counts:
        for e in folder.builder.as_dataset(split=fold).as_numpy_iterator():
            yield fold, e


def test_every_field_comes_back(folder, written):
    seen = set()
    for _, e in read_back(folder):
        name = e[schema.ID].decode()
        given = {"fracture": -1, "abnormality": -1, "hardware": -1, "body_part": "", "view": ""}
        given |= written[name]
        seen.add(name)
        for key in ("fracture", "abnormality", "hardware"):
            assert e[key] == given[key], (name, key)
        for key in ("group", "body_part", "view"):
            assert e[key].decode() == given[key], (name, key)
        assert e[schema.HAS_MASK] == ("mask" in given)
        assert e[schema.MASK_COARSE] == given.get("mask_coarse", False)
        age = given.get("bone_age_months", math.nan)
        assert np.array_equal(e[schema.BONE_AGE_MONTHS], np.float32(age), equal_nan=True)
    assert seen == set(written)


def test_pictures_come_back_within_jpeg_tolerance_and_masks_exactly(folder, written):
    for _, e in read_back(folder):
        given = written[e[schema.ID].decode()]
        assert e[schema.IMAGE].dtype == e[schema.MASK].dtype == np.uint8
        error = np.abs(e[schema.IMAGE][..., 0].astype(int) - given["image"])
        assert error.mean() < 1.5
        assert error.max() < 40
        assert (e[schema.MASK][..., 0] == given.get("mask", 0)).all()


def test_groups_are_never_in_two_folds(folder):
    folds = {}
    for fold, e in read_back(folder):
        folds.setdefault(e[schema.GROUP].decode(), set()).add(fold)
    assert all(len(found) == 1 for found in folds.values())


def test_counts_and_sizes_add_up(folder, written):
    assert sum(folder.counts.values()) == len(written)
    assert folder.size("fold0+fold2") == folder.counts["fold0"] + folder.counts["fold2"]


def test_the_same_examples_give_the_same_folder(folder, written, build_examples, tmp_path):
    again = build_examples([example(**e) for e in written.values()], tmp_path / "elsewhere")
    assert again.sha256 == folder.sha256
    assert (again.path / MANIFEST_FILE).read_text() == (folder.path / MANIFEST_FILE).read_text()


def test_another_example_gives_another_name(folder, written, build_examples, tmp_path):
    changed = [example(**(e | {"hardware": 1})) for e in written.values()]
    assert build_examples(changed, tmp_path / "data").sha256 != folder.sha256


def test_a_data_folder_can_be_moved_and_opened_by_text(copy, folder):
    opened = open_data(str(copy))
    assert (opened.name, opened.sha256, opened.counts) == ("handmade", folder.sha256, folder.counts)
    assert len(list(read_back(opened))) == sum(folder.counts.values())


def test_the_report_lies_in_the_folder(folder):
    report = json.loads((folder.path / REPORT_FILE).read_text())
    assert report == {"split": "folds", "left_out": {}, "notes": {}}


def test_too_few_groups_leave_nothing_behind(build_examples, tmp_path):
    few = [example(**unknown(index)) for index in range(2)]
    with pytest.raises(BonefracError, match="2 radiographs in 2 groups leave fold"):
        build_examples(few, tmp_path / "data", folds=5)
    assert list(tmp_path.iterdir()) == []


def test_a_build_that_fails_midway_keeps_the_old_folder(copy, folder, written, build_examples):
    examples = [example(**e) for e in written.values()]
    examples[-1] = {**examples[-1], schema.IMAGE: "no such file.jpg"}
    with pytest.raises(Exception, match=r"no such file\.jpg"):
        build_examples(examples, copy)
    assert open_data(copy).sha256 == folder.sha256
    assert [path.name for path in copy.parent.iterdir()] == [copy.name]


def test_a_data_folder_is_replaced(copy, written, build_examples):
    fewer = [example(**e) for e in written.values() if e["id"].startswith("radiograph")]
    opened = build_examples(fewer, copy)
    assert sum(opened.counts.values()) == len(fewer)
    assert [path.name for path in copy.parent.iterdir()] == [copy.name]


@pytest.mark.parametrize("kind", ["folder of somebody", "empty folder", "file"])
def test_what_is_no_data_folder_is_never_replaced(kind, written, build_examples, tmp_path):
    out = tmp_path / "thesis"
    if kind == "file":
        out.write_text("years of work")
    else:
        out.mkdir()
    if kind == "folder of somebody":
        (out / "chapter.tex").write_text("years of work")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(BonefracError, match="thesis exists and is no data folder"):
        build_examples([example(**e) for e in written.values()], out)
    assert sorted(tmp_path.rglob("*")) == before


def shard(folder):
    return sorted(folder.glob("*fold1.tfrecord*"))[0]


def refused(folder, *, mentions):
    with pytest.raises(BonefracError) as caught:
        open_data(folder)
    assert mentions in caught.value.received
    assert "bonefrac-data build" in str(caught.value)


def test_an_empty_shard_is_refused_by_name(copy):
    shard(copy).write_bytes(b"")
    refused(copy, mentions=f"{shard(copy)} (0 bytes) is damaged")


def test_half_a_shard_is_refused_by_name(copy):
    data = shard(copy).read_bytes()
    shard(copy).write_bytes(data[: len(data) // 2])
    refused(copy, mentions=f"{shard(copy)} ({len(data) // 2} bytes) is damaged")


def test_a_flipped_bit_in_a_shard_is_refused_by_name(copy):
    data = bytearray(shard(copy).read_bytes())
    data[len(data) // 2] ^= 4
    shard(copy).write_bytes(data)
    refused(copy, mentions=str(shard(copy)))


@pytest.mark.parametrize("pattern", ["*fold1.tfrecord*", "features.json", "dataset_info.json"])
def test_a_missing_file_is_refused_by_name(copy, pattern):
    (path,) = copy.glob(pattern)
    path.unlink()
    refused(copy, mentions=f"{path} is missing")


def test_a_missing_manifest_is_refused(copy):
    (copy / MANIFEST_FILE).unlink()
    refused(copy, mentions=f"{copy} has no {MANIFEST_FILE}")


def test_a_missing_folder_is_refused(tmp_path):
    refused(tmp_path / "data", mentions="data does not exist")


class Older(FoldedBuilder):
    """A data set of other features, as another version would write."""

    name = "older"

    def _info(self):
        return tfds.core.DatasetInfo(
            builder=self, features=tfds.features.FeaturesDict({"id": tfds.features.Text()})
        )

    def records(self):
        return [Record(str(n), str(n)) for n in range(20)]

    def example(self, record):
        return {"id": record.id}


def test_a_folder_of_other_features_is_refused(tmp_path):
    def make(**kwargs):
        return Older(folds=3, progress=lambda *_: None, **kwargs)

    with pytest.raises(BonefracError, match=r"has the features \['id'\]"):
        build(make, tmp_path / "data")


def test_a_model_folder_is_not_replaced_by_data(trained_run, build_examples):
    model = trained_run / "model"
    before = (model / "MANIFEST.sha256").read_bytes()
    with pytest.raises(BonefracError, match="exists and is no data folder"):
        build_examples([], model)
    assert (model / "MANIFEST.sha256").read_bytes() == before


def test_the_split_file_tells_where_every_radiograph_lies(folder):
    told = {row.id: (row.group, row.split) for row in folder.rows()}
    lies = {e[schema.ID].decode(): (e[schema.GROUP].decode(), f) for f, e in read_back(folder)}
    assert told == lies
    assert folder.split == "folds"
    assert f"{folder.split_sha256}  split.csv" in (folder.path / MANIFEST_FILE).read_text()


def test_an_official_split_gives_the_three_parts(written, build_examples, tmp_path):
    examples = [example(**e) for e in written.values()]
    names = {f"radiograph {n}": part for n, part in enumerate(["test"] * 4 + ["validation"] * 4)}
    built = build_examples(examples, tmp_path / "data", split="official", official=names)
    assert built.counts == {"train": 16, "validation": 4, "test": 4}
    assert built.turn(0) == ("train", "validation", "test")
    assert built.split == "official"
    with pytest.raises(BonefracError, match=r"Fold 1 of .*splits train, validation, test.*--fold"):
        built.turn(1)


def test_images_split_at_random_are_warned_about(written, build_examples, tmp_path, capsys):
    examples = [example(**e) for e in written.values()]
    built = build_examples(examples, tmp_path / "data", split="random-images")
    assert built.split == "random-images"
    assert "scores of this split flatter: " in capsys.readouterr().err


def test_a_data_folder_without_its_split_file_is_refused(copy):
    (copy / "split.csv").unlink()
    refused(copy, mentions="split.csv is missing")
    storage.write_manifest(copy)
    refused(copy, mentions="has no split.csv")
