"""Promise: wherever a network runs, it says the same of the same picture files.

`pytest -s tests/conformance/test_agreement.py` shows the table.
"""

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bonefrac import schema
from bonefrac.artifacts.kinds import KERAS, KINDS, SAVEDMODEL
from bonefrac.artifacts.parity import EXACT
from bonefrac.data.phantom import draw
from bonefrac.evaluation.scores import dice
from bonefrac.inference.card import Card
from bonefrac.inference.finding import Thresholds, find
from bonefrac.inference.runtimes import KerasRuntime, open_runtime
from bonefrac.radiograph.letterbox import Letterbox
from bonefrac.radiograph.reader import read

from .conftest import SIDE, settle

BROWSER = Path(__file__).parents[2] / "export" / "browser"
TINY = ("unet_tiny", "attention_unet_tiny", "r2unet_tiny", "vit_tiny_patch16")
SHAPES = (None, None, (211, 97), (64, 64), (40, 61), (301, 400))
FROM_BYTES, NODE = "savedmodel, from bytes", "LiteRT.js in Node"


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Radiographs as files that every runtime here can read: path -> radiograph."""
    folder, told = tmp_path_factory.mktemp("pictures"), {}
    for k, shape in enumerate(SHAPES):
        image = Image.fromarray(np.rint(draw(seed=5, index=k).image).astype(np.uint8))
        path = folder / f"{k}.png"
        (image if shape is None else image.resize(shape[::-1])).save(path)
        told[path] = read(path)
    return told


@pytest.fixture(params=TINY)
def network(request, build, pictures):
    """Settled statistics, and thresholds among its own answers: verdicts and boxes of all kinds."""
    squares = np.stack([_square(radiograph) for radiograph in pictures.values()])
    preset = request.param
    model = settle(build(preset), squares[..., None])
    card = Card(preset, preset, SIDE, 1.5, Thresholds(0.5, 0.5, 0.5))
    masks, chances = zip(*map(KerasRuntime(model, card), squares), strict=True)
    chances = sorted(chances)
    limits = Thresholds(
        sure=(chances[-2] + chances[-3]) / 2,
        doubt=(chances[1] + chances[2]) / 2,
        mask=float(np.quantile(masks, 0.9)),
    )
    return KerasRuntime(model, replace(card, thresholds=limits))


@pytest.mark.slow
def test_every_runtime_says_the_same(network, pictures, tmp_path):
    squares = np.stack([_square(radiograph) for radiograph in pictures.values()])
    answers = {"keras": [network(square) for square in squares]}
    tolerances = {FROM_BYTES: EXACT, NODE: EXACT}
    for kind, form in KINDS.items():
        path = form.place(tmp_path, "model")
        path.parent.mkdir(exist_ok=True)
        form.write(network, path, squares)
        runtime = open_runtime(path)
        name, tolerances[name] = ".keras file" if kind == KERAS else kind, form.tolerance
        answers[name] = [runtime(square) for square in squares]
        if kind == SAVEDMODEL:
            answers[FROM_BYTES] = _from_bytes(path, pictures)
        if kind == "tflite":
            answers |= _in_node(path, pictures, tmp_path / "node")
    rows = {
        name: _compare(given, answers["keras"], network.card.thresholds, pictures)
        for name, given in answers.items()
        if name != "keras"
    }
    _print(network.card.preset, rows, len(pictures))
    for name, (mask, probability, agreement, verdicts) in rows.items():
        assert probability <= tolerances[name].probability, name
        # What integers cost is measured on trained networks at export: random weights leave no gap
        # between lesion and ground for a threshold to lie in.
        if tolerances[name] == EXACT:
            assert mask <= 1e-3, name
            assert agreement >= EXACT.agreement, name
            assert verdicts == len(pictures), name


def _square(radiograph):
    return Letterbox(*radiograph.size, SIDE).apply(radiograph.pixels)


def _from_bytes(path, pictures):
    """The signature that decodes and letterboxes in its graph."""
    import tensorflow as tf

    serve = tf.saved_model.load(str(path)).signatures[schema.SERVING_DEFAULT]
    told = serve(image_bytes=tf.constant([picture.read_bytes() for picture in pictures]))
    masks, chances = (
        told[n].numpy() for n in (schema.MASK_PROBABILITY, schema.FRACTURE_PROBABILITY)
    )
    return list(zip(masks[..., 0], chances[:, 0], strict=True))


def _in_node(model, pictures, output):
    """What the browser's code says of the files; nothing where it cannot run."""
    node = shutil.which("node")
    if node is None or not (BROWSER / "node_modules" / "@litertjs").is_dir():
        print("\nnot compared: LiteRT.js; npm ci in export/browser installs it")
        return {}
    command = [node, BROWSER / "node" / "check.js", model, *pictures, "--output", output]
    done = subprocess.run([str(w) for w in command], capture_output=True, text=True, cwd=BROWSER)
    assert done.returncode == 0, done.stderr
    chances = [json.loads(line)["probability"] for line in done.stdout.splitlines()]
    raw = [np.fromfile(output / f"{path.stem}.square.raw", "<f4") for path in pictures]
    masks = [square.reshape(SIDE, SIDE) for square in raw]
    return {NODE: list(zip(masks, chances, strict=True))}


def _compare(given, wanted, thresholds, pictures):
    """Largest differences of a mask's pixel and of a probability, Dice, number of same verdicts."""
    peak, off, counts, same = 0.0, 0.0, np.zeros(3), 0
    for own, other, radiograph in zip(given, wanted, pictures.values(), strict=True):
        peak = max(peak, float(np.abs(own[0] - other[0]).max()))
        off = max(off, abs(float(own[1]) - other[1]))
        one, two = (_finding(*each, thresholds, radiograph) for each in (own, other))
        counts += [(one.mask & two.mask).sum(), one.mask.sum(), two.mask.sum()]
        same += one.verdict == two.verdict
    return peak, off, float(dice(*counts)), same


def _finding(mask, probability, thresholds, radiograph):
    return find(
        radiograph=radiograph,
        mask_probability=Letterbox(*radiograph.size, SIDE).invert(mask),
        probability=float(probability),
        thresholds=thresholds,
        model="",
        elapsed_ms=0,
    )


def _print(preset, rows, count):
    print(f"\n{preset}, {count} pictures, beside Keras")
    print("| runtime | mask off by, most | probability off by, most | Dice | same verdict |")
    print("|---|---:|---:|---:|---:|")
    for name, (mask, probability, agreement, verdicts) in rows.items():
        print(f"| {name} | {mask:.1e} | {probability:.1e} | {agreement:.4f} | {verdicts} |")
