"""The page in a browser: what a reader drops, sees, turns and takes away."""

import io
import json

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread

from tests.web.page.browsing import OTHER


@pytest.fixture
def read(desk, pictures):
    """The page with a DICOM radiograph that the model calls fractured."""
    desk.give(pictures["dicom"])
    desk.page.wait_for_selector("#report h2")
    return desk


def test_a_dropped_dicom_file_is_read(read):
    assert read.verdict() == "Fracture"
    report = read.page.inner_text("#report")
    assert read.page.locator(".region").count() == 7
    assert "0.4 mm a pixel, in the patient, calibrated." in report
    assert "longest" in report  # sizes in millimetres
    assert "Doubt from 5 %, fracture from 29 %" in report
    assert "fitted on fracatlas (fold1), where 17 % of the pictures were fractured" in report
    assert "333 × 423" in read.state()
    told = read.page.inner_text("#live")
    assert told.startswith("IM0001: Fracture, probability 42")
    assert "Research use only. Not a medical device." in read.page.inner_text("header")
    label = read.page.get_attribute("canvas", "aria-label")
    assert "region 7:" in label
    assert "Fracture" in label


def test_several_files_make_a_list(desk, pictures):
    desk.give(*(pictures[name] for name in ("none", "doubt", "colour", "broken")))
    page = desk.page
    page.wait_for_selector("#list .failed")
    page.locator("#list .verdict").nth(2).wait_for()
    rows = [row.replace("\n", " ") for row in page.locator("#list li").all_inner_texts()]
    names = ("leg.png", "wrist.jpg", "holiday.png", "notes.txt")
    verdicts = ("No fracture", "Doubt", "Not assessable", "Not read")
    for row, name, verdict in zip(rows, names, verdicts, strict=True):
        assert row.startswith(name)
        assert verdict in row
    assert desk.verdict() == "No fracture"
    page.click("#list li:nth-child(2) .study")
    page.wait_for_selector("#report [data-verdict=doubt], #report article[data-verdict=doubt]")
    assert page.locator(".region .swatch.dashed").count() == 4
    page.click("#list li:nth-child(3) .study")
    page.wait_for_selector("#report article[data-verdict='not assessable']")
    assert "No model was asked." in page.inner_text("#report")
    page.click("#list li:nth-child(4) .study")
    message = page.inner_text("#message")
    assert "expected a complete PNG, JPEG, TIFF" in message
    assert page.inner_text("#report") == ""  # nothing of another radiograph
    page.click("#list li:nth-child(4) [aria-label='Remove: notes.txt']")
    assert page.locator("#list li").count() == 3


def test_a_pasted_picture_is_read(desk, pictures):
    desk.give(pictures["doubt"], how=("paste",))
    desk.page.wait_for_selector("#report h2")
    assert desk.verdict() == "Doubt"


def test_layers_come_and_go(read):
    plain = read.pixels()
    read.page.keyboard.press("h")
    heat = read.pixels()
    assert (heat != plain).any()
    read.page.keyboard.press("]")
    assert (read.pixels() != heat).any()
    read.page.keyboard.press("[")
    read.page.click("[data-toggle=heat]")
    assert (read.pixels() == plain).all()
    read.page.keyboard.press("l")
    bare = read.pixels()
    amber = (plain[..., 0] > 200) & (plain[..., 2] < 60)
    assert amber.any()
    above = bare[: -bare.shape[0] // 5]  # without the scale bar
    assert (above[..., 0] == above[..., 2]).all()  # gray: nothing is tinted
    read.page.keyboard.press("l")
    assert (read.pixels() == plain).all()


def test_dragging_does_what_viewers_do(read):
    page = read.page
    box = page.locator("canvas").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def drag(dx, dy, button="left"):
        page.mouse.move(x, y)
        page.mouse.down(button=button)
        page.mouse.move(x + dx, y + dy, steps=4)
        page.mouse.up(button=button)

    start, state = read.pixels(), read.state()
    drag(-120, 40)
    assert "W 196  L 148" in read.state()
    assert (read.pixels() != start).any()
    page.keyboard.press("r")
    assert (read.pixels() == start).all()
    for button, tool in (("right", None), ("left", "z")):
        if tool:
            page.keyboard.press(tool)
        drag(0, -100, button)
        assert read.state() != state
        page.keyboard.press("f")
        assert read.state() == state
    drag(60, 30, "middle")
    assert read.state() == state  # moved, neither zoomed nor windowed
    assert (read.pixels() != start).any()
    page.mouse.dblclick(x + 5, box["y"] + 12)
    assert (read.pixels() == start).all()
    page.mouse.wheel(0, -200)
    assert read.state() != state


def test_inverting_turns_every_gray_around(read):
    read.page.keyboard.press("l")
    before = read.pixels()[..., 0].astype(int)
    read.page.keyboard.press("i")
    after = read.pixels()[..., 0].astype(int)
    height, width = before.shape
    middle = np.s_[height // 3 : 2 * height // 3, width // 3 : 2 * width // 3]
    assert np.abs(before[middle] + after[middle] - 255).max() <= 1


def test_a_region_is_brought_to_the_middle(read):
    fitted = read.state()
    read.page.click(".region >> nth=1")
    assert read.state() != fitted
    assert read.page.get_attribute(".region >> nth=1", "aria-pressed") == "true"
    read.page.keyboard.press("n")
    assert read.page.get_attribute(".region >> nth=2", "aria-pressed") == "true"
    assert read.page.inner_text("#live").startswith("Region 3 of 7")
    read.page.keyboard.press("Shift+N")
    assert read.page.get_attribute(".region >> nth=1", "aria-pressed") == "true"


def test_everything_is_reached_by_keys(read, pictures):
    page = read.page
    read.give(pictures["none"])
    page.wait_for_selector("#list li:nth-child(2) .verdict")
    page.keyboard.press("j")
    page.wait_for_selector("#report article[data-verdict='no fracture']")
    page.keyboard.press("k")
    page.wait_for_selector("#report article[data-verdict='fracture']")
    page.keyboard.press("?")
    assert page.locator("#keys").is_visible()
    page.uncheck("#keys-on")
    page.keyboard.press("Escape")
    state, start = read.state(), read.pixels()
    page.locator("#help").focus()
    page.keyboard.press("i")  # turned off, away from the picture
    assert (read.pixels() == start).all()
    page.locator("canvas").focus()
    page.keyboard.press("Shift+ArrowRight")
    assert "W 264" in read.state()
    page.keyboard.press("+")
    assert read.state().split("Zoom")[1] != state.split("Zoom")[1]
    page.keyboard.press("r")
    reached = set()
    page.locator("h1").click()
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate("(({ id, className }) => id || className)(document.activeElement)")
        )
    wanted = "model second theme help add study region save opacity"
    assert set(wanted.split()) <= reached


def test_files_to_keep(read, pictures):
    page = read.page

    def saved(kind):
        with page.expect_download() as download:
            page.click(f"[data-save={kind}]")
        name = download.value.suggested_filename
        return name, download.value.path().read_bytes()

    name, text = saved("json")
    record = json.loads(text)
    assert name == "IM0001.json"
    assert record["verdict"] == "fracture"
    assert len(record["boxes"]) == 7
    assert "layers" not in record
    name, png = saved("png")
    assert name == "IM0001.overlay.png"
    assert Image.open(io.BytesIO(png)).size == (333, 423)
    source = dcmread(io.BytesIO(pictures["dicom"][1]))
    for kind, modality in (("sr", "SR"), ("seg", "SEG")):
        name, data = saved(kind)
        made = dcmread(io.BytesIO(data))
        assert name == f"IM0001.{kind}.dcm"
        assert (made.Modality, made.StudyInstanceUID) == (modality, source.StudyInstanceUID)


def test_two_models_beside_each_other(read):
    page = read.page
    page.select_option("#second", OTHER)
    page.wait_for_selector(".panes.two")
    page.locator("#report article").nth(1).wait_for()
    heads = page.locator("#report h2").all_inner_texts()
    assert [head.split("\n")[0] for head in heads] == ["Fracture", "Doubt"]
    page.keyboard.press("+")
    assert read.state(0) == read.state(1)
    gray = [read.pixels(k)[..., 0] for k in (0, 1)]
    assert gray[0].shape == gray[1].shape
    blue = read.pixels(1)
    assert ((blue[..., 2] > 200) & (blue[..., 0] < 90)).any()  # doubt has its own colour
    page.select_option("#second", "")
    page.wait_for_selector(".panes:not(.two)")
    assert page.locator("canvas").count() == 1
