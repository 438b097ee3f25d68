"""Before and after the network: what an app must do around a `.tflite`, in NumPy alone.

picture [H, W], gray 0..255 -> letterbox -> network -> finding: to_picture, verdict, lesions
"""

import functools
import json
import math
import struct

import numpy as np

SPECK_SHARE, SPECK_PIXELS = 2e-5, 4  # smaller lesions are noise
SCORE_SHARE = 0.1  # a lesion's score is the mean of its highest tenth


def card(content: bytes) -> dict:
    """The model card, which is the metadata `bonefrac_card` of the file."""
    from ai_edge_litert import schema_py_generated as flat

    try:
        if content[4:8] != b"TFL3":
            raise ValueError
        model = flat.Model.GetRootAs(content, 0)
        entries = [model.Metadata(k) for k in range(model.MetadataLength())]
        cards = [entry for entry in entries if entry.Name() == b"bonefrac_card"]
        texts = [model.Buffers(entry.Buffer()).DataAsNumpy().tobytes() for entry in cards]
    except (ValueError, struct.error):
        raise ValueError("This is no .tflite file, or it is cut short.") from None
    if not texts:
        raise ValueError("This .tflite has no bonefrac card. Use bonefrac-export.")
    return json.loads(texts[0])


def inner(height: int, width: int, size: int) -> tuple[int, int, int, int]:
    """Top, left, height and width of the scaled picture in the square: integers, halves up."""
    longest = max(height, width)
    h, w = (max(1, (2 * n * size + longest) // (2 * longest)) for n in (height, width))
    return (size - h) // 2, (size - w) // 2, h, w


def letterbox(pixels: np.ndarray, size: int) -> np.ndarray:
    """[H, W] -> [S, S]: the longer side fills the square, the rest is black."""
    top, left, h, w = inner(*pixels.shape, size)
    square = np.zeros((size, size), np.float32)
    square[top : top + h, left : left + w] = resize(pixels, h, w)
    return square


def to_picture(square: np.ndarray, height: int, width: int) -> np.ndarray:
    """Mask probabilities [S, S] of the square -> [height, width] of the picture."""
    top, left, h, w = inner(height, width, square.shape[0])
    return resize(square[top : top + h, left : left + w], height, width)


def resize(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Bilinear; the kernel is as wide as a source pixel needs when shrinking."""
    return weights(image.shape[0], height) @ image @ weights(image.shape[1], width).T


@functools.lru_cache(maxsize=16)  # the frames of a camera are of one size
def weights(source: int, target: int) -> np.ndarray:
    """[target, source]: how much each source pixel counts for each target pixel."""
    scale = source / target
    centres = (np.arange(target) + 0.5) * scale
    kernel = 1 - np.abs(np.arange(source) + 0.5 - centres[:, None]) / max(scale, 1.0)
    kernel = np.maximum(0.0, kernel)
    return (kernel / kernel.sum(axis=1, keepdims=True)).astype(np.float32)


def finding(
    square: np.ndarray, probability: float, height: int, width: int, thresholds: dict
) -> dict:
    """A network's answer [S, S] and probability -> what it says of a picture [height, width]."""
    told = verdict(probability, thresholds)
    # A picture that says "no fracture" must not carry an outline.
    boxes = []
    if told != "no fracture":
        boxes = lesions(to_picture(square, height, width), thresholds["mask"])
    return {"probability": probability, "verdict": told, "boxes": boxes}


def verdict(probability: float, thresholds: dict) -> str:
    """One of "fracture", "doubt" and "no fracture"."""
    if probability >= thresholds["sure"]:
        return "fracture"
    return "doubt" if probability >= thresholds["doubt"] else "no fracture"


def lesions(probability: np.ndarray, threshold: float) -> list[dict]:
    """Boxes around the 8-connected parts of a mask [H, W], highest score first."""
    found = []
    for rows, columns in parts(probability >= threshold):
        if len(rows) < max(SPECK_PIXELS, SPECK_SHARE * probability.size):
            continue
        highest = np.sort(probability[rows, columns])[-math.ceil(SCORE_SHARE * len(rows)) :]
        x, y = int(columns.min()), int(rows.min())
        size = {"width": int(columns.max()) + 1 - x, "height": int(rows.max()) + 1 - y}
        score = float(np.clip(highest.mean(dtype=np.float64), 0, 1))
        found.append({"x": x, "y": y, **size, "score": score, "area": len(rows)})
    return sorted(found, key=lambda box: (-box["score"], box["y"], box["x"]))


def parts(mask: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Rows and columns of each 8-connected part: runs of a row joined to those of the row above."""
    edges = np.diff(np.pad(mask.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    starts, ends = np.argwhere(edges == 1), np.argwhere(edges == -1)
    runs = [(int(y), int(a), int(b)) for (y, a), (_, b) in zip(starts, ends, strict=True)]
    root, above = list(range(len(runs))), {}

    def find(k: int) -> int:
        while root[k] != k:
            root[k] = k = root[root[k]]
        return k

    for k, (y, a, b) in enumerate(runs):
        above.setdefault(y, []).append(k)
        for other in above.get(y - 1, []):
            if runs[other][1] <= b and a <= runs[other][2]:
                root[find(k)] = find(other)
    joined: dict[int, list[tuple[int, int, int]]] = {}
    for k, run in enumerate(runs):
        joined.setdefault(find(k), []).append(run)
    return [
        (
            np.concatenate([np.full(b - a, y) for y, a, b in each]),
            np.concatenate([np.arange(a, b) for _, a, b in each]),
        )
        for each in joined.values()
    ]
