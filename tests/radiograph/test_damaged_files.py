"""A damaged file is read or refused: a short run of the fuzzer."""

import random

import fuzz
import pytest

from bonefrac.radiograph.reader import read

EACH = 60


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return fuzz.pictures() | {"DICOM": fuzz.dicoms(tmp_path_factory.mktemp("whole"))}


def test_what_is_damaged_was_readable(files):
    for name, whole in files.items():
        for data in whole:
            assert sorted(read(data).size) == [48, 64], name


def test_damage_follows_the_seed(files):
    data, other = files["PNG"][0], files["TIFF"][0]
    one, two, three = (fuzz.damaged(data, other, random.Random(seed)) for seed in (1, 1, 2))
    assert one == two != three


def test_a_damaged_file_is_read_or_refused(files):
    for name, found in fuzz.campaign(files, count=EACH, seed=0).items():
        assert found["read"] + found["refused"] + found["memory"] + found["crashed"] == EACH, name
        assert found["read"] and found["refused"]


@pytest.mark.parametrize("name", ["PNG", "JPEG", "TIFF", "DICOM"])
def test_a_file_cut_anywhere_near_its_start_is_refused_or_read(files, name):
    cuts = [data[:end] for data in files[name][:2] for end in range(0, 700, 23)]
    with fuzz.Guard(memory=fuzz.MEMORY, seconds=fuzz.SECONDS) as guard:
        assert {fuzz.outcome(guard, data)[0] for data in cuts} <= {"read", "refused"}
