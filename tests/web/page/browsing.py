"""A real server, and a page of a real browser that is watched."""

import base64
import contextlib
import io
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

MODEL = "unet_tiny.fracatlas"
OTHER = "unet_tiny.doubtful1"  # the same under another name, never sure
_SERVE = "from bonefrac.cli.serve import serve; serve()"
_DROP = """([files, x]) => {
  const transfer = new DataTransfer();
  for (const [name, text] of files) {
    const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    const type = /png$|jpe?g$/.test(name) ? `image/${name.endsWith("png") ? "png" : "jpeg"}` : "";
    transfer.items.add(new File([bytes], name, { type }));
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
        said = ""
        while not (found := re.search(r"http://\S+", said)):
            line = told.stderr.readline()
            said += line
            assert line, said  # or it has ended
        yield found.group()
    finally:
        told.terminate()
        told.communicate(timeout=30)


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
    page.set_default_timeout(60_000)  # a loaded machine is slow, not wrong
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
