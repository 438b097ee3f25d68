"""A real server and a real browser for the tests of the page."""

import base64
import contextlib
import io
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bonefrac.data.phantom import draw
from bonefrac.inference.shipped import DEFAULT, answering
from tests.radiograph.dicom_files import dataset, encoded

CHROMIUM = Path(os.environ.get("BONEFRAC_CHROMIUM", "/usr/bin/chromium"))
OTHER = "unet_tiny.doubtful1"  # the shipped model under another name, never sure
_SERVE = "from bonefrac.cli.serve import serve; serve()"
_DROP = """([files, x]) => {
  const transfer = new DataTransfer();
  for (const [name, text] of files) {
    const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    transfer.items.add(new File([bytes], name));
  }
  for (const kind of x) {
    const paste = new ClipboardEvent(kind, { clipboardData: transfer, bubbles: true });
    const drop = new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true });
    document.body.dispatchEvent(kind === "paste" ? paste : drop);
  }
}"""


@contextlib.contextmanager
def server(*arguments, **environment):
    """Run bonefrac-serve on a free port of loopback; gives its address."""
    told = subprocess.Popen(
        [sys.executable, "-c", _SERVE, "--port", "0", "--workers", "1", *arguments],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | environment,
    )
    try:
        line = told.stderr.readline()
        found = re.search(r"http://\S+", line)
        assert found, line + told.stderr.read()
        yield found.group()
    finally:
        told.terminate()
        told.communicate(timeout=30)


@pytest.fixture(scope="session")
def other_model(tmp_path_factory):
    """A second model: a shipped one that calls nothing sure."""
    content = answering(Path(DEFAULT)).read_bytes()
    for old, new in (
        (f'"name": "{DEFAULT}"'.encode(), f'"name": "{OTHER}"'.encode()),
        (b'"sure": 0.3', b'"sure": 0.9'),
    ):
        assert content.count(old) == 1
        assert len(old) == len(new)
        content = content.replace(old, new)
    path = tmp_path_factory.mktemp("model") / "other.tflite"
    path.write_bytes(content)
    return path


@pytest.fixture(scope="session")
def address(other_model):
    """A server with two models and no limit on how often it is asked."""
    with server("--model", DEFAULT, "--model", str(other_model), "--rate", "0") as url:
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


@dataclass
class Desk:
    """A page, and what it did that it should not.

    Attributes:
        page: of playwright.
        strays: addresses outside the server that were asked, and whatever the console complained.
    """

    page: object
    url: str
    strays: list = field(default_factory=list)

    def open(self):
        """Go to the page and wait for the models."""
        self.page.goto(self.url)
        self.page.wait_for_selector("#model option", state="attached")
        return self

    def give(self, *files, how=("drop",)):
        """Drop files, (name, bytes) each, or paste one."""
        coded = [(name, base64.b64encode(data).decode()) for name, data in files]
        self.page.evaluate(_DROP, [coded, list(how)])

    def verdict(self):
        """The verdict beside the viewer, once it is there."""
        return self.page.locator("#report h2").first.inner_text().split("\n")[0]

    def state(self, pane=0):
        """Size, window and zoom as the viewer tells them, once drawn."""
        self.settle()
        return self.page.locator(".corner.state").nth(pane).inner_text()

    def pixels(self, pane=0):
        """What a canvas shows, uint8 [H, W, 4]."""
        self.settle()
        uri = self.page.evaluate("(k) => document.querySelectorAll('canvas')[k].toDataURL()", pane)
        return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))))

    def settle(self):
        """Let two frames pass: one may have been asked for, the next is drawn."""
        self.page.evaluate(
            "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )


def watched(context, url):
    """A page of a browser context whose strays are kept."""
    page = context.new_page()
    page.set_default_timeout(15_000)
    desk = Desk(page, url)

    def complained(message):
        # The browser's own line on an answer of 4xx, which the page shows to the reader.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            desk.strays.append(message.text)

    def asked(request):
        if not request.url.startswith((url, "data:", "blob:")):
            desk.strays.append(request.url)

    page.on("console", complained)
    page.on("pageerror", lambda error: desk.strays.append(str(error)))
    page.on("request", asked)
    return desk


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
    fracture, doubt, none = (draw(seed=5, index=k).image for k in (0, 4, 18))
    return {
        "dicom": ("IM0001", _dicom(fracture)),
        "fracture": ("forearm.png", _coded(fracture, "PNG")),
        "doubt": ("wrist.jpg", _coded(doubt, "JPEG")),
        "none": ("leg.png", _coded(none, "PNG")),
        "colour": ("holiday.png", _coded(_colourful(), "PNG")),
        "broken": ("notes.txt", b"not a picture"),
    }


def _dicom(image):
    stored = np.rint(image * 16).astype(np.uint16)
    spacing = {"PixelSpacing": [0.4, 0.4], "PixelSpacingCalibrationType": "FIDUCIAL"}
    return encoded(dataset(stored, **spacing, WindowCenter=2048, WindowWidth=4096))


def _coded(image, kind):
    stream = io.BytesIO()
    Image.fromarray(np.rint(image).astype(np.uint8)).save(stream, kind)
    return stream.getvalue()


def _colourful():
    v, u = np.indices((240, 320))
    return np.stack([u * 255 / 319, v * 255 / 239, 255 - u * 255 / 319], axis=2)
