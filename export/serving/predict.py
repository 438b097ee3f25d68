"""Predict with a SavedModel of bonefrac-export: TensorFlow, nothing else."""

import json
import sys
from pathlib import Path

import tensorflow as tf


def main(folder: Path, picture: Path) -> None:
    """Read one version of a model and a PNG or JPEG, print the finding."""
    card = json.loads((folder / "assets.extra" / "card.json").read_text())
    thresholds = card["thresholds"]
    serve = tf.saved_model.load(str(folder)).signatures["serving_default"]
    answer = serve(image_bytes=tf.constant([picture.read_bytes()]))
    probability = float(answer["fracture_probability"][0, 0])
    verdict = "fracture" if probability >= thresholds["sure"] else "doubt"
    verdict = verdict if probability >= thresholds["doubt"] else "no fracture"
    height, width = tf.io.decode_image(picture.read_bytes(), channels=1).shape[:2]
    outlined = to_picture(answer["mask_probability"], height, width) >= thresholds["mask"]
    print(json.dumps({"probability": probability, "verdict": verdict, "box": box(outlined)}))


def to_picture(square: tf.Tensor, height: int, width: int) -> tf.Tensor:
    """Mask probabilities [1, S, S, 1] of the letterboxed square -> [height, width]."""
    size, longest = square.shape[1], max(height, width)
    h, w = (max(1, (2 * n * size + longest) // (2 * longest)) for n in (height, width))
    top, left = (size - h) // 2, (size - w) // 2
    inner = square[:, top : top + h, left : left + w]
    return tf.image.resize(inner, (height, width), "bilinear", antialias=True)[0, ..., 0]


def box(outlined: tf.Tensor) -> dict | None:
    """The rectangle around all that is outlined."""
    points = tf.where(outlined).numpy()
    if not len(points):
        return None
    (y, x), (bottom, right) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    return {"x": x, "y": y, "width": right + 1 - x, "height": bottom + 1 - y}


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: predict.py VERSION_FOLDER XRAY.png")
    try:
        main(*(Path(word) for word in sys.argv[1:]))
    except (OSError, ValueError, tf.errors.OpError) as error:
        sys.exit(f"error: {str(error).splitlines()[0]}")
