"""Checkpoints: exact, bounded in number, and never worse than the one before."""

import keras
import numpy as np
import pytest

from bonefrac.errors import BonefracError
from bonefrac.training.checkpoint import Checkpoints, State, variables


def network(width=4, seed=0):
    keras.utils.set_random_seed(seed)
    model = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(width), keras.layers.Dropout(0.5, seed=7)]
    )
    model.compile(keras.optimizers.AdamW(1e-2), "mse", jit_compile=False)
    model.optimizer.build(model.trainable_variables)
    return model


def train(model, steps):
    x = np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32)
    for _ in range(steps):
        model.train_on_batch(x, np.ones((8, 4), np.float32))


def values(model):
    return [np.asarray(v) for v in variables(model)]


def test_restored_run_goes_on_bit_for_bit(tmp_path):
    model, store = network(), Checkpoints(tmp_path)
    train(model, 3)
    store.save(model, State(epoch=1, history=[{"loss": 0.5}], best_epoch=1, best_score=0.25))
    train(model, 3)

    other = network(seed=9)
    state, damaged = store.restore_last(other)
    assert (state, damaged) == (State(1, [{"loss": 0.5}], 1, 0.25), [])
    train(other, 3)
    for a, b in zip(values(model), values(other), strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_last_two_and_the_best_are_kept(tmp_path):
    model, store = network(), Checkpoints(tmp_path)
    for epoch in range(1, 7):
        store.save(model, State(epoch=epoch, best_epoch=min(epoch, 2)))
    assert store.epochs() == [2, 5, 6]


def test_a_damaged_checkpoint_is_told_and_the_one_before_is_used(tmp_path):
    model, store = network(), Checkpoints(tmp_path)
    store.save(model, State(epoch=1, best_epoch=1))
    wanted = values(model)
    train(model, 1)
    store.save(model, State(epoch=2, best_epoch=1))
    file = tmp_path / "00002" / "variables.npz"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)

    other = network(seed=9)
    state, damaged = store.restore_last(other)
    assert state.epoch == 1
    assert len(damaged) == 1
    assert "00002" in damaged[0]
    for a, b in zip(wanted, values(other), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_checkpoint_of_another_network_is_refused(tmp_path):
    store = Checkpoints(tmp_path)
    store.save(network(), State(epoch=1))
    with pytest.raises(BonefracError, match="another model"):
        store.restore(network(width=5), 1)


def test_an_empty_folder_starts_afresh(tmp_path):
    assert Checkpoints(tmp_path).restore_last(network()) == (State(), [])
