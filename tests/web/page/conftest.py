"""What the tests of the page share: a server with two models, a browser, files to drop."""

import io
import os
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bonefrac.data.phantom import draw
from bonefrac.inference.shipped import answering
from tests.radiograph.dicom_files import dataset, encoded
from tests.web.page.browsing import MODEL, OTHER, server, watched

CHROMIUM = Path(os.environ.get("BONEFRAC_CHROMIUM", "/usr/bin/chromium"))


@pytest.fixture(scope="session")
def other_model(tmp_path_factory):
    """A second model: a shipped one that calls nothing sure."""
    content = answering(Path(MODEL)).read_bytes()
    for old, new in (
        (f'(?<="name": "){re.escape(MODEL)}(?=")'.encode(), OTHER.encode()),
        (rb'(?<="sure": 0\.)\d', b"9"),
    ):
        assert [len(found) for found in re.findall(old, content)] == [len(new)]
        content = re.sub(old, new, content)
    path = tmp_path_factory.mktemp("model") / "other.tflite"
    path.write_bytes(content)
    return path


@pytest.fixture(scope="session")
def address(other_model):
    """A server with two models and no limit on how often it is asked."""
    with server("--model", MODEL, "--model", str(other_model), "--rate", "0") as url:
        yield url


@pytest.fixture(scope="session")
def browser():
    """Chromium without a window."""
    if not CHROMIUM.exists():
        pytest.skip(f"no browser: {CHROMIUM} is absent and BONEFRAC_CHROMIUM not set")
    playwright = pytest.importorskip("playwright.sync_api").sync_playwright().start()
    chromium = playwright.chromium.launch(executable_path=str(CHROMIUM))
    yield chromium
    chromium.close()
    playwright.stop()


@pytest.fixture
def desk(browser, address):
    """The page at 1280 pixels, without a radiograph; anything that strays fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme="dark")
    desk = watched(context, address).open()
    yield desk
    context.close()
    assert desk.strays == []


@pytest.fixture(scope="session")
def pictures():
    """Phantoms by the verdict of the shipped model, as files: name -> (file name, bytes)."""
    fracture, doubt, none = (draw(seed=5, index=k).image for k in (0, 17, 18))
    return {
        "dicom": ("IM0001", _dicom(fracture)),
        "fracture": ("forearm.png", _coded(fracture, "PNG")),
        "doubt": ("wrist.jpg", _coded(doubt, "JPEG")),
        "none": ("leg.png", _coded(none, "PNG")),
        "colour": ("holiday.png", _coded(_colourful(), "PNG")),
        "broken": ("notes.txt", b"not a picture"),
    }


def _dicom(image):
    stored = image.astype(np.uint16) * 16
    spacing = {"PixelSpacing": [0.4, 0.4], "PixelSpacingCalibrationType": "FIDUCIAL"}
    return encoded(dataset(stored, **spacing, WindowCenter=2048, WindowWidth=4096))


def _coded(image, kind):
    stream = io.BytesIO()
    Image.fromarray(np.rint(image).astype(np.uint8)).save(stream, kind)
    return stream.getvalue()


def _colourful():
    v, u = np.indices((240, 320))
    return np.stack([u * 255 / 319, v * 255 / 239, 255 - u * 255 / 319], axis=2)
