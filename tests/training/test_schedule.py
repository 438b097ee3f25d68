"""Learning rate, accumulation, averages and precision do what they say, step by step."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from bonefrac.errors import BonefracError
from bonefrac.training.averages import averaged
from bonefrac.training.checkpoint import Checkpoints, State, variables
from bonefrac.training.compiled import answering, compiled, window
from bonefrac.training.heads import lessons
from bonefrac.training.schedule import learning_rate, make_optimizer, out_of_patience
from bonefrac.training.settings import Settings

SIDE = 32
TINY = Settings(
    "unet_tiny",
    image_size=SIDE,
    epochs=1,
    batch_size=2,
    learning_rate=1e-2,
    overrides={"filters": (4, 8)},
)


def batch(seed=0, count=2):
    rng = np.random.default_rng(seed)
    targets = {"fracture": rng.integers(0, 2, (count, 1)).astype(np.float32)}
    targets["mask"] = (rng.random((count, SIDE, SIDE, 1)) < 0.1).astype(np.float32)
    image = rng.uniform(0, 255, (count, SIDE, SIDE, 1)).astype(np.float32)
    return image, targets


def weights(model):
    return [np.asarray(v) for v in model.trainable_variables]


def rates(settings, updates, at):
    schedule = learning_rate(settings, updates)
    return [float(schedule(k)) for k in at]


def test_the_rate_rises_straight_and_falls_as_a_cosine():
    found = rates(replace(TINY, warmup=10), 110, [0, 5, 10, 60, 110, 200])
    np.testing.assert_allclose(found, np.array([0, 0.5, 1, 0.505, 0.01, 0.01]) * 1e-2, rtol=1e-5)


def test_a_constant_rate_stays():
    found = rates(replace(TINY, schedule="constant", warmup=4), 40, [0, 2, 4, 20, 40])
    np.testing.assert_allclose(found, np.array([0, 0.5, 1, 1, 1]) * 1e-2, rtol=1e-5)


def test_without_warmup_it_starts_at_the_peak():
    assert rates(replace(TINY, warmup=0), 40, [0]) == pytest.approx([1e-2])


@pytest.mark.parametrize(("updates", "expected"), [(5, 0), (100, 10), (100_000, 500)])
def test_warmup_is_a_tenth_and_at_most_500(updates, expected):
    assert learning_rate(TINY, updates).get_config()["warmup_steps"] == expected


@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_the_optimizer_is_as_the_settings_say(precision):
    settings = replace(
        TINY, precision=precision, ema=0.81, accumulate=2, clip_norm=0.0, weight_decay=0.03
    )
    optimizer = make_optimizer(settings, 100)
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    assert (inner is optimizer) == (precision == "float32")
    assert inner.global_clipnorm is None
    assert inner.weight_decay == 0.03
    assert inner.ema_momentum == pytest.approx(0.9)
    assert inner.gradient_accumulation_steps == 2


def test_accumulated_batches_are_one_larger_batch():
    """Without normalisation, whose statistics are of the batch that a step sees."""
    plain = {**TINY.overrides, "normalization": None}
    settings = replace(TINY, warmup=0, schedule="constant", overrides=plain)
    large, small = compiled(settings, 4), compiled(replace(settings, accumulate=2), 8)
    for seed in range(3):
        image, targets = batch(seed, count=4)
        large.train_on_batch(image, targets)
        before = weights(small)
        for k in (0, 2):
            part = {head: t[k : k + 2] for head, t in targets.items()}
            small.train_on_batch(image[k : k + 2], part)
            if k == 0:
                for a, b in zip(before, weights(small), strict=True):
                    np.testing.assert_array_equal(a, b)
        for a, b in zip(weights(large), weights(small), strict=True):
            np.testing.assert_allclose(a, b, atol=2e-4)
    assert int(small.optimizer.iterations) == int(large.optimizer.iterations) == 3


@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_averages_follow_their_formula_and_swap_without_a_trace(precision):
    model = compiled(replace(TINY, ema=0.8, precision=precision), 10)
    expected: list = []
    for seed in range(4):
        model.train_on_batch(*batch(seed))
        now = weights(model)
        last = expected or now
        expected = [0.8 * a + 0.2 * w for a, w in zip(last, now, strict=True)]
    before = [np.asarray(v) for v in variables(model)]
    with averaged(model):
        for a, b in zip(weights(model), expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
        assert any((a != b).any() for a, b in zip(weights(model), now, strict=True))
    for a, b in zip(before, variables(model), strict=True):
        np.testing.assert_array_equal(a, np.asarray(b))


def test_without_averages_nothing_is_swapped():
    model = compiled(TINY, 10)
    model.train_on_batch(*batch())
    before = weights(model)
    with averaged(model):
        for a, b in zip(before, weights(model), strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.slow
def test_a_checkpoint_keeps_averages_half_an_accumulation_and_the_loss_scale(tmp_path):
    settings = replace(TINY, ema=0.9, accumulate=2, precision="float16")
    model, store = compiled(settings, 10), Checkpoints(tmp_path)
    for seed in range(3):  # an odd number: one batch waits for the next
        model.train_on_batch(*batch(seed))
    store.save(model, State(epoch=1, best_epoch=1))
    other = compiled(replace(settings, seed=5), 10)
    store.restore_last(other)
    for each in (model, other):
        for seed in range(3, 6):
            each.train_on_batch(*batch(seed))
    for a, b in zip(variables(model), variables(other), strict=True):
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_half_precision_learns_and_keeps_float32_weights(precision):
    model = compiled(replace(TINY, precision=precision, warmup=0), 60)
    image, targets = batch()
    losses = [model.train_on_batch(image, targets, return_dict=True)["loss"] for _ in range(40)]
    assert losses[-1] < 0.7 * losses[0]
    assert {v.dtype for v in model.trainable_variables} == {"float32"}
    assert model.get_layer("enc0_conv1").compute_dtype == precision


def test_half_precision_scales_the_loss_and_survives_an_overflow():
    model = compiled(replace(TINY, precision="float16"), 10)
    model.train_on_batch(*batch())
    scale = float(model.optimizer.dynamic_scale)
    assert scale > 1
    model.optimizer.dynamic_scale.assign(1e38)
    before = weights(model)
    model.train_on_batch(*batch())
    for a, b in zip(before, weights(model), strict=True):
        np.testing.assert_array_equal(a, b)
    assert float(model.optimizer.dynamic_scale) == pytest.approx(5e37, rel=1e-3)


@pytest.mark.parametrize(
    ("epoch", "best", "patience", "stops"),
    [(5, 2, 3, True), (5, 3, 3, False), (50, 1, 0, False), (6, 2, 3, True)],
)
def test_patience_is_counted_from_the_best_epoch(epoch, best, patience, stops):
    assert out_of_patience(State(epoch=epoch, best_epoch=best), patience) == stops


def test_coarser_masks_weigh_half_as_much_and_all_as_much_as_one():
    heads = ["mask", "fracture", "mask_1", "mask_2"]
    taught = lessons(replace(TINY, loss="focal", positive_weight=3.0), heads)
    masks = [taught[head].weight for head in ("mask", "mask_1", "mask_2")]
    np.testing.assert_allclose(masks, np.array([4, 2, 1]) / 7)
    assert {taught[head].loss().name for head in ("mask", "mask_1", "mask_2")} == {"focal"}
    assert taught["fracture"].loss().positive_weight == 3.0
    assert taught["fracture"].weight == lessons(TINY, heads[:2])["fracture"].weight


@pytest.mark.parametrize(
    ("preset", "overrides"),
    [
        ("unet_tiny", {"filters": (2, 4, 8)}),
        pytest.param("r2unet_tiny", {"filters": (2, 4, 8)}, marks=pytest.mark.slow),
        pytest.param("attention_unet_tiny", {"filters": (2, 4, 8)}, marks=pytest.mark.slow),
        pytest.param("vit_tiny_patch16", {"num_layers": 4}, marks=pytest.mark.slow),
    ],
)
def test_deep_supervision_teaches_every_scale_and_leaves_no_trace(preset, overrides):
    settings = replace(TINY, preset=preset, overrides=overrides, deep_supervision=True)
    model = compiled(settings, 20)
    coarse = [head for head in model.output if head.startswith("mask_")]
    assert coarse == [f"mask_{k + 1}" for k in range(len(coarse))] != []
    image, targets = batch()
    for head in coarse:
        side = model.output[head].shape[1]
        targets[head] = (np.random.default_rng(1).random((2, side, side, 1)) < 0.2).astype(
            "float32"
        )
    before = {head: np.asarray(model.get_layer(f"{head}_logits").kernel) for head in coarse}
    logs = model.train_on_batch(image, targets, return_dict=True)
    model.train_on_batch(image, targets)
    assert "mask_1_loss" in logs
    for head in coarse:
        assert (np.asarray(model.get_layer(f"{head}_logits").kernel) != before[head]).any(), head
    plain = answering(settings, model)
    assert list(plain.output) == ["mask", "fracture"]
    for head, value in plain(image).items():
        np.testing.assert_allclose(value, model(image, training=False)[head], atol=1e-5)


def test_deep_supervision_of_a_network_without_is_refused():
    with pytest.raises(BonefracError, match="segformer_b0 with deep_supervision; expected only"):
        compiled(Settings("segformer_b0", image_size=64, deep_supervision=True), 10)


@pytest.mark.parametrize(
    ("preset", "overrides"),
    [
        ("unet_tiny", TINY.overrides),
        pytest.param("vit_tiny_patch16", {"num_layers": 4}, marks=pytest.mark.slow),
    ],
)
def test_a_dense_image_head_teaches_the_decoder(preset, overrides):
    settings = replace(TINY, preset=preset, overrides={**overrides, "image_head": "dense"})
    model = compiled(settings, 10)
    image, targets = batch()
    nothing = {"mask": np.zeros(2), "fracture": np.ones(2)}
    before = np.asarray(model.get_layer("dec0_conv1").kernel)
    for _ in range(2):
        model.train_on_batch(image, targets, sample_weight=nothing)
    assert (np.asarray(model.get_layer("dec0_conv1").kernel) != before).any()
    assert answering(settings, model).get_layer("fracture_cells").output.shape[1] == SIDE // 8


def test_crops_train_a_network_that_takes_whole_radiographs():
    settings = replace(TINY, image_size=64, crop=SIDE)
    model = compiled(settings, 10)
    model.train_on_batch(*batch())
    assert window(settings) == 0
    whole = answering(settings, model)
    assert whole.input_shape == (None, 64, 64, 1)
    image = np.random.default_rng(0).uniform(0, 255, (1, 64, 64, 1)).astype(np.float32)
    np.testing.assert_allclose(whole(image)["mask"], model(image)["mask"], atol=1e-5)


@pytest.mark.parametrize(("preset", "sliding"), [("vit_tiny_patch16", False), ("unet_tiny", True)])
def test_other_networks_answer_in_windows(preset, sliding):
    overrides = {} if preset.startswith("vit") else TINY.overrides
    settings = Settings(preset, image_size=64, crop=SIDE, sliding=sliding, overrides=overrides)
    assert window(settings) == SIDE
    assert answering(settings, compiled(settings, 10)).input_shape == (None, SIDE, SIDE, 1)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"crop": 96}, "Crops of 96 pixels from squares of 32"),
        ({"crop": 17}, "Image size 17x17; expected multiples of 2"),
        ({"image_size": 67, "crop": 32}, "Image size 67x67; expected multiples of 2"),
        (
            {"crop": 16, "overrides": {"heads": ("mask", "fracture", "bone_age_months")}},
            "Crops for the head bone_age_months",
        ),
        ({"loss": "dice", "pixel_weight": 2.0}, "A pixel weight of 2 for the loss dice"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(changes, told):
    with pytest.raises(BonefracError, match=told):
        compiled(replace(TINY, **changes), 10)


def test_weights_are_kept_apart_from_those_of_other_seeds():
    one, same, other = (compiled(replace(TINY, seed=seed), 5) for seed in (0, 0, 1))
    assert all((a == b).all() for a, b in zip(weights(one), weights(same), strict=True))
    assert any((a != b).any() for a, b in zip(weights(one), weights(other), strict=True))
    assert isinstance(one.optimizer, keras.optimizers.AdamW)
