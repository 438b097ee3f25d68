"""A training that is asked to stop saves after its step; what goes on from there is the same."""

import importlib.util
import os
import signal
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from bonefrac.errors import BonefracError
from bonefrac.training.checkpoint import Checkpoints, State, variables
from bonefrac.training.interrupt import Asked, Stopped, stop_politely
from bonefrac.training.mask_loss import mask_loss
from bonefrac.training.metrics import ForegroundDice
from bonefrac.training.recorder import Recorder

STEPS = 4


def network(seed):
    keras.utils.set_random_seed(seed)
    inputs = keras.Input((4, 4, 1))
    x = keras.layers.Dropout(0.5)(keras.layers.Conv2D(3, 1)(inputs))
    model = keras.Model(inputs, {"mask": keras.layers.Conv2D(1, 1)(x)})
    model.compile(
        keras.optimizers.AdamW(1e-2),
        loss={"mask": mask_loss("dice_bce")},
        weighted_metrics={"mask": [ForegroundDice()]},
        jit_compile=False,
    )
    model.optimizer.build(model.trainable_variables)
    return model


def batches():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(STEPS * 2, 4, 4, 1)).astype(np.float32)
    return tf.data.Dataset.from_tensor_slices((x, {"mask": (x > 0).astype(np.float32)})).batch(2)


def go(model, workdir, state=None, *, asked=None, minutes=10.0):
    """One epoch, or the rest of it."""
    state = state or State()
    recorder = Recorder(
        Checkpoints(workdir / "checkpoints"),
        state,
        workdir,
        steps=STEPS,
        minutes=minutes,
        asked=asked,
    )
    model.evaluate(batches().take(1), verbose=0)
    model.fit(
        batches().skip(state.step),
        validation_data=batches(),
        steps_per_epoch=STEPS - state.step,
        shuffle=False,
        callbacks=[recorder],
        verbose=0,
    )
    return recorder.state


def without_seconds(state):
    return [{k: v for k, v in row.items() if k != "seconds"} for row in state.history]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    model = network(0)
    return model, go(model, tmp_path_factory.mktemp("whole"))


def test_stopped_after_each_step_it_ends_as_if_it_had_not_been(whole, tmp_path):
    state = State()
    for done in range(1, STEPS):
        model = network(done - 1)  # the weights of another seed, but for the first time
        state, _ = Checkpoints(tmp_path / "checkpoints").restore_last(model)
        with pytest.raises(Stopped, match=f"0 epochs done, step {done} of {STEPS} in the next"):
            go(model, tmp_path, state, asked=Asked(signal.SIGTERM))
    last = network(9)
    state, _ = Checkpoints(tmp_path / "checkpoints").restore_last(last)
    assert (state.epoch, state.step) == (0, STEPS - 1)
    ended = go(last, tmp_path, state)
    model, wanted = whole
    for a, b in zip(variables(model), variables(last), strict=True):
        np.testing.assert_array_equal(a, b)
    assert without_seconds(ended) == without_seconds(wanted)


def test_a_long_epoch_is_saved_within(tmp_path):
    go(network(0), tmp_path, minutes=0)
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["00001"]
    recorder = Recorder(Checkpoints(tmp_path), State(epoch=7), tmp_path, steps=9, minutes=0)
    recorder.set_model(network(0))
    recorder.on_epoch_begin(7)
    recorder.on_train_batch_end(0, {"loss": 0.5})
    assert (tmp_path / "00007-000001").is_dir()


def test_one_of_several_processes_writes(tmp_path):
    recorder = Recorder(Checkpoints(tmp_path), State(), tmp_path, steps=9, minutes=0, writes=False)
    recorder.set_model(network(0))
    recorder.on_epoch_begin(0)
    recorder.on_train_batch_end(0, {"loss": 0.5})
    assert not list(tmp_path.iterdir())


def test_a_loss_that_is_no_number_is_told_with_its_step_and_nothing_is_saved(tmp_path):
    recorder = Recorder(Checkpoints(tmp_path), State(epoch=3), tmp_path, steps=9, minutes=0)
    recorder.set_model(network(0))
    recorder.on_epoch_begin(3)
    with pytest.raises(BonefracError, match="The loss is nan at step 1 of epoch 4"):
        recorder.on_train_batch_end(0, {"loss": float("nan")})
    assert not list(tmp_path.iterdir())


def test_the_first_signal_asks_and_the_second_ends():
    outside = signal.getsignal(signal.SIGINT)  # ignored where the tests run in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt), stop_politely() as asked:
            signal.raise_signal(signal.SIGINT)
            assert asked.signum == signal.SIGINT
            signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, outside)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_it_is_exact_on_other_backends(backend):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed; pip install bonefrac[backends]")
    name = test_stopped_after_each_step_it_ends_as_if_it_had_not_been.__name__
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", f"{__file__}::{name}"],
        env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:]
