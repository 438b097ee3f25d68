"""The whole chain on phantoms, from drawing to prediction; `make demo` runs it."""

import argparse
import json
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np

from bonefrac.data.phantom import Phantom, draw
from bonefrac.evaluation.scores import dice

RECIPE = Path(__file__).parent.parent / "recipes" / "unet_tiny_phantom.toml"
# A seed that no training sees: the data set is drawn with seed 0.
HELD_OUT_SEED = 1
COUNT, DIFFICULTY = 480, "easy"
HELD_OUT = ("displaced", "angulated", "hairline", "none", "displaced", "none")


def main() -> None:
    """Run every command a user would type, and print where the pictures are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("demo"))
    output = parser.parse_args().output
    shutil.rmtree(output, ignore_errors=True)
    started = time.perf_counter()
    data, run = output / "phantoms", output / "run"
    drawn = ("--count", COUNT, "--seed", 0, "--difficulty", DIFFICULTY)
    call("bonefrac-data", "build", "phantom", *drawn, "--jobs", 2, "--out", data)
    call("bonefrac-train", "--data", data, "--recipe", RECIPE, "--workdir", run)
    call("bonefrac-export", run, "--savedmodel", "--tflite")
    exports = run / "export"
    phantoms = write_held_out(output / "held-out")
    files = [output / "held-out" / f"{stem}.png" for stem in phantoms]
    tflite = next(exports.glob("*.tflite"))
    told = call("bonefrac-predict", *files, "--model", tflite, "--output", output / "out", "--json")
    findings = [json.loads(line) for line in told.splitlines()]
    print("\nHeld-out phantoms, with the Dice of the mask against the exact one:")
    scores = [score(phantoms[Path(finding["image"]).stem], finding) for finding in findings]
    for finding, dice_score in zip(findings, scores, strict=True):
        print(f"  {finding['overlay_path']}  {finding['verdict']}, Dice {dice_score:.2f}")
    broken = [k for k, kind in enumerate(HELD_OUT) if kind != "none"]
    best = max(broken, key=lambda k: scores[k])
    overlay = findings[best]["overlay_path"]
    print(f"\nOverlay:    {overlay} (Dice {scores[best]:.2f}, the best of these)")
    print(f"Curves:     {run / 'curves.png'}")
    print(f"SavedModel: {next(exports.glob('*/1'))}")
    print(f"TFLite:     {tflite}")
    print(f"{time.perf_counter() - started:.0f} s")


def call(*command: object) -> str:
    """Run one of our commands, shown as a user would type it; give its stdout."""
    words = [str(word) for word in command]
    print(f"\n$ {shlex.join(words)}", flush=True)
    program = Path(sys.executable).parent / words[0]
    done = subprocess.run([program, *words[1:]], stdout=subprocess.PIPE, text=True, check=True)
    print(done.stdout, end="", flush=True)
    return done.stdout


def write_held_out(folder: Path) -> dict[str, Phantom]:
    """Draw radiographs that are in no data set, one PNG each."""
    folder.mkdir(parents=True)
    phantoms = {}
    for index, kind in enumerate(HELD_OUT):
        phantom = draw(seed=HELD_OUT_SEED, index=index, fracture=kind, difficulty=DIFFICULTY)
        stem = f"{index}-{phantom.body_part.replace(' ', '-')}-{phantom.fracture}"
        cv2.imwrite(str(folder / f"{stem}.png"), phantom.image)
        phantoms[stem] = phantom
    return phantoms


def score(phantom: Phantom, finding: dict) -> float:
    """Dice of a written mask; 1 where nothing is broken and nothing was outlined."""
    mask = cv2.imread(finding["mask_path"], cv2.IMREAD_GRAYSCALE) > 0
    true = phantom.mask > 0
    return float(dice(*(np.array(int(m.sum())) for m in (mask & true, mask, true))))


if __name__ == "__main__":
    main()
