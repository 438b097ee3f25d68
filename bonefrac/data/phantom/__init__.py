"""Phantom radiographs: made-up X-rays of limbs with exact fracture masks, drawn from a seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bonefrac.data.phantom.breaks import KINDS
from bonefrac.data.phantom.render import render
from bonefrac.data.phantom.study import random_study

__all__ = ["Phantom", "draw"]


@dataclass(frozen=True)
class Phantom:
    """A made-up radiograph.

    Attributes:
        image: uint8 [H, W], 0..255, bone bright (MONOCHROME2).
        mask: uint8 [H, W], 1 on the fracture, 0 elsewhere; all 0 when nothing is broken.
        body_part: lower case, as a person would write it: "forearm", "leg", "hand".
        view: "frontal", "lateral" or "oblique".
        fracture: "none", "displaced", "angulated" or "hairline".
    """

    image: np.ndarray
    mask: np.ndarray
    body_part: str
    view: str
    fracture: str


def draw(*, seed: int, index: int, fracture: str | None = None) -> Phantom:
    """Draw one phantom radiograph, a pure function of its arguments.

    The picture is the same bit for bit in every process of one machine; another processor or
    another OpenCV may round some pixels to the neighbouring grey level.

    Args:
        seed: which collection of pictures, 0 or more.
        index: which picture of it, 0 or more.
        fracture: a kind to force ("none" included). By default half of the pictures are broken.
            The patient, the view and the shot are the same whatever the kind.

    Raises:
        ValueError: if `fracture` is not a known kind.
    """
    if fracture not in (None, "none", *KINDS):
        known = ", ".join(("none", *KINDS))
        raise ValueError(f"fracture {fracture!r} is unknown: expected one of {known}, or None")
    study = random_study(seed=seed, index=index, fracture=fracture)
    image, mask = render(study)
    kind = study.fracture.kind if study.fracture else "none"
    return Phantom(image, mask, study.limb.body_part, study.view, kind)
