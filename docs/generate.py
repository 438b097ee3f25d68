"""Write the generated pages and, after `make demo`, the README's picture; `make docs` runs it."""

import argparse
import sys
from pathlib import Path

import click
import cv2
import numpy as np

from bonefrac.cli.main import main as bonefrac
from bonefrac.models.presets import PRESETS

REFERENCE = Path(__file__).parent / "reference"
PICTURE = Path(__file__).parent / "images" / "demo.png"
DEMO = Path(__file__).parent.parent / "demo"
_NOTE = "<!-- Written by `make docs`; a test compares it with the program. -->\n\n"


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
        f"| `{name}` | {preset.params:,} | {preset.reference} | {preset.summary} |\n"
        for name, preset in PRESETS.items()
    ]
    return (
        "# Presets\n\n"
        + _NOTE
        + "Trainable parameters with both heads; a test builds each preset and counts.\n\n"
        + "| Preset | Parameters | Reference | For |\n|---|---:|---|---|\n"
        + "".join(rows)
    )


PAGES = {"cli.md": cli_page, "presets.md": presets_page}


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
    if not check and DEMO.is_dir():
        write_picture()
    if stale:
        sys.exit(f"Out of date: {', '.join(stale)}. Run make docs.")


def write_picture() -> None:
    """The demo's first two held-out phantoms, each beside its overlay."""
    pairs = []
    for overlay in sorted((DEMO / "out").glob("*.overlay.png"))[:2]:
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
