"""From path lengths to a radiograph: Beer-Lambert, scatter, blur, quanta, film curve, borders."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

# Linear attenuation per mm at 40 keV, about the mean energy of a filtered 60 kVp beam behind some
# tissue: mass coefficient (cm2/g) times density (g/cm3), over ten. Coefficients from Hubbell and
# Seltzer, NIST Standard Reference Database 126 (doi 10.18434/T4D01F): muscle, adipose tissue and
# cortical bone of ICRU-44 with their densities there; the others added up from its elements:
# gypsum CaSO4 2H2O, 316L steel, Ti-6Al-4V; half glass, half resin. A cast's density is that of a
# wrapped bandage with its air (assumed, not tabulated).
MU_MUSCLE = 0.2685 * 1.05 / 10.0
MU_FAT = 0.2396 * 0.95 / 10.0
MU_CORTEX = 0.6655 * 1.92 / 10.0
MU_STEEL = 3.81 * 8.0 / 10.0
MU_TITANIUM = 2.13 * 4.43 / 10.0
MU_PLASTER = 0.762 * 0.9 / 10.0
MU_FIBREGLASS = 0.36 * 0.6 / 10.0

# The strokes of the side markers in units of their height, x to the right and y down.
_LETTERS = {
    "L": ((0.0, 0.0), (0.0, 1.0), (0.55, 1.0)),
    "R": ((0, 1), (0, 0), (0.45, 0.03), (0.6, 0.25), (0.45, 0.5), (0, 0.5), (0.3, 0.5), (0.62, 1)),
}


@dataclass(frozen=True)
class Pose:
    """How the limb lies on the detector.

    Attributes:
        shape: height and width of the picture.
        spacing: mm per pixel.
        rotation: of the limb in the picture, radians.
        flip: whether it is the other side's limb.
        centre: the scene's point in the middle of the picture, mm.
    """

    shape: tuple[int, int]
    spacing: float
    rotation: float
    flip: bool
    centre: tuple[float, float]

    def grid(self) -> tuple[np.ndarray, np.ndarray]:
        """Scene coordinates of each pixel's ray, mm, two float32 [H, W]."""
        h, w = self.shape
        x = (np.arange(w, dtype=np.float32) - (w - 1) / 2) * np.float32(self.spacing)
        y = (np.arange(h, dtype=np.float32) - (h - 1) / 2) * np.float32(self.spacing)
        x = (-x if self.flip else x)[None, :]
        c, s = np.float32(np.cos(self.rotation)), np.float32(np.sin(self.rotation))
        cx, cy = np.float32(self.centre[0]), np.float32(self.centre[1])
        return c * x + s * y[:, None] + cx, c * y[:, None] - s * x + cy

    def window(self, points: np.ndarray, *, margin: float) -> tuple[slice, slice]:
        """Rows and columns that hold all `points` (mm, [N, 2]) with `margin` mm around them."""
        c, s = np.cos(self.rotation), np.sin(self.rotation)
        x, y = (np.asarray(points, float) - self.centre).T
        column, row = c * x - s * y, s * x + c * y
        return self._extent(row, 0, 1, margin), self._extent(
            column, 1, -1 if self.flip else 1, margin
        )

    def _extent(self, mm: np.ndarray, axis: int, sign: int, margin: float) -> slice:
        size = self.shape[axis]
        pixels = sign * mm / self.spacing + (size - 1) / 2
        reach = margin / self.spacing + 1
        lo, hi = np.clip([pixels.min() - reach, pixels.max() + reach + 1], 0, size)
        return slice(int(lo), int(hi))


@dataclass(frozen=True)
class Exposure:
    """One shot and what the console makes of it.

    Attributes:
        photons: that reach an uncovered pixel, after detective efficiency.
        scatter: scattered over primary radiation behind the thickest part.
        blur: of focal spot and detector, pixels.
        black: grey level of the uncovered detector.
        white: grey level of the brightest hundredth of the limb.
        softness: grey of the median of the limb between black and white, 0..1: the console
            bends the film curve until a thick thigh is as grey as a finger.
        crispness: weight of the console's edge enhancement.
        banding: relative gain spread of the detector's columns.
        leaves: pixels that the collimator covers at the top, right, bottom and left.
        shutter: whether the console blackens what the leaves cover, or leaves it white.
        marker: the lead letter on the cassette, "" for none.
        marker_at: its place, fractions of the short and of the long side: beside the limb.
        noise_seed: of the quanta and the columns.
    """

    photons: float
    scatter: float
    blur: float
    black: float
    white: float
    softness: float
    crispness: float
    banding: float
    leaves: tuple[int, int, int, int]
    shutter: bool
    marker: str
    marker_at: tuple[float, float]
    noise_seed: int


def random_exposure(
    rng: np.random.Generator,
    *,
    photons: tuple[float, float] = (1.2e4, 1.2e5),
    scatter: tuple[float, float] = (0.15, 0.5),
) -> Exposure:
    """Draw a shot between the least and the most exposed, the clearest and the haziest."""
    covered = rng.uniform(2, 24, 4) * (rng.random(4) < 0.4) * (rng.random() < 0.5)
    return Exposure(
        photons=float(np.exp(rng.uniform(*np.log(photons)))),
        scatter=float(rng.uniform(*scatter)),
        blur=float(rng.uniform(0.45, 0.85)),
        black=float(rng.choice([rng.uniform(3, 14), rng.uniform(18, 46)])),
        white=float(rng.uniform(140, 235)),
        softness=float(rng.uniform(0.24, 0.43)),
        crispness=float(rng.uniform(0.15, 0.7)),
        banding=float(rng.choice([0.0, rng.uniform(0.002, 0.01)])),
        leaves=(int(covered[0]), int(covered[1]), int(covered[2]), int(covered[3])),
        shutter=bool(rng.random() < 0.5),
        marker=str(rng.choice(["", "L", "R"], p=[0.6, 0.2, 0.2])),
        marker_at=(float(rng.choice([0.08, 0.86])), float(rng.uniform(0.1, 0.9))),
        noise_seed=int(rng.integers(2**31)),
    )


def attenuation(
    muscle: np.ndarray, fat: np.ndarray, cortex: np.ndarray, spongiosa: np.ndarray
) -> np.ndarray:
    """The line integral of mu: thicknesses in mm, bone displacing muscle. Dimensionless."""
    bone = (MU_CORTEX - MU_MUSCLE) * (cortex + spongiosa)
    return MU_MUSCLE * muscle + MU_FAT * fat + bone


def lead_letter(shape: tuple[int, int], exposure: Exposure) -> np.ndarray:
    """Line integral of the side marker, float32 [H, W]: enough lead to stop nearly everything."""
    lead = np.zeros(shape, np.uint8)
    if exposure.marker:
        across, down = exposure.marker_at if shape[0] >= shape[1] else exposure.marker_at[::-1]
        corner = np.array((across * shape[1], down * shape[0]))
        strokes = np.rint(corner + 16.0 * np.array(_LETTERS[exposure.marker])).astype(np.int32)
        cv2.polylines(lead, [strokes], False, 255, 2, cv2.LINE_AA)
    return lead.astype(np.float32) * np.float32(6.0 / 255.0)


def field_of_light(shape: tuple[int, int], leaves: tuple[int, int, int, int]) -> np.ndarray:
    """What the collimator lets through, float32 [H, W]: 1 inside, 0.004 behind the leaves."""
    top, right, bottom, left = leaves
    light = np.full(shape, 0.004, np.float32)
    light[top : shape[0] - bottom, left : shape[1] - right] = 1.0
    return cv2.GaussianBlur(light, (0, 0), 1.2, borderType=cv2.BORDER_REPLICATE)


def detect(line_integral: np.ndarray, exposure: Exposure) -> np.ndarray:
    """Relative signal behind the limb, 1 in the open: primary, scatter, blur and quanta.

    Quanta are drawn as normal deviates of Poisson variance (at 20 quanta or more the difference
    is invisible), so that the same seed gives the same grain whatever lies in the beam.
    """
    primary = np.exp(-line_integral - lead_letter(line_integral.shape, exposure))
    primary = primary * field_of_light(primary.shape, exposure.leaves)
    small = cv2.resize(1.0 - primary, None, fx=0.125, fy=0.125, interpolation=cv2.INTER_AREA)
    haze = cv2.GaussianBlur(small, (0, 0), 4.0, borderType=cv2.BORDER_REPLICATE)
    haze = cv2.resize(haze, primary.shape[::-1], interpolation=cv2.INTER_CUBIC)
    thickest = np.float32(np.percentile(primary[::7, ::7], 2))
    signal = primary + exposure.scatter * np.maximum(thickest, 0.01) * np.clip(haze, 0, 1)
    signal = cv2.GaussianBlur(signal, (0, 0), exposure.blur)
    rng = np.random.default_rng(exposure.noise_seed)
    quanta = rng.standard_normal(signal.shape, dtype=np.float32)
    columns = rng.standard_normal((1, signal.shape[1]), dtype=np.float32)
    columns = cv2.GaussianBlur(columns, (0, 0), 1.5) * np.float32(2.0 * exposure.banding)
    signal = (signal + quanta * np.sqrt(signal / np.float32(exposure.photons))) * (1.0 + columns)
    return np.maximum(signal, np.float32(1e-4))


def develop(
    signal: np.ndarray, exposure: Exposure, *, metal: np.ndarray | None = None
) -> np.ndarray:
    """Grey levels, float32 0..255, of a detected signal: log, edge enhancement, film curve.

    The console sets its window by the limb; `metal` (bool [H, W]) does not count, and saturates.
    """
    density = -np.log(signal)
    base = cv2.GaussianBlur(density, (0, 0), 7.0)
    density = density + np.float32(exposure.crispness) * (density - base)
    level = density / np.float32(np.log(1e4))  # what a 12-bit detector can tell apart
    lit = _lit(signal.shape, exposure.leaves)
    limb = density[lit][::3, ::3]
    counts = limb > 0.15
    if metal is not None:
        counts &= ~metal[lit][::3, ::3]
    limb = limb[counts]
    if limb.size > 50:
        middle, top = np.percentile(limb, [50, 99.3])
        level = film_curve(density / np.float32(top), middle / top, exposure.softness)
    grey = _greys(level, exposure)
    light = field_of_light(signal.shape, exposure.leaves)
    if exposure.shutter:
        light = (light > 0.5).astype(np.float32)
    return light * grey + (1 - light) * np.float32(0 if exposure.shutter else 250)


def film_curve(level: np.ndarray, middle: float, softness: float) -> np.ndarray:
    """Bend 0..1 so that `middle` becomes `softness`: part film, part the console's compression.

    A power law alone, as on film, would drown the skin line of a thick limb in the background.
    """
    middle = min(float(middle), 0.85)
    level = np.clip(level, -0.05, 3.0)
    bend = np.clip(np.log(softness) / np.log(middle), 0.7, 3.2)
    power = np.sign(level) * np.abs(level) ** np.float32(bend)
    steep = (1 - softness) / (1 - middle)
    lines = np.where(
        level < middle, level * (softness / middle), softness + (level - middle) * steep
    )
    return (0.5 * (power + lines)).astype(np.float32)


def _lit(shape: tuple[int, int], leaves: tuple[int, int, int, int]) -> tuple[slice, slice]:
    """Rows and columns inside the collimator's leaves."""
    top, right, bottom, left = leaves
    return slice(top, shape[0] - bottom), slice(left, shape[1] - right)


def _greys(level: np.ndarray, exposure: Exposure) -> np.ndarray:
    """Grey from 0 (the open field) to 1 (the brightest bone), and beyond that towards 255."""
    white = np.float32(exposure.white)
    over = 1.5 * np.maximum(level - 1, 0)
    grey = exposure.black + (white - exposure.black) * np.minimum(level, 1)
    return np.maximum(grey + (255 - white) * (1 - np.exp(-over)), 0).astype(np.float32)
