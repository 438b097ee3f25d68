"""The page for everybody: wide and narrow, dark and light, by touch, with a screen reader."""

import os
from itertools import product
from pathlib import Path

import pytest

from tests.web.page.browsing import OTHER, watched

SIZES = {"wide": (1280, 800), "phone": (390, 844)}
# The first runs with the fast tests.
PLACES = [("wide", "dark"), *sorted(set(product(SIZES, ("dark", "light"))) - {("wide", "dark")})]
STATES = {
    "fracture": "#report article[data-verdict=fracture]",
    "doubt": "#report article[data-verdict=doubt]",
    "none": "#report article[data-verdict='no fracture']",
    "colour": "#report article[data-verdict='not assessable']",
    "broken": "#message.failed",
}


@pytest.fixture(
    params=[
        pytest.param(place, id="-".join(place), marks=[pytest.mark.slow] if k else [])
        for k, place in enumerate(PLACES)
    ]
)
def place(request, browser, address, tmp_path):
    """A page of some size and scheme, and where to put its pictures."""
    size, scheme = request.param
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,
        has_touch=size == "phone",
        is_mobile=size == "phone",
        reduced_motion="reduce",
    )
    desk = watched(context, address).open()
    folder = Path(os.environ.get("BONEFRAC_SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)

    def check(state):
        desk.settle()
        path = folder / f"{state}-{size}-{scheme}.png"
        desk.page.screenshot(path=path, full_page=size == "phone")
        assert _complaints(desk.page) == [], state
        wide = desk.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"{state} scrolls sideways"

    yield desk, check
    context.close()
    assert desk.strays == []


def test_every_state_is_accessible(place, pictures):
    desk, check = place
    page = desk.page
    check("empty")
    names = list(STATES)
    desk.give(*(pictures[name] for name in names))
    page.wait_for_selector("#list .failed")
    for k, name in enumerate(names, 1):
        page.click(f"#list li:nth-child({k}) .study")
        page.wait_for_selector(STATES[name])
        check(name)
    page.click("#list li:nth-child(1) .study")
    page.wait_for_selector(STATES["fracture"])
    page.click("summary")
    page.click(".region")
    page.click("[data-toggle=heat]")
    check("region")
    page.click("#help")
    check("keys")
    page.keyboard.press("Escape")
    page.select_option("#second", OTHER)
    page.wait_for_selector("#report article:nth-of-type(2)")
    page.click("[data-do=reset]")
    check("two")


def test_the_reader_chooses_dark_or_light(place):
    desk, _ = place
    page = desk.page
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.click("#theme")
    after = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert after != before
    page.reload()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == after
    stage = page.evaluate("getComputedStyle(document.querySelector('.stage')).backgroundColor")
    assert stage == "rgb(0, 0, 0)"  # whatever is chosen


@pytest.mark.slow
def test_fingers_move_and_zoom(browser, address, pictures):
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    desk = watched(context, address).open()
    desk.give(pictures["fracture"])
    desk.page.wait_for_selector("#report h2")
    assert desk.page.get_attribute("[data-tool=pan]", "aria-checked") == "true"
    start, state = desk.pixels(), desk.state()
    box = desk.page.locator("canvas").bounding_box()
    x, y = box["x"] + 150, box["y"] + 150
    touch = context.new_cdp_session(desk.page)

    def fingers(kind, *points):
        points = [{"x": px, "y": py, "id": k} for k, (px, py) in enumerate(points)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    fingers("touchStart", (x, y))
    fingers("touchMove", (x + 30, y + 10))
    fingers("touchEnd")
    assert desk.state() == state
    assert (desk.pixels() != start).any()
    fingers("touchStart", (x, y), (x + 60, y))
    fingers("touchMove", (x - 30, y), (x + 90, y))
    fingers("touchEnd")
    assert desk.state() != state
    context.close()
    assert desk.strays == []


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        ("percent(0.004)", "under 1 %"),
        ("percent(0)", "0 %"),
        ("percent(0.996)", "over 99 %"),
        ("percent(0.434)", "43 %"),
        ("scaleBar(null, 1, 100)", None),
        ("scaleBar({column_mm: .2, provenance: 'calibrated'}, 1, 100).label", "20 mm"),
        ("scaleBar({column_mm: .2, provenance: 'calibrated'}, 1, 100).pixels", 100),
        (
            "scaleBar({column_mm: .2, provenance: 'detector'}, 20, 100).label",
            "1 mm on the detector",
        ),
        (
            "scaleBar({column_mm: 1, provenance: 'unstated'}, 250, 99).label",
            "0.2 mm, uncalibrated",
        ),
        ("spacingSentence({row_mm: 1, column_mm: 1, provenance: 'x'})", "1 mm a pixel, x."),
        ("sizes({width: 3, height: 4}).join()", "3 × 4 px"),
        ("testSentence({})", ""),
        ("scoresOn('test', {scores: {test: 1, fold0: 2}, data: {test: 'fold0'}})", 1),
        ("scoresOn('test', {scores: {fold0: 2}, data: {test: 'fold0'}})", 2),
    ],
)
def test_words(words, call, answer):
    assert words.page.evaluate(f"words.{call}") == answer


@pytest.fixture(scope="module")
def words(browser, address):
    """A page at which `words` is the module of that name."""
    context = browser.new_context()
    desk = watched(context, address).open()
    desk.page.evaluate("import('/static/words.js').then((all) => { window.words = all; })")
    yield desk
    context.close()


def _complaints(page):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = axe.run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [(each["id"], [node["target"] for node in each["nodes"]]) for each in found]
