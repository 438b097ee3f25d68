"""Real radiographs and phantoms side by side, and how their grey levels and spectra differ."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from bonefrac import schema
from bonefrac.data.datasets import catalogue_of, recognise
from bonefrac.data.phantom import BODY_PARTS, Difficulty, draw
from bonefrac.data.store import open_data
from bonefrac.errors import BonefracError
from bonefrac.radiograph.reader import SUFFIXES, read

# Which phantoms show what a data set calls by a wider name.
_SHOWN_BY = {
    "hand": ("hand", "wrist", "forearm"),
    "leg": ("leg", "ankle", "thigh"),
    "shoulder": ("shoulder", "upper arm"),
    "": BODY_PARTS,
}
_SIDE = 256  # pixels of the longer side on which spectra are compared


@dataclass(frozen=True, eq=False)
class Pair:
    """Real radiographs and phantoms of one body part, uint8 [H, W] each, with their names."""

    body_part: str
    real: list[tuple[str, np.ndarray]]
    phantoms: list[tuple[str, np.ndarray]]


@dataclass(frozen=True)
class _Picture:
    name: str
    body_part: str
    load: Any  # () -> uint8 [H, W]


def pairs(
    source: Path, *, body_part: str | None, count: int, seed: int, difficulty: Difficulty
) -> list[Pair]:
    """Draw `count` real radiographs of each body part, and as many phantoms of the same.

    Args:
        source: a data folder, a data set as published, or any folder of pictures.
        body_part: only this one; for a folder of pictures that says none, what they show.
        count: of radiographs a body part.
        seed: of both draws.
        difficulty: of the phantoms.

    Raises:
        BonefracError: no pictures, or none that phantoms are drawn of.
    """
    parts: dict[str, list[_Picture]] = defaultdict(list)
    for picture in _pictures(source):
        parts[picture.body_part or body_part or ""].append(picture)
    wanted = [part for part in sorted(parts) if body_part in (None, part) and _shown_by(part)]
    if not wanted:
        raise BonefracError(
            f"{source} has pictures of {', '.join(sorted(parts)) or 'nothing'}",
            expected=f"body parts that phantoms show: {', '.join(BODY_PARTS)}",
            fix="Give another folder or another --body-part",
        )
    rng = np.random.default_rng(seed)
    found: list[Pair] = []
    for part in wanted:
        real = list(_sample(rng, parts[part], count))
        drawn = [
            draw(
                seed=seed,
                index=len(found) * count + k,
                body_part=str(rng.choice(_shown_by(part))),
                difficulty=difficulty,
            )
            for k in range(len(real))
        ]
        phantoms = [(f"{p.body_part}, {p.fracture}", p.image) for p in drawn]
        found.append(Pair(part, real, phantoms))
    return found


def _shown_by(body_part: str) -> tuple[str, ...]:
    return _SHOWN_BY.get(body_part, (body_part,) if body_part in BODY_PARTS else ())


def _sample(
    rng: np.random.Generator, pictures: list[_Picture], count: int
) -> Iterator[tuple[str, np.ndarray]]:
    """`count` pictures that can be read, or as many as there are."""
    for k in rng.permutation(len(pictures)):
        if count == 0:
            return
        try:
            image = pictures[k].load()
        except BonefracError:
            continue  # cut short; the audit is where such files are told
        count -= 1
        yield pictures[k].name, image


def _pictures(source: Path) -> list[_Picture]:
    if (source / schema.MANIFEST_FILE).is_file():
        return _examples(source)
    if (name := recognise(source)) != "folder":  # its annotations are not needed here
        entries = catalogue_of(source, name).entries
        return [_Picture(e.id, e.body_part, _reader(e.path)) for e in entries]
    files = sorted(p for p in source.rglob("*") if p.suffix.lower() in SUFFIXES)
    return [_Picture(path.stem, "", _reader(path)) for path in files]


def _reader(path: Path) -> Any:
    return lambda: np.rint(read(path).pixels).astype(np.uint8)


def _examples(source: Path) -> list[_Picture]:
    data = open_data(source)
    split = "+".join(data.counts)
    found = []
    for e in data.builder.as_dataset(split=split).as_numpy_iterator():
        image = e[schema.IMAGE][..., 0]
        part = e[schema.BODY_PART].decode()
        found.append(_Picture(e[schema.ID].decode(), part, lambda image=image: image))
    return found


def histogram(images: list[np.ndarray]) -> np.ndarray:
    """Share of pixels in each of 64 bins of grey, averaged over pictures, float64 [64]."""
    counts = [np.histogram(image, bins=64, range=(0, 256))[0] / image.size for image in images]
    return np.mean(counts, axis=0)


def spectrum(images: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Spatial frequency (cycles a pixel of 256) and radial power, averaged over pictures.

    The pictures are scaled to a longer side of 256 and set to zero mean under a Hann window, so
    that their borders do not count.
    """
    edges = np.linspace(2 / _SIDE, 0.5, 50)
    powers = []
    for image in images:
        scale = _SIDE / max(image.shape)
        small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        small = small.astype(np.float64) - small.mean()
        window = np.outer(*(np.hanning(n) for n in small.shape))
        power = np.abs(np.fft.rfft2(small * window)) ** 2 / window.sum() ** 2
        f = np.hypot(np.fft.fftfreq(small.shape[0])[:, None], np.fft.rfftfreq(small.shape[1]))
        ring = np.digitize(f.ravel(), edges)
        total = np.bincount(ring, power.ravel(), len(edges) + 1)[1:-1]
        powers.append(total / np.maximum(np.bincount(ring, minlength=len(edges) + 1)[1:-1], 1))
    return 0.5 * (edges[1:] + edges[:-1]), np.exp(np.mean(np.log(np.array(powers) + 1e-9), axis=0))


def differences(pair: Pair) -> dict[str, float]:
    """Numbers that tell the two apart: 1 and equal exponents would be the same statistics.

    Returns:
        `overlap` of the grey histograms (0..1), mean grey of both, and both exponents of the
        power spectrum's fall between 0.03 and 0.3 cycles a pixel.
    """
    real, drawn = ([image for _, image in side] for side in (pair.real, pair.phantoms))
    return {
        "grey_overlap": float(np.minimum(histogram(real), histogram(drawn)).sum()),
        "grey_real": float(np.mean([i.mean() for i in real])),
        "grey_phantom": float(np.mean([i.mean() for i in drawn])),
        "exponent_real": _exponent(real),
        "exponent_phantom": _exponent(drawn),
    }


def _exponent(images: list[np.ndarray]) -> float:
    f, power = spectrum(images)
    middle = (f > 0.03) & (f < 0.3)
    return float(np.polyfit(np.log(f[middle]), np.log(power[middle]), 1)[0])


def write_sheet(found: list[Pair], path: Path) -> None:
    """Draw real radiographs on the left, phantoms on the right, and their statistics beneath."""
    from matplotlib.figure import Figure

    columns = max(len(pair.real) for pair in found)
    figure = Figure(figsize=(2.2 * 2 * columns, 2.7 * len(found) + 3.2), layout="constrained")
    halves: Any = figure.subfigures(2, 1, height_ratios=(2.7 * len(found), 3.2))
    pictures, plots = halves
    axes = pictures.subplots(len(found), 2 * columns, squeeze=False)
    for row, pair in zip(axes, found, strict=True):
        for axis in row:
            axis.set_axis_off()
        for first, kind, side in ((0, "real", pair.real), (columns, "phantom", pair.phantoms)):
            for axis, (name, image) in zip(row[first:], side, strict=False):
                axis.imshow(image, cmap="gray", vmin=0, vmax=255)
                axis.set_title(f"{kind} {pair.body_part}\n{name}", fontsize=7)
    _draw_statistics(plots, found)
    figure.savefig(path, dpi=130)


def _draw_statistics(figure: Any, found: list[Pair]) -> None:
    axes: Any = figure.subplots(1, 2)
    greys, spectra = axes
    for k, pair in enumerate(found):
        for style, kind, side in (("-", "real", pair.real), ("--", "phantom", pair.phantoms)):
            images = [image for _, image in side]
            label = f"{kind} {pair.body_part}"
            greys.plot(
                np.arange(2, 256, 4), 100 * histogram(images), style, color=f"C{k}", label=label
            )
            spectra.loglog(*spectrum(images), style, color=f"C{k}", label=label)
    greys.set(xlabel="grey level", ylabel="% of pixels", yscale="log", ylim=(0.02, None))
    spectra.set(xlabel="cycles a pixel, at 256 pixels", ylabel="power")
    for axis in (greys, spectra):
        axis.legend(fontsize=7)
