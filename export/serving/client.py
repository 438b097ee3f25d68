"""Ask TensorFlow Serving about radiographs over REST, a line of JSON for each.

The standard library alone asks and tells the verdict; boxes need NumPy and Pillow.
"""

import argparse
import base64
import contextlib
import http.client
import io
import json
import sys
import urllib.error
import urllib.request
from pathlib import Path

TIMEOUT = 60  # seconds


def main() -> None:
    """Send PNG or JPEG files one by one, print what the server finds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures", nargs="+", type=Path, metavar="XRAY")
    parser.add_argument("--url", default="http://localhost:8501/v1/models/bonefrac")
    parser.add_argument("--card", type=Path, required=True, help="assets.extra/card.json")
    parser.add_argument("--no-boxes", action="store_true", help="needs no NumPy and Pillow")
    arguments = parser.parse_args()
    thresholds = json.loads(arguments.card.read_text(encoding="utf-8"))["thresholds"]
    find = verdict_alone if arguments.no_boxes else with_boxes
    for path in arguments.pictures:
        content = path.read_bytes()
        (answer,) = predict(arguments.url, [content])
        print(json.dumps({"image": str(path), **find(answer, content, thresholds)}), flush=True)


def predict(url: str, pictures: list[bytes]) -> list[dict]:
    """For each picture `mask_probability` [S][S][1] and `fracture_probability` [1]."""
    instances = [{"b64": base64.b64encode(picture).decode()} for picture in pictures]
    body = json.dumps({"instances": instances}).encode()
    request = urllib.request.Request(f"{url}:predict", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
        return json.load(response)["predictions"]


def with_boxes(answer: dict, content: bytes, thresholds: dict) -> dict:
    """Probability, verdict and boxes in pixels of the picture as it is stored."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "mobile"))
    import numpy as np
    from PIL import Image
    from reference import finding

    # The server does not turn a picture by its EXIF orientation, so neither do the boxes.
    with Image.open(io.BytesIO(content)) as image:
        width, height = image.size
    square = np.array(answer["mask_probability"], np.float32)[..., 0]
    return finding(square, answer["fracture_probability"][0], height, width, thresholds)


def verdict_alone(answer: dict, _: bytes, thresholds: dict) -> dict:
    """Probability, and "fracture", "doubt" or "no fracture"."""
    (probability,) = answer["fracture_probability"]
    told = "doubt" if probability >= thresholds["doubt"] else "no fracture"
    told = "fracture" if probability >= thresholds["sure"] else told
    return {"probability": probability, "verdict": told}


def reason(answered: urllib.error.HTTPError) -> str:
    """The server's own words, in a line."""
    text = answered.read(2000).decode(errors="replace")
    with contextlib.suppress(ValueError, KeyError, TypeError):  # a proxy's page is none of these
        text = json.loads(text)["error"]
    return " ".join(str(text).split())[:300]


if __name__ == "__main__":
    try:
        main()
    except urllib.error.HTTPError as error:
        sys.exit(f"error: the server answered {error.code}: {reason(error)}")
    except ModuleNotFoundError as error:
        sys.exit(f"error: {error}: pip install numpy pillow, or add --no-boxes")
    except (KeyError, TypeError) as error:
        sys.exit(f"error: neither a card nor an answer has {error}: check --card and --url")
    except (OSError, ValueError, http.client.HTTPException) as error:
        sys.exit(f"error: {error}")
