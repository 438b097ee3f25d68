"""What is no fracture and may be taken for one: hardware of all kinds, and old breaks healed."""

from __future__ import annotations

import numpy as np

from bonefrac.data.phantom.anatomy import ShaftView
from bonefrac.data.phantom.breaks import Site
from bonefrac.data.phantom.casts import Cast, random_cast
from bonefrac.data.phantom.implants import Implant, random_implant
from bonefrac.data.phantom.motion import Swelling
from bonefrac.data.phantom.patient import Limb

_SHARES = {"plate": 0.35, "wires": 0.2, "nail": 0.2, "cast": 0.25}
_SHORTEST_NAILED = 150.0  # mm: no nail in a finger


def random_hardware(
    rng: np.random.Generator, limb: Limb, site: Site, *, growing: bool, moved: bool, chance: float
) -> Implant | Cast | None:
    """Draw hardware at `site`, whether or not it is broken: it must not give the answer away.

    Args:
        growing: whether growth plates are open: no plate crosses them, no nail.
        moved: whether the fragments must stay displaced: a plate or a nail would have set them.
        chance: that there is any.
    """
    if rng.random() >= chance:
        return None
    shares = dict(_SHARES)
    if limb.cast is None:
        del shares["cast"]
    if growing or moved or site.view.length < _SHORTEST_NAILED:
        del shares["nail"]
    if growing or moved:
        del shares["plate"]
    weights = np.array(list(shares.values()))
    kind = str(rng.choice(list(shares), p=weights / weights.sum()))
    if kind == "cast":
        return random_cast(rng, limb, at=site.view.place(site.along)[1])
    return random_implant(rng, site, kind=kind)


def random_callus(
    rng: np.random.Generator, limb: Limb, site: Site, *, angle: float, chance: float
) -> tuple[Swelling, ...]:
    """Draw an old fracture healed, away from `site`: a spindle of bone around the shaft."""
    names = sorted({span.bone for span in limb.spans})
    name = str(rng.choice(names))
    fraction, spread, height, density = rng.uniform((0.25, 0.8, 0.12, 0.08), (0.8, 1.6, 0.3, 0.25))
    flank = int(rng.choice([-1, 0, 1], p=[0.25, 0.5, 0.25]))
    if rng.random() >= chance:
        return ()
    shaft = next(b.shaft for b in limb.bones if b.name == name)
    if shaft is None:
        return ()
    view = ShaftView(shaft, angle)
    at = float(fraction) * view.length
    wide = float(view.lookup("width", at))
    if name == site.bone and abs(at - site.along) < 4 * wide:
        return ()
    return (Swelling(name, at, float(spread) * wide, float(height), flank, float(density)),)
