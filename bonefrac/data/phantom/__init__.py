"""Phantom radiographs: made-up X-rays of limbs with exact fracture masks, drawn from a seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bonefrac.data.phantom.difficulty import DIFFICULTIES, FRACTURES, Difficulty
from bonefrac.data.phantom.render import render
from bonefrac.data.phantom.study import LIMBS, random_study

__all__ = ["BODY_PARTS", "DIFFICULTIES", "FRACTURES", "Difficulty", "Phantom", "draw"]

BODY_PARTS = tuple(LIMBS)


@dataclass(frozen=True)
class Phantom:
    """A made-up radiograph.

    Attributes:
        image: uint8 [H, W], 0..255, bone bright (MONOCHROME2).
        mask: uint8 [H, W], 1 on the fracture, 0 elsewhere; all 0 when nothing is broken.
        bones: uint8 [H, W], 1 on bone, 0 elsewhere.
        hardware: whether there is metal or a cast.
        body_part: lower case, as a person would write it: "forearm", "leg", "hand".
        view: "frontal", "lateral" or "oblique".
        fracture: "none", "transverse", "oblique", "spiral", "comminuted", "buckle" or "hairline".
        displacement: "displaced", "angulated", or "none" where no fragment has moved.
    """

    image: np.ndarray
    mask: np.ndarray
    bones: np.ndarray
    hardware: bool
    body_part: str
    view: str
    fracture: str
    displacement: str


def draw(
    *,
    seed: int,
    index: int,
    fracture: str | None = None,
    body_part: str | None = None,
    difficulty: Difficulty = "medium",
) -> Phantom:
    """Draw one phantom radiograph, a pure function of its arguments.

    The picture is the same bit for bit in every process of one machine; another processor or
    another OpenCV may round some pixels to the neighbouring grey level.

    Args:
        seed: which collection of pictures, 0 or more.
        index: which picture of it, 0 or more.
        fracture: what to force: "none", a morphology ("spiral") whose displacement is drawn, or a
            displacement ("angulated") whose morphology is drawn. By default half of the pictures
            are broken. The patient, the view and the shot are the same whatever is forced; only a
            buckle makes the patient a child.
        body_part: one of BODY_PARTS to force.
        difficulty: "close", "easy", "medium" or "hard": contrast, noise, displacement and
            distractors. "close" is coned down to the place of the break.

    Raises:
        ValueError: if `fracture`, `body_part` or `difficulty` is not known.
    """
    _check("fracture", fracture, (*FRACTURES, None))
    _check("body_part", body_part, (*BODY_PARTS, None))
    _check("difficulty", difficulty, DIFFICULTIES)
    study = random_study(
        seed=seed, index=index, fracture=fracture, body_part=body_part, difficulty=difficulty
    )
    image, mask, bones = render(study)
    kind = study.fracture.kind if study.fracture else None
    return Phantom(
        image=image,
        mask=mask,
        bones=bones,
        hardware=study.hardware is not None,
        body_part=study.limb.body_part,
        view=study.view,
        fracture=kind.morphology if kind else "none",
        displacement=kind.displacement if kind else "none",
    )


def _check(name: str, value: str | None, known: tuple[str | None, ...]) -> None:
    if value not in known:
        expected = ", ".join(str(choice) for choice in known)
        raise ValueError(f"{name} {value!r} is unknown: expected one of {expected}")
