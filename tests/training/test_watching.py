"""What a person can look at while a network trains: previews and TensorBoard events."""

from collections import defaultdict

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from bonefrac import schema
from bonefrac.data.pipeline import eval_batches
from bonefrac.training.fit import fit
from bonefrac.training.preview import Shown, cells, choose
from bonefrac.training.running import Running


@pytest.fixture(scope="module")
def watched(phantom_data, run_settings, tmp_path_factory):
    run = tmp_path_factory.mktemp("watched") / "run"
    how = Running(preview_every=2, tensorboard=True)
    fit(run_settings, data=phantom_data, workdir=run, resume=False, command="", running=how)
    return run


def scalars(folder):
    """Tag -> {step: value} of all event files."""
    found = defaultdict(dict)
    for file in sorted(folder.iterdir()):
        for record in tf.data.TFRecordDataset(str(file)):
            event = tf.compat.v1.Event.FromString(record.numpy())
            for value in event.summary.value:
                assert event.step not in found[value.tag]
                found[value.tag][event.step] = float(tf.make_ndarray(value.tensor))
    return found


def test_events_hold_what_the_metrics_hold(watched, phantom_data, run_settings):
    columns = np.genfromtxt(watched / "metrics.csv", delimiter=",", names=True)
    found = scalars(watched / "events")
    assert found["loss/train"] == pytest.approx({1: columns["loss"][0], 2: columns["loss"][1]})
    assert found["mask_dice/val"].keys() == {1, 2}
    assert len(found) == len(columns.dtype.names) - 1


def test_previews_show_the_same_radiographs(watched):
    assert [p.name for p in (watched / "previews").iterdir()] == ["epoch-002.png"]
    with Image.open(watched / "previews" / "epoch-002.png") as sheet:
        assert sheet.width > 900


def test_fractures_come_first_and_intact_ones_are_there(phantom_data):
    batches = eval_batches(phantom_data, "fold0+fold1+fold2", image_size=64, batch_size=5)
    shown = choose(batches)
    assert len(shown) == 12
    broken = [bool(one.mask.any()) for one in shown]
    assert broken == [True] * 8 + [False] * 4
    for one, other in zip(shown, choose(batches), strict=True):
        np.testing.assert_array_equal(one.image, other.image)


def test_a_cell_tells_label_probability_and_dice():
    image, mask = np.full((8, 8, 1), 90, np.float32), np.zeros((8, 8), np.uint8)
    mask[:4] = 1
    logits = np.full((2, 8, 8, 1), -5.0)
    logits[0, :2] = 5
    shown = [Shown(image, mask, 1), Shown(image, 0 * mask, schema.UNKNOWN)]
    answers = {"mask": logits, "fracture": np.array([[0.0], [-800.0]]), "abnormality": [[2.0], [2]]}
    one, other = cells(shown, answers)
    assert one.title == "Dice 0.67"
    assert one.words == "fracture · p = 0.50 · abnormality p = 0.88"
    assert (one.marked, other.marked) == (True, False)
    assert other.title == "nothing outlined"
    assert other.words.startswith("unknown · p = 0.00")
    np.testing.assert_array_equal(one.outlined[:2], 1)
    assert one.outlined.sum() == 16
