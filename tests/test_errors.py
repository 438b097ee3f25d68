"""An error is one line that says what came, what was expected and what to do."""

import pickle
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from bonefrac.data.splits import train_validation_test
from bonefrac.errors import BonefracError


def example():
    return BonefracError("3 folds of 2", expected="at least 3", fix="Use more data")


def test_the_message_is_one_line_with_all_three_parts():
    assert str(example()) == "3 folds of 2; expected at least 3. Use more data."


def test_it_is_a_value_error():
    assert isinstance(example(), ValueError)


def test_it_survives_pickling_with_its_parts():
    copy = pickle.loads(pickle.dumps(example()))
    assert type(copy) is BonefracError
    assert str(copy) == str(example())
    assert (copy.received, copy.expected, copy.fix) == (
        "3 folds of 2",
        "at least 3",
        "Use more data",
    )


def test_a_worker_process_hands_it_to_its_parent():
    with (
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool,
        pytest.raises(BonefracError, match="Fold 3 of 3; expected at least 3 folds"),
    ):
        pool.submit(train_validation_test, 3, 3).result()
