"""Checks of sizes and exposure: what is far from the rest of the data set."""

from collections.abc import Iterator

import numpy as np

from bonefrac.data.audit.finding import Evidence, Finding, Severity, one_by_one

_BLANK = 16  # gray levels between the percentiles 1 and 99; the flattest of FracAtlas has 69
# Of the border's median and the picture's; among FracAtlas' 3,486 no picture has both above 128.
_BRIGHT = 128
_FAR = 5  # robust standard deviations; 4 of FracAtlas' 3,486 pictures are farther
_TIMES = 4  # smaller or larger than the median side
_LONG = 3  # sides
_MAD = 1.4826  # of a normal distribution, standard deviations a median absolute deviation


def blank(evidence: Evidence) -> Iterator[Finding]:
    """Pictures with almost nothing on them."""
    yield from one_by_one(
        "blank",
        severity=Severity.SEVERE,
        title="Pictures that are almost blank",
        meaning="There is no bone to be seen. Leave them out.",
        seen={
            entry.id: f"gray levels {facts.low:.0f} to {facts.high:.0f}"
            for entry, facts in evidence.sound()
            if facts.high - facts.low < _BLANK
        },
    )


def inverted(evidence: Evidence) -> Iterator[Finding]:
    """Pictures that show bone dark on bright, as MONOCHROME1 read as MONOCHROME2."""
    yield from one_by_one(
        "inverted",
        severity=Severity.WARNING,
        title="Pictures that seem inverted: bone dark, background bright",
        meaning="bonefrac expects bone bright. Most likely DICOM MONOCHROME1 was exported as it "
        "lay. Look at them and invert those that are.",
        seen={
            entry.id: f"border {facts.border:.0f}, half the picture above {facts.median:.0f}"
            for entry, facts in evidence.sound()
            if min(facts.border, facts.median) > _BRIGHT and facts.high - facts.low >= _BLANK
        },
    )


def exposure(evidence: Evidence) -> Iterator[Finding]:
    """Pictures much darker or brighter than the rest."""
    sound = list(evidence.sound())
    far = robust_z([facts.mean for _, facts in sound])
    yield from one_by_one(
        "exposure",
        severity=Severity.NOTE,
        title="Pictures much darker or brighter than most",
        meaning="Another machine, another window, or no radiograph of a limb at all. Look at them.",
        seen={
            entry.id: f"mean gray level {facts.mean:.0f}, {z:+.1f} robust standard deviations"
            for (entry, facts), z in zip(sound, far, strict=True)
            if abs(z) > _FAR
        },
    )


def sizes(evidence: Evidence) -> Iterator[Finding]:
    """Pictures much smaller, larger or longer than the rest."""
    sound = list(evidence.sound())
    if not sound:
        return
    sides = np.array([facts.size for _, facts in sound], float)
    longest = sides.max(axis=1)
    times = longest / np.median(longest)
    odd = (times > _TIMES) | (times < 1 / _TIMES) | (longest > _LONG * sides.min(axis=1))
    yield from one_by_one(
        "picture_sizes",
        severity=Severity.NOTE,
        title="Pictures of a very different size or shape than most",
        meaning="All are fitted into one square: what is much larger loses detail, what is much "
        "smaller is blurred, and a network can tell the two apart. Whether size predicts the "
        "label stands under the shortcuts.",
        seen={
            sound[k][0].id: "{1}x{0} px".format(*sound[k][1].size)
            for k in np.flatnonzero(odd).tolist()
        },
    )


def robust_z(values: list[float]) -> np.ndarray:
    """Distance from the median in median absolute deviations, scaled to standard deviations.

    All 0 where more than half of the values are equal.
    """
    array = np.asarray(values, float)
    if not len(array):
        return array
    centred = array - np.median(array)
    spread = _MAD * np.median(np.abs(centred))
    return centred / spread if spread else np.zeros_like(centred)
