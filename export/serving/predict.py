"""Predict with a SavedModel of bonefrac-export: TensorFlow, nothing else."""

import json
import sys
from pathlib import Path

import tensorflow as tf

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "mobile"))
from reference import finding  # NumPy alone


def main(folder: Path, picture: Path) -> None:
    """Read one version of a model and a PNG or JPEG, print the finding."""
    card = json.loads((folder / "assets.extra" / "card.json").read_text(encoding="utf-8"))
    serve = tf.saved_model.load(str(folder)).signatures["serving_default"]
    content = picture.read_bytes()
    answer = serve(image_bytes=tf.constant([content]))
    probability = float(answer["fracture_probability"][0, 0])
    mask = answer["mask_probability"][0, ..., 0].numpy()
    height, width = tf.io.decode_image(content, channels=1, expand_animations=False).shape[:2]
    print(json.dumps(finding(mask, probability, height, width, card["thresholds"])))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: predict.py VERSION_FOLDER XRAY.png")
    try:
        main(*(Path(word) for word in sys.argv[1:]))
    except (OSError, ValueError, tf.errors.OpError) as error:
        sys.exit(f"error: {str(error).splitlines()[0]}")
