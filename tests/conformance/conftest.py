"""Which presets a promise is held over: all of them, the large ones where they are affordable."""

import keras
import numpy as np
import pytest

from bonefrac.models.presets import PRESETS, build_model

# Sizes at which every architecture's own stride of 16 or 32 divides.
SIDE = 64
# One of convolutions and one of tokens; the others and the larger ones run with the slow tests.
_FAST = ("unet_tiny", "vit_tiny_patch16")
_FAST_EXPORTS = ("unet_tiny",)  # a transformer takes half a minute to convert


def pytest_generate_tests(metafunc):
    if "any_preset" in metafunc.fixturenames:  # a promise that is cheap to hold at every size
        # KerasCV's take as long to build as all others together.
        slow = {name: name.startswith(("deeplab", "segformer")) for name in PRESETS}
        metafunc.parametrize(
            "any_preset",
            [pytest.param(n, marks=pytest.mark.slow if slow[n] else ()) for n in PRESETS],
        )
    if "preset" in metafunc.fixturenames:
        fast = _FAST_EXPORTS if metafunc.module.__name__.endswith("artifacts") else _FAST
        slow = pytest.mark.slow
        names = [pytest.param(name, marks=() if name in fast else slow) for name in PRESETS]
        metafunc.parametrize("preset", names)


@pytest.fixture
def build():
    """Build a preset with weights that any two calls share: `build(name, **overrides)`."""

    def build_seeded(name, *, image_size=SIDE, seed=0, **overrides):
        keras.utils.set_random_seed(seed)
        return build_model(name, image_size=image_size, **overrides)

    return build_seeded


@pytest.fixture
def images():
    """Two phantoms as a network sees them, float32 [2, SIDE, SIDE, 1]."""
    return phantoms(2)[0]


def phantoms(count, *, side=SIDE, seed=11):
    """Broken phantoms and their masks, both [N, side, side, 1]."""
    from bonefrac.data.phantom import draw
    from bonefrac.radiograph.letterbox import Letterbox

    kinds = ("displaced", "angulated")
    drawn = [draw(seed=seed, index=k, fracture=kinds[k % 2]) for k in range(count)]
    fits = [Letterbox(*p.image.shape, side) for p in drawn]
    image = np.stack([f.apply(p.image) for f, p in zip(fits, drawn, strict=True)])
    mask = np.stack([f.apply_mask(p.mask) for f, p in zip(fits, drawn, strict=True)])
    return image[..., None], mask[..., None].astype(np.float32)


def settle(model, images):
    """Let every normalisation know the statistics of these images, as after a training.

    Fresh moving averages are nobody's: the logits of a fresh R2U-Net reach hundreds, and so does
    their rounding.
    """
    norms = [x for x in model._flatten_layers() if isinstance(x, keras.layers.BatchNormalization)]
    before = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    model(images, training=True)
    for norm, momentum in zip(norms, before, strict=True):
        norm.momentum = momentum
    return model


def answer(model, images):
    """The logits of a model as NumPy arrays."""
    return {k: np.asarray(v) for k, v in model(images, training=False).items()}
