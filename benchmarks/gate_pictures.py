"""Pictures that are no radiographs of limbs, by kind and source, for `gate.py`."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import matplotlib.style
import numpy as np
import skimage.data
from matplotlib.figure import Figure
from PIL import Image, ImageDraw, ImageFont

WORDS = ("fracture", "no", "patient", "seen", "right", "report", "date", "acute", "joint", "bone")
STYLES = ("default", "ggplot", "dark_background", "grayscale")
_PHOTOGRAPHS = ("astronaut", "camera", "chelsea", "coffee", "rocket", "motorcycle_left")
_MORE_PHOTOGRAPHS = (
    "coins",
    "grass",
    "gravel",
    "brick",
    "clock_motion",
    "moon",
    "hubble_deep_field",
)
_MICROSCOPY = ("cell", "ihc", "retina", "microaneurysms")


@dataclass(frozen=True)
class Picture:
    """What a picture shows, where it comes from, and its grays [H, W] in 0..255."""

    kind: str
    source: str
    pixels: np.ndarray


def pictures(folder: Path | None) -> Iterator[Picture]:
    """Everything that can be drawn, that installed packages ship, and that a folder holds."""
    yield from _packaged()
    for draw in (_texts, _plots, _noises, _plain, _shapes):
        yield from draw(np.random.default_rng(0))
    for path in sorted(folder.glob("*/*/*.png")) if folder else ():
        yield Picture(path.parts[-3], path.parts[-2], _gray(Image.open(path)))


def _packaged() -> Iterator[Picture]:
    root = Path(skimage.data.__file__).parent
    groups = {
        "photograph": _PHOTOGRAPHS + _MORE_PHOTOGRAPHS,
        "microscopy and retina": _MICROSCOPY,
        "text": ("page", "text"),
    }
    for kind, names in groups.items():
        for name in names:
            (path,) = [p for p in root.glob(f"{name}.*") if p.suffix in (".png", ".jpg")]
            yield Picture(kind, "scikit-image", _gray(Image.open(path)))
    import sklearn.datasets

    for path in sorted((Path(sklearn.datasets.__file__).parent / "images").glob("*.jpg")):
        yield Picture("photograph", "scikit-learn", _gray(Image.open(path)))


def _texts(rng: np.random.Generator) -> Iterator[Picture]:
    fonts = Path(mpl.get_data_path()) / "fonts" / "ttf"
    families = {"DejaVu": ("DejaVuSans", "DejaVuSerif", "DejaVuSansMono"),
                "other fonts": ("STIXGeneral", "cmr10", "cmtt10")}  # fmt: skip
    for family, names in families.items():
        for k in range(60):
            font = ImageFont.truetype(fonts / f"{names[k % 3]}.ttf", int(rng.integers(9, 40)))
            size = tuple(int(n) for n in rng.integers(300, 900, 2))
            ink, paper = (20, 240) if rng.random() < 0.7 else (230, 15)
            image = Image.new("L", size, paper)
            _write(ImageDraw.Draw(image), font, size, ink, rng)
            yield Picture("text", family, np.asarray(image, np.float32))


def _write(pencil, font, size, ink, rng) -> None:
    margin = int(rng.integers(5, 60))
    top = margin
    while top < size[1] * rng.uniform(0.4, 1) - margin:
        line = " ".join(rng.choice(WORDS, int(rng.integers(3, 14))))
        pencil.text((margin, top), line, fill=ink, font=font)
        top += int(font.size * rng.uniform(1.2, 2))


def _plots(rng: np.random.Generator) -> Iterator[Picture]:
    for style in STYLES:
        with mpl.style.context(style):
            for k in range(15):
                figure = Figure(figsize=(rng.uniform(3, 7), rng.uniform(3, 6)), dpi=80)
                _plot(figure.add_subplot(), k % 5, rng)
                buffer = io.BytesIO()
                figure.savefig(buffer, format="png")
                yield Picture("chart", f"matplotlib {style}", _gray(Image.open(buffer)))


def _plot(axes, form: int, rng: np.random.Generator) -> None:
    values = rng.normal(size=(2, 60)).cumsum(axis=1)
    if form == 0:
        axes.plot(values.T)
    elif form == 1:
        axes.bar(np.arange(9), rng.random(9))
    elif form == 2:
        axes.scatter(*values)
    elif form == 3:
        axes.hist(rng.normal(size=500), bins=30)
    else:
        axes.imshow(rng.random((12, 16)))
    axes.set_title("A chart")


def _noises(rng: np.random.Generator) -> Iterator[Picture]:
    for k in range(120):
        size = tuple(int(n) for n in rng.integers(128, 700, 2))
        if k % 3 == 0:
            yield Picture("noise", "white", _spread(rng.normal(size=size), rng))
        elif k % 3 == 1:
            yield Picture("noise", "uniform", rng.uniform(0, 255, size).astype(np.float32))
        else:
            yield Picture(
                "noise", "clouds", _spread(_clouds(size, rng.uniform(0.5, 2.5), rng), rng)
            )


def _clouds(size, fall, rng) -> np.ndarray:
    y, x = (np.fft.fftfreq(n)[:, None] if i == 0 else np.fft.fftfreq(n) for i, n in enumerate(size))
    radius = np.hypot(y, x)
    radius[0, 0] = np.inf
    return np.fft.ifft2(np.fft.fft2(rng.normal(size=size)) / radius**fall).real


def _spread(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    grays = (values - values.mean()) / values.std() * rng.uniform(10, 60) + rng.uniform(60, 190)
    return np.clip(grays, 0, 255).astype(np.float32)


def _plain(rng: np.random.Generator) -> Iterator[Picture]:
    for k in range(60):
        height, width = (int(n) for n in rng.integers(64, 800, 2))
        flat = np.full((height, width), rng.uniform(0, 255))
        if k % 2:
            yield Picture("blank", "flat", np.clip(flat, 0, 255).astype(np.float32))
        else:
            ramp = np.add.outer(np.linspace(0, rng.uniform(-99, 99), height),
                                np.linspace(0, rng.uniform(-99, 99), width))  # fmt: skip
            noise = rng.normal(0, rng.uniform(0, 4), flat.shape)
            yield Picture("blank", "ramp", np.clip(flat + ramp + noise, 0, 255).astype(np.float32))


def _shapes(rng: np.random.Generator) -> Iterator[Picture]:
    for k in range(60):
        size = tuple(int(n) for n in rng.integers(128, 600, 2))
        image = Image.new("L", size, int(rng.integers(0, 256)))
        pencil = ImageDraw.Draw(image)
        for _ in range(int(rng.integers(1, 12))):
            corners = [tuple(int(n) for n in rng.integers(0, size)) for _ in range(2)]
            box = [min(p) for p in zip(*corners, strict=True)]
            box += [max(p) + 1 for p in zip(*corners, strict=True)]
            draw = pencil.ellipse if k % 2 else pencil.rectangle
            draw(box, fill=int(rng.integers(0, 256)))
        yield Picture("drawing", ("boxes", "ellipses")[k % 2], np.asarray(image, np.float32))


def _gray(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("RGB").convert("L"), np.float32)
