"""The browser page finds what Python finds, from files and a camera, without a network."""

import json
import os
import shutil
import socket
import subprocess
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bonefrac.data.phantom import draw

EXPORT = Path(__file__).resolve().parents[2] / "export"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SIDE = 64
WIDTHS = (390, 1280)


def phantom(index, *, shape=None):
    """Grays uint8 [H, W] of a broken phantom, stretched to a shape if one is given."""
    drawn = draw(seed=5, index=index, fracture="displaced").image
    image = Image.fromarray(np.rint(drawn).astype(np.uint8))
    return np.asarray(image if shape is None else image.resize(shape[::-1]))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Files that browsers and Python read alike: name -> path."""
    folder = tmp_path_factory.mktemp("pictures")
    grays = {f"phantom{k}": phantom(k) for k in range(3)}
    grays |= {"odd": phantom(3, shape=(211, 97)), "small": phantom(4, shape=(40, 61))}
    paths = {name: folder / f"{name}.png" for name in grays}
    for name, gray in grays.items():
        Image.fromarray(gray).save(paths[name])
    deep = phantom(1).astype(np.uint16) * 130 + 400
    tinted = np.stack([phantom(2), phantom(2), phantom(2) // 2], axis=-1)
    for name, array in {"deep": deep, "tinted": tinted}.items():
        paths[name] = folder / f"{name}.png"
        Image.fromarray(array).save(paths[name])
    return paths


@pytest.fixture(scope="module")
def model(pictures, tmp_path_factory):
    """A `.tflite` with settled statistics; its thresholds lie between what it says of `pictures`.

    BONEFRAC_BROWSER_MODEL names a trained one instead, for screenshots that mean something.
    """
    if "BONEFRAC_BROWSER_MODEL" in os.environ:
        return Path(os.environ["BONEFRAC_BROWSER_MODEL"])
    from dataclasses import replace

    import keras

    from bonefrac.artifacts.tflite import write_tflite
    from bonefrac.inference.card import Card, Thresholds
    from bonefrac.inference.runtimes import KerasRuntime
    from bonefrac.models.presets import build_model
    from bonefrac.radiograph.letterbox import Letterbox
    from bonefrac.radiograph.reader import read

    keras.utils.set_random_seed(3)
    network = build_model("unet_tiny", image_size=SIDE, filters=(4, 8, 16))
    grays = [read(path).pixels for path in pictures.values()]
    squares = np.stack([Letterbox(*gray.shape, SIDE).apply(gray) for gray in grays])
    for layer in network._flatten_layers():
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
    network(squares[..., None], training=True)
    card = Card("page", "unet_tiny", SIDE, 1.0, Thresholds(0.5, 0.5, 0.5))
    told = [KerasRuntime(network, card)(square) for square in squares]
    ranked = sorted(probability for _, probability in told)
    limits = Thresholds(
        sure=(ranked[-2] + ranked[-3]) / 2,
        doubt=(ranked[0] + ranked[1]) / 2,
        mask=float(np.quantile([mask for mask, _ in told], 0.8)),
    )
    path = tmp_path_factory.mktemp("model") / "page.tflite"
    card = replace(card, thresholds=limits)
    write_tflite(network, card, path, quantize="none", calibration=squares)
    return path


@pytest.fixture(scope="module")
def python(model):
    """Path of a picture -> what bonefrac says with the same file; no picture is refused."""
    from bonefrac.inference.predictor import Predictor
    from bonefrac.inference.runtimes import open_runtime

    return Predictor(open_runtime(model)).predict


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """A copy of the web app with its packages; nothing is built into the checkout."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node and npm are not installed")
    folder = tmp_path_factory.mktemp("export")
    ignore = shutil.ignore_patterns("node_modules", "dist", "model.tflite")
    for part in ("browser", "mobile"):
        shutil.copytree(EXPORT / part, folder / part, ignore=ignore)
    installed = EXPORT / "browser" / "node_modules"
    if installed.is_dir():
        (folder / "browser" / "node_modules").symlink_to(installed)
    else:
        command = ["npm", "ci", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=folder / "browser", capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"npm ci failed: {done.stderr.strip().splitlines()[-1]}")
    return folder / "browser"


@pytest.fixture(scope="module")
def site(app, model):
    """Address of the built page, served with its headers."""
    npm(app, "model", model)
    npm(app, "build")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}/"
    command = ["node", "node_modules/vite/bin/vite.js", "preview", "--port", str(port)]
    with subprocess.Popen(command, cwd=app, stdout=subprocess.PIPE, text=True) as server:
        while "Local" not in (line := server.stdout.readline()):
            assert line, "the preview server ended"
        yield address
        server.terminate()


def npm(app, script, *arguments):
    command = ["npm", "run", "--silent", script, "--", *map(str, arguments)]
    return subprocess.run(command, cwd=app, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def chromium():
    """Start a browser with command-line options: `with chromium("--option") as browser`."""
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:

        @contextmanager
        def start(*options):
            arguments = ["--no-sandbox", *options]
            opened = play.chromium.launch(executable_path=CHROMIUM, args=arguments)
            yield opened
            opened.close()

        yield start


@pytest.fixture(scope="module")
def browser(chromium):
    with chromium() as opened:
        yield opened


class Page:
    """The page as a user has it, with all that it asked for and complained of."""

    def __init__(self, browser, site, *, width=1280, scheme=None):
        self.context = browser.new_context(
            viewport={"width": width, "height": 800}, permissions=["camera"]
        )
        self.site, self.tab = site, self.context.new_page()
        self.asked, self.complaints = [], []
        self.context.on("request", lambda request: self.asked.append(request.url))
        self.tab.on("console", self._hear)
        self.tab.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.tab.goto(site)
        self.wait("empty")

    def _hear(self, message):
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def wait(self, *states):
        wanted = ", ".join(f"[data-state={state}]" for state in states)
        self.tab.wait_for_selector(f"body:is({wanted})", timeout=30_000)

    def choose(self, path, *, state="picture"):
        self.tab.evaluate("document.body.dataset.state = 'waiting'")
        self.tab.set_input_files("#picture", path)
        self.wait(state)
        if state == "picture":
            self.tab.wait_for_selector("#drawing[aria-label^='X-ray. ']")

    def saved(self, button):
        with self.tab.expect_download() as download:
            self.tab.click(button)
        return Path(download.value.path())

    def text(self, selector):
        return self.tab.inner_text(selector)

    def require_quiet(self):
        assert self.complaints == []
        assert [url for url in self.asked if not url.startswith((self.site, "blob:"))] == []


@pytest.fixture
def page(browser, site):
    opened = Page(browser, site)
    yield opened
    opened.context.close()


def dice(one, other):
    both = np.count_nonzero(one) + np.count_nonzero(other)
    return 2 * np.count_nonzero(one & other) / both if both else 1.0


def require_same(told, mask, finding):
    assert told["verdict"] == finding.verdict
    assert told["probability"] == pytest.approx(finding.probability, abs=1e-3)
    assert mask.shape == finding.mask.shape
    assert dice(mask > 0, finding.mask > 0) > 0.99
    large = [box for box in finding.boxes if box.area > 20]
    assert len(told["boxes"]) >= len(large)
    for box in large:
        nearest = min(told["boxes"], key=lambda b: abs(b["x"] - box.x) + abs(b["y"] - box.y))
        assert nearest["score"] == pytest.approx(box.score, abs=1e-2)
        for side in ("x", "y", "width", "height"):
            assert nearest[side] == pytest.approx(getattr(box, side), abs=1)


def test_node_finds_what_python_finds(app, model, pictures, python, tmp_path):
    printed = npm(app, "check", model, *pictures.values(), "--output", tmp_path)
    told = [json.loads(line) for line in printed.splitlines()]
    assert [Path(each["image"]).stem for each in told] == list(pictures)
    for each, path in zip(told, pictures.values(), strict=True):
        mask = np.fromfile(tmp_path / f"{path.stem}.mask.raw", np.uint8)
        require_same(each, mask.reshape(each["height"], each["width"]), python(path))
    assert len({each["verdict"] for each in told}) == 3 or "BONEFRAC_BROWSER_MODEL" in os.environ


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"nothing", "no PNG"), (b"\x89PNG\r\n\x1a\n" + bytes(40), "kind of PNG")],
)
def test_node_refuses_in_one_line(app, model, content, reason, tmp_path):
    (tmp_path / "bad.png").write_bytes(content)
    command = ["node", "node/check.js", model, tmp_path / "bad.png"]
    done = subprocess.run(command, cwd=app, capture_output=True, text=True)
    assert done.returncode == 1
    assert reason in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.slow
def test_the_page_finds_what_python_finds(page, pictures, python):
    for path in pictures.values():
        page.choose(path)
        mask = np.asarray(Image.open(page.saved("#save-mask")))
        told = json.loads(page.saved("#save-json").read_text())
        require_same(told, mask[..., 0] if mask.ndim == 3 else mask, python(path))
        heading = {"fracture": "Fracture", "doubt": "Doubt", "no fracture": "No fracture"}
        assert page.text("#heading") == heading[told["verdict"]]
        assert f"{told['probability']:.2f}" in page.text("#meaning")
        assert page.tab.locator("#lesions li").count() == len(told["boxes"])
    page.require_quiet()


@pytest.mark.slow
def test_a_jpeg_is_turned_upright(page, python, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    path = tmp_path / "turned.jpg"
    Image.fromarray(phantom(0)).save(path, exif=exif, quality=95)
    page.choose(path)
    told = json.loads(page.saved("#save-json").read_text())
    mask = np.asarray(Image.open(page.saved("#save-mask")))[..., 0]
    require_same(told, mask, python(path))
    assert mask.shape == phantom(0).T.shape


@pytest.mark.slow
def test_works_without_a_network_and_with_threads(page, pictures):
    page.tab.wait_for_selector("#runtime:has-text('Works without a network')")
    assert "1 thread" not in page.text("#runtime")  # the preview server sends COOP and COEP
    page.choose(pictures["phantom0"])
    before = page.text("#meaning")
    page.context.set_offline(True)
    page.tab.reload()
    page.wait("empty")
    page.choose(pictures["phantom0"])
    assert page.text("#meaning") == before
    page.require_quiet()


@pytest.mark.slow
def test_a_host_without_headers_serves_one_thread(site, app, browser, pictures, python):
    files = partial(QuietFiles, directory=app / "dist")
    with ThreadingHTTPServer(("127.0.0.1", 0), files) as server:
        threading.Thread(target=server.serve_forever).start()
        page = Page(browser, f"http://127.0.0.1:{server.server_port}/")
        assert "1 thread." in page.text("#runtime")
        page.choose(pictures["phantom0"])
        told = json.loads(page.saved("#save-json").read_text())
        assert told["verdict"] == python(pictures["phantom0"]).verdict
        page.require_quiet()
        page.context.close()
        server.shutdown()


class QuietFiles(SimpleHTTPRequestHandler):
    """A host that knows files and nothing else."""

    def log_message(self, *args):
        pass


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("notes.png", b"no picture", "This is no picture, or it is damaged. Use a PNG or JPEG."),
        ("xray.dcm", bytes(128) + b"DICM" + bytes(200), "DICOM files are not read here."),
        ("xray.tif", b"II*\0" + bytes(60), "This browser cannot read TIFF."),
        ("other.tflite", b"no model at all", "This is no .tflite file, or it is cut short."),
    ],
)
def test_a_bad_file_is_refused_in_a_line_and_the_page_goes_on(
    page, name, content, words, pictures, tmp_path
):
    (tmp_path / name).write_bytes(content)
    page.choose(tmp_path / name, state="error")
    assert words in page.text("#error")
    page.choose(pictures["phantom0"])
    assert page.text("#heading")
    page.require_quiet()


@pytest.mark.slow
def test_a_model_that_was_chosen_stays_until_it_is_given_back(page, model, pictures, tmp_path):
    page.tab.set_input_files("#model", model)
    page.wait("empty")
    page.tab.click("summary")
    page.tab.wait_for_selector("#own-model:visible")
    page.tab.reload()
    page.wait("empty")
    page.choose(pictures["phantom0"])
    page.tab.click("summary")
    page.tab.click("#own-model")
    page.wait("empty")
    assert page.tab.is_hidden("#own-model")
    page.choose(pictures["phantom0"])
    page.require_quiet()


@pytest.mark.slow
@pytest.mark.parametrize("event", ["drop", "paste"])
def test_a_picture_may_be_dropped_or_pasted(page, pictures, event):
    program = """([event, bytes]) => {
        const data = new DataTransfer();
        data.items.add(new File([Uint8Array.from(bytes)], "xray.png", { type: "image/png" }));
        const kind = event === "drop" ? DragEvent : ClipboardEvent;
        document.dispatchEvent(new kind(event, { dataTransfer: data, clipboardData: data }));
    }"""
    page.tab.evaluate(program, [event, list(pictures["phantom0"].read_bytes())])
    page.wait("picture")
    assert json.loads(page.saved("#save-json").read_text())["image"] == "xray.png"


@pytest.mark.slow
def test_without_a_camera_the_page_says_so(page):
    page.tab.click("#look")
    page.wait("error")
    assert "There is no camera." in page.text("#error")
    assert page.tab.evaluate("document.activeElement.id") in ("look", "choose")


@pytest.mark.slow
def test_layers_and_keyboard(page, pictures):
    page.choose(pictures["phantom0"])
    assert page.tab.locator("#heat").is_hidden()
    page.tab.focus("#show-outline")
    page.tab.keyboard.press("Space")
    assert "empty" in page.tab.get_attribute("#drawing", "class")
    page.tab.keyboard.press("Tab")
    page.tab.keyboard.press("Space")
    assert page.tab.locator("#heat").is_visible()
    page.tab.keyboard.press("Tab")
    page.tab.keyboard.press("Home")
    assert page.tab.evaluate("getComputedStyle(document.getElementById('heat')).opacity") == "0"
    page.tab.focus("#again")
    page.choose(pictures["phantom1"])
    assert page.tab.evaluate("document.activeElement.id") == "again"
    page.tab.focus("#close")
    page.tab.keyboard.press("Enter")
    page.wait("empty")
    assert page.tab.evaluate("document.activeElement.id") == "choose"


@pytest.fixture(scope="module")
def light_box(tmp_path_factory):
    """What a camera sees: a phantom in the middle of a wide picture. (film, path of the video)"""
    film = np.zeros((480, 480), np.uint8)
    gray = np.asarray(Image.fromarray(phantom(0)).resize((360, 480)))
    film[:, 60:420] = gray
    wide = np.full((480, 640), 60, np.uint8)
    wide[:, 80:560] = film
    path = tmp_path_factory.mktemp("camera") / "light-box.y4m"
    luma = np.rint(16 + wide * (219 / 255)).astype(np.uint8)  # the range of video
    chroma = np.full((2, 240, 320), 128, np.uint8)
    frame = b"FRAME\n" + luma.tobytes() + chroma.tobytes()
    path.write_bytes(b"YUV4MPEG2 W640 H480 F20:1 Ip A1:1 C420\n" + 20 * frame)
    return film, path


@pytest.mark.slow
def test_the_camera_shows_findings_live_and_freezes(chromium, site, light_box, python):
    film, video = light_box
    fake = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")
    with chromium(*fake, f"--use-file-for-fake-video-capture={video}") as opened:
        page = Page(opened, site)
        page.tab.click("#look")
        page.wait("live")
        page.tab.wait_for_selector("#rate:has-text('frames a second')")
        page.tab.wait_for_selector("#finding:visible")
        shoot(page.tab, "camera")
        page.tab.set_viewport_size({"width": WIDTHS[0], "height": 800})
        shoot(page.tab, "camera", width=WIDTHS[0])
        page.tab.click("#freeze")
        page.wait("picture")
        mask = np.asarray(Image.open(page.saved("#save-mask")))[..., 0]
        told = json.loads(page.saved("#save-json").read_text())
        expected = python(film.astype(np.float32))
        # Video has 219 steps from black to white.
        assert told["probability"] == pytest.approx(expected.probability, abs=0.05)
        assert dice(mask > 0, expected.mask > 0) > 0.9
        page.require_quiet()


@pytest.mark.slow
@pytest.mark.parametrize("width", WIDTHS)
def test_looks_right_and_axe_finds_nothing(browser, site, pictures, python, width, tmp_path):
    from axe_playwright_python.sync_playwright import Axe

    page = Page(browser, site, width=width)
    verdicts = {python(path).verdict: path for path in pictures.values()}
    (tmp_path / "notes.png").write_bytes(b"no picture")
    steps = {"empty": None, "error": tmp_path / "notes.png"} | verdicts
    for name, path in steps.items():
        if path is not None:
            page.choose(path, state="error" if name == "error" else "picture")
        if name == "doubt":
            page.tab.check("#show-heat")
            page.tab.click("summary")
        wide = "document.documentElement.scrollWidth - innerWidth"
        assert page.tab.evaluate(wide) <= 0, f"the page scrolls sideways at {name}"
        shoot(page.tab, name.replace(" ", "-"), width=width)
        found = Axe().run(page.tab).response["violations"]
        assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
    page.context.close()


def shoot(tab, name, *, width=1280):
    folder = os.environ.get("BONEFRAC_SCREENSHOTS")
    if folder:
        tab.screenshot(path=Path(folder) / f"browser-{name}-{width}.png", full_page=True)


def test_what_the_host_sends_and_what_the_page_says_agree(app):
    # The page's own copy serves hosts that send no headers, where frame-ancestors does not count.
    sent = subprocess.run(
        [
            "node",
            "-e",
            'import("./headers.js").then((m) => console.log(JSON.stringify(m.HEADERS)))',
        ],
        cwd=app,
        capture_output=True,
        text=True,
        check=True,
    )
    policy = json.loads(sent.stdout)["Content-Security-Policy"]
    own = policy.replace("; frame-ancestors 'none'", "")
    assert f'content="{own}"' in (app / "index.html").read_text()
