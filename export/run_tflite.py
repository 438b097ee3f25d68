"""Predict with a .tflite of bonefrac-export: LiteRT, NumPy and Pillow, nothing else."""

import json
import sys
from pathlib import Path

import numpy as np
from ai_edge_litert import schema_py_generated as flat
from ai_edge_litert.interpreter import Interpreter
from PIL import Image, ImageOps


def main() -> None:
    """Read a model and a picture, print the finding."""
    model, picture = sys.argv[1:]
    content = Path(model).read_bytes()
    thresholds = card(content)["thresholds"]
    runner = Interpreter(model_content=content).get_signature_runner("serve_tensor")
    size = runner.get_input_details()["image"]["shape"][1]
    with Image.open(picture) as image:
        pixels = np.asarray(ImageOps.exif_transpose(image).convert("L"), np.float32)
    square, (top, left, height, width) = letterbox(pixels, size)
    answer = runner(image=square[None, ..., None])
    mask = answer["mask_probability"][0, top : top + height, left : left + width, 0]
    outlined = resize(mask, *pixels.shape) >= thresholds["mask"]
    probability = float(answer["fracture_probability"][0, 0])
    verdict = "fracture" if probability >= thresholds["sure"] else "doubt"
    verdict = verdict if probability >= thresholds["doubt"] else "no fracture"
    print(json.dumps({"probability": probability, "verdict": verdict, "box": box(outlined)}))


def card(content: bytes) -> dict:
    """The model card in the file's metadata."""
    model = flat.Model.GetRootAs(content, 0)
    for entry in (model.Metadata(k) for k in range(model.MetadataLength())):
        if entry.Name() == b"bonefrac_card":
            return json.loads(model.Buffers(entry.Buffer()).DataAsNumpy().tobytes())
    sys.exit("no bonefrac_card metadata in this file")


def letterbox(pixels: np.ndarray, size: int) -> tuple[np.ndarray, tuple[int, int, int, int]]:
    """[H, W] -> a square with the picture centred on black, and where it lies in it."""
    longest = max(pixels.shape)
    height, width = (max(1, (2 * n * size + longest) // (2 * longest)) for n in pixels.shape)
    top, left = (size - height) // 2, (size - width) // 2
    square = np.zeros((size, size), np.float32)
    square[top : top + height, left : left + width] = resize(pixels, height, width)
    return square, (top, left, height, width)


def resize(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Bilinear, the kernel widened to the source pixel when shrinking."""
    return weights(image.shape[0], height) @ image @ weights(image.shape[1], width).T


def weights(source: int, target: int) -> np.ndarray:
    """[target, source]: how much each source pixel counts for each target pixel."""
    scale = source / target
    centres = (np.arange(target) + 0.5) * scale
    distance = np.abs(np.arange(source) + 0.5 - centres[:, None])
    kernel = np.maximum(0.0, 1.0 - distance / max(scale, 1.0))
    return (kernel / kernel.sum(axis=1, keepdims=True)).astype(np.float32)


def box(outlined: np.ndarray) -> dict | None:
    """The rectangle around all that is outlined."""
    rows, columns = np.flatnonzero(outlined.any(axis=1)), np.flatnonzero(outlined.any(axis=0))
    if not len(rows):
        return None
    x, y = int(columns[0]), int(rows[0])
    return {"x": x, "y": y, "width": int(columns[-1]) + 1 - x, "height": int(rows[-1]) + 1 - y}


if __name__ == "__main__":
    main()
