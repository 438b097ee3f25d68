"""Ask TensorFlow Serving about radiographs: its REST interface, the standard library alone."""

import argparse
import base64
import json
import sys
import urllib.error
import urllib.request
from pathlib import Path

TIMEOUT = 60  # seconds


def main() -> None:
    """Send PNG or JPEG files, print a line of JSON for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures", nargs="+", type=Path, metavar="XRAY")
    parser.add_argument("--url", default="http://localhost:8501/v1/models/bonefrac")
    parser.add_argument("--card", type=Path, required=True, help="assets.extra/card.json")
    arguments = parser.parse_args()
    thresholds = json.loads(arguments.card.read_text(encoding="utf-8"))["thresholds"]
    answers = predict(arguments.url, [path.read_bytes() for path in arguments.pictures])
    for path, answer in zip(arguments.pictures, answers, strict=True):
        (probability,) = answer["fracture_probability"]
        told = {"image": str(path), "probability": probability}
        print(json.dumps({**told, "verdict": verdict(probability, thresholds)}))


def predict(url: str, pictures: list[bytes]) -> list[dict]:
    """For each picture `mask_probability` [S][S][1] and `fracture_probability` [1]."""
    instances = [{"b64": base64.b64encode(picture).decode()} for picture in pictures]
    body = json.dumps({"instances": instances}).encode()
    request = urllib.request.Request(f"{url}:predict", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
        return json.load(response)["predictions"]


def verdict(probability: float, thresholds: dict) -> str:
    """One of "fracture", "doubt" and "no fracture"."""
    if probability >= thresholds["sure"]:
        return "fracture"
    return "doubt" if probability >= thresholds["doubt"] else "no fracture"


if __name__ == "__main__":
    try:
        main()
    except urllib.error.HTTPError as error:
        sys.exit(f"error: the server answered {error.code}: {error.read(300).decode()}")
    except (OSError, ValueError, KeyError) as error:
        sys.exit(f"error: {error}")
