"""Predict with a .tflite of bonefrac-export: LiteRT, NumPy and Pillow, nothing else."""

import json
import sys
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from PIL import Image, ImageOps
from reference import card, finding, letterbox


def main(model: str, picture: str) -> None:
    """Read a model and a picture, print the finding."""
    content = Path(model).read_bytes()
    thresholds = card(content)["thresholds"]
    runner = Interpreter(model_content=content).get_signature_runner("serve_tensor")
    size = runner.get_input_details()["image"]["shape"][1]
    with Image.open(picture) as image:
        pixels = np.asarray(ImageOps.exif_transpose(image).convert("L"), np.float32)
    answer = runner(image=letterbox(pixels, size)[None, ..., None])
    probability = float(answer["fracture_probability"][0, 0])
    mask = answer["mask_probability"][0, ..., 0]
    print(json.dumps(finding(mask, probability, *pixels.shape, thresholds)))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: predict.py MODEL.tflite XRAY.png")
    try:
        main(*sys.argv[1:])
    except (OSError, ValueError) as error:  # Pillow's are OSErrors
        sys.exit(f"error: {error}")
