"""Whole groups go to one side, whatever the split; what cannot stay is told."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bonefrac.data.partition import Record, partition
from bonefrac.data.split_file import crossing, write_rows
from bonefrac.errors import BonefracError

PARTS = ("train", "validation", "test")
SIDES = [{part} for part in PARTS]


def records(*rows):
    """Records of (group, official split, ...); ids are a, b, c and so on."""
    return [Record(chr(97 + k), group, None, split) for k, (group, split) in enumerate(rows)]


@st.composite
def official_tables(draw):
    """At least one group of its own in each part, and groups that cross."""
    parts = st.sampled_from(("", *PARTS))
    crossing_rows = draw(st.lists(st.tuples(st.integers(0, 8), parts), max_size=40))
    rows = [(f"own {part}", part) for part in PARTS]
    rows += [(f"group {group}", part) for group, part in crossing_rows]
    return [Record(f"image {k}", group, None, part) for k, (group, part) in enumerate(rows)]


@given(official_tables())
def test_an_official_test_part_stays_whole_and_nothing_leaks(table):
    made = partition(table, split="official", folds=5)
    assert {r.id for r in table if r.split == "test"} == {
        i for i, part in made.split_of.items() if part == "test"
    }
    assert made.split_of.keys() | made.left_out.keys() == {r.id for r in table}
    assert not made.split_of.keys() & made.left_out.keys()
    assert not crossing(made.rows(table), *SIDES)
    for r in table:
        if r.id in made.split_of:
            assert made.split_of[r.id] == (r.split or "train")


@given(official_tables())
def test_what_the_authors_do_not_name_goes_where_its_group_is(table):
    alone = partition(table, split="official", folds=5)
    made = partition(table, split="official-groups", folds=5)
    assert made.kind == "official-groups"
    assert not crossing(made.rows(table), *SIDES)
    for r in table:
        if r.split or r.id in alone.split_of:
            assert made.split_of.get(r.id) == alone.split_of.get(r.id)
        else:
            beside = {made.split_of[other.id] for other in table if other.group == r.group
                      and other.id in alone.split_of}  # fmt: skip
            assert {made.split_of[r.id]} == beside


def test_what_goes_where_its_group_is_is_told():
    table = records(("p", "train"), ("p", "test"), ("p", ""), ("r", "validation"), ("q", ""))
    made = partition(table, split="official-groups", folds=5)
    assert made.split_of == {"b": "test", "c": "test", "d": "validation", "e": "train"}
    assert made.left_out == {"a": "in train, but p is in the official test"}
    assert made.notes == {
        "without_an_official_split_where_their_group_is": ["c"],
        "without_an_official_split_in_train": ["e"],
    }


def test_what_crosses_the_official_split_leaves_train_with_the_reason():
    table = records(("p", "train"), ("p", "test"), ("q", "train"), ("r", "validation"), ("p", ""))
    made = partition(table, split="official", folds=5)
    assert made.split_of == {"b": "test", "c": "train", "d": "validation"}
    reason = "in train, but p is in the official test"
    assert made.left_out == {"a": reason, "e": reason}
    assert made.notes == {"without_an_official_split_in_train": ["e"]}


def test_a_missing_validation_part_is_carved_from_train_by_whole_groups():
    table = [Record(f"{n}", f"patient {n // 3}", None, "train") for n in range(90)]
    table += [Record(f"t{n}", f"t{n}", None, "test") for n in range(5)]
    made = partition(table, split="official", folds=5)
    assert Counter(made.split_of.values()) == {"train": 81, "validation": 9, "test": 5}
    assert not crossing(made.rows(table), *SIDES)
    assert len(made.notes["of_train_in_validation"]) == 9


def test_where_the_authors_publish_one_evaluation_part_it_is_the_test():
    table = [Record(f"{n}", f"{n}", None, "validation" if n < 4 else "train") for n in range(24)]
    made = partition(table, split="official", folds=5)
    assert Counter(made.split_of.values()) == {"train": 18, "validation": 2, "test": 4}
    assert made.notes["of_the_official_validation_part_in_test"] == ["0", "1", "2", "3"]


def test_data_without_an_official_split_are_refused():
    with pytest.raises(BonefracError, match=r"2 radiographs without an official split.*folds"):
        partition(records(("p", ""), ("q", "train")), split="official", folds=5)


def test_random_images_ignore_groups():
    table = [Record(f"{n}", f"patient {n // 6}") for n in range(60)]
    made = partition(table, split="random-images", folds=3)
    assert Counter(made.split_of.values()) == {"fold0": 20, "fold1": 20, "fold2": 20}
    assert len(crossing(made.rows(table), {"fold0"}, {"fold1"}, {"fold2"})) >= 8


@pytest.mark.parametrize("kind", ["folds", "random-images"])
def test_its_own_split_file_repeats_a_split(kind, tmp_path):
    table = [Record(f"{n}", f"patient {n}") for n in range(30)]
    made = partition(table, split=kind, folds=4)
    write_rows(made.rows(table), tmp_path / "split.csv")
    again = partition(table[::-1], split=str(tmp_path / "split.csv"), folds=9)
    assert again.split_of == made.split_of
    assert (again.kind, again.left_out, again.notes) == ("file", {}, {})


def test_a_file_may_name_groups_and_leave_some_out(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("split,group\ntrain,p\ntest,q\ntrain,r\nvalidation,nobody\nvalidation,s\n")
    table = records(("p", ""), ("q", ""), ("p", ""), ("r", ""), ("other", ""), ("s", ""))
    made = partition(table, split=str(path), folds=5)
    assert made.split_of == {
        "a": "train", "b": "test", "c": "train", "d": "train", "f": "validation"
    }  # fmt: skip
    assert made.left_out == {"e": "not in mine.csv"}
    assert made.notes == {"only_in_the_split_file": ["nobody"]}


def test_a_file_that_tears_groups_is_refused(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("id,split\na,train\nb,test\nc,train\n")
    with pytest.raises(BonefracError, match=r"puts 1 groups on several sides \(p\)"):
        partition(records(("p", ""), ("p", ""), ("q", "")), split=str(path), folds=5)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "has the columns none"),
        ("name,split\na,train\n", "has the columns name, split"),
        ("id,split\na,train\nb,dev\n", "has the splits 'dev', 'train'"),
        ("id,split\na,train\nb,validation\n", "has the splits 'train', 'validation'"),
        ("id,split\na,fold0\nb,fold2\nc,fold3\n", "has the splits 'fold0', 'fold2', 'fold3'"),
        ("id,split\na,fold0\nb,fold1\n", "has the splits 'fold0', 'fold1'"),
        ("id,split\na,train\na,test\n", "id a under both 'train' and 'test'"),
        ("id,split\n", "has the splits none"),
        ("id,split\na\n", "has the splits ''"),
        ("id,split\n\xff,train\n", "no UTF-8 CSV"),
    ],
)
def test_a_wrong_table_is_told(text, told, tmp_path):
    path = tmp_path / "mine.csv"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(BonefracError, match=told):
        partition(records(("p", ""), ("q", "")), split=str(path), folds=5)


def test_a_table_with_a_byte_order_mark_is_read(tmp_path):
    path = tmp_path / "excel.csv"
    path.write_bytes(b"\xef\xbb\xbfid,split\r\na,train\r\nb,test\r\nc,validation\r\n")
    made = partition(records(("p", ""), ("q", ""), ("r", "")), split=str(path), folds=5)
    assert made.split_of == {"a": "train", "b": "test", "c": "validation"}


def test_a_file_that_fits_nothing_leaves_a_part_empty(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("id,split\na,train\nz,test\nb,validation\n")
    with pytest.raises(BonefracError, match="2 radiographs in 2 groups leave test empty"):
        partition(records(("p", ""), ("q", "")), split=str(path), folds=5)
