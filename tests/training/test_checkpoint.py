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


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_within_an_epoch_the_newest_is_kept_until_its_end(tmp_path):
    model, store = network(), Checkpoints(tmp_path)
    train(model, 1)  # builds the metrics
    for epoch, step in ((0, 3), (0, 6), (1, 0), (1, 2), (1, 4)):
        store.save(model, State(epoch=epoch, step=step, best_epoch=min(epoch, 1)))
    assert names(tmp_path) == ["00001", "00001-000004"]
    store.save(model, State(epoch=2, best_epoch=1))
    assert names(tmp_path) == ["00001", "00002"]


def test_metrics_within_an_epoch_come_back(tmp_path):
    model, store = network(), Checkpoints(tmp_path)
    train(model, 3)
    wanted = [np.asarray(v) for v in model.metrics_variables]
    state = State(epoch=1, step=3, seconds=1.5)
    store.save(model, state)
    train(model, 1)
    assert store.restore_last(model) == (state, [])
    store.restore_metrics(model, state)
    for a, b in zip(wanted, model.metrics_variables, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_damaged_newest_one_does_not_outlive_the_next(tmp_path):
    model, store = network(), Checkpoints(tmp_path)
    train(model, 1)
    store.save(model, State(epoch=1, best_epoch=1))
    store.save(model, State(epoch=1, step=500, best_epoch=1))
    (tmp_path / "00001-000500" / "state.json").write_text("{}")
    state, (line,) = store.restore_last(model)
    assert (state.epoch, state.step) == (1, 0)
    assert "00001-000500" in line
    store.save(model, State(epoch=1, step=300, best_epoch=1))
    assert names(tmp_path) == ["00001", "00001-000300"]
    assert store.restore_last(model)[0].step == 300
