"""How far each random change may go, and four named choices of it."""

from dataclasses import dataclass, fields

from bonefrac import schema


@dataclass(frozen=True)
class Strength:
    """How far each draw may go; all zero is the identity, bit for bit.

    An op whose reach or chance is zero is left out of the graph. "Either way" draws are uniform
    between minus and plus the number; a "largest" is drawn uniformly from zero.

    Attributes:
        rotation: degrees, either way.
        scale: relative, either way; below 1.
        shear: pixels sideways a pixel of height, either way.
        translation: share of the side, either way.
        flip: chance to mirror left and right.
        elastic: shift of the spline's knots, share of the side, either way; below 0.05
            nothing can fold.
        elastic_chance: chance to bend.
        gamma: natural logarithm of the exponent, either way.
        exposure: natural logarithm of the dose, either way, along a film curve.
        contrast: relative, either way, about mid-gray; what a display window's width does.
        brightness: gray levels of 255, either way; what a display window's level does.
        invert: chance of the negative, as where MONOCHROME1 was overlooked.
        noise: largest standard deviation of electronic noise, gray levels of 255.
        quantum: largest standard deviation of quantum noise at mid-gray, gray levels of 255.
        noise_chance: chance of both noises.
        blur: largest standard deviation of the Gaussian, pixels.
        blur_chance: chance to blur.
        jpeg: largest loss of JPEG quality, points of 100.
        jpeg_chance: chance of one more JPEG compression.
        collimation: how far each leaf may reach into the radiograph, largest share of its side.
        collimation_chance: chance of a collimated field.
        marker: chance of a lead marker.
        paste: chance to paste a phantom's fracture; experimental.
    """

    rotation: float = 15.0
    scale: float = 0.15
    shear: float = 0.08
    translation: float = 0.06
    flip: float = 0.5
    elastic: float = 0.012
    elastic_chance: float = 0.15
    gamma: float = 0.3
    exposure: float = 0.3
    contrast: float = 0.2
    brightness: float = 15.0
    invert: float = 0.02
    noise: float = 4.0
    quantum: float = 7.0
    noise_chance: float = 0.4
    blur: float = 1.2
    blur_chance: float = 0.15
    jpeg: float = 70.0
    jpeg_chance: float = 0.1
    collimation: float = 0.12
    collimation_chance: float = 0.1
    marker: float = 0.1
    paste: float = 0.0


NONE = Strength(**{field.name: 0.0 for field in fields(Strength)})

LIGHT = Strength(
    rotation=7.0,
    scale=0.08,
    shear=0.04,
    translation=0.03,
    elastic=0.006,
    elastic_chance=0.1,
    gamma=0.15,
    exposure=0.15,
    contrast=0.1,
    brightness=8.0,
    invert=0.0,
    noise=2.0,
    quantum=3.5,
    blur=0.8,
    blur_chance=0.1,
    jpeg=50.0,
    jpeg_chance=0.05,
    collimation=0.08,
    collimation_chance=0.05,
    marker=0.05,
)

STRONG = Strength(
    rotation=30.0,
    scale=0.25,
    shear=0.15,
    translation=0.1,
    elastic=0.02,
    elastic_chance=0.3,
    gamma=0.5,
    exposure=0.6,
    contrast=0.35,
    brightness=30.0,
    invert=0.05,
    noise=6.0,
    quantum=10.0,
    noise_chance=0.6,
    blur=1.8,
    blur_chance=0.3,
    jpeg=85.0,
    jpeg_chance=0.25,
    collimation=0.18,
    collimation_chance=0.2,
    marker=0.25,
)

STRENGTHS = dict(zip(schema.AUGMENTATIONS, (NONE, LIGHT, Strength(), STRONG), strict=True))
