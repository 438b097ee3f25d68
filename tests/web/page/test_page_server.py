"""The page and a server that is slow, busy or wants a token."""

import pytest

from tests.web.page.browsing import server, watched


def test_an_upload_tells_how_far_it_is_and_can_be_cancelled(desk, pictures):
    name, data = pictures["dicom"]
    slow = desk.page.context.new_cdp_session(desk.page)
    limits = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 20_000}
    slow.send("Network.emulateNetworkConditions", limits)
    desk.give((name, data))
    desk.page.wait_for_selector("#message progress")
    assert "Sending" in desk.page.inner_text("#message")
    desk.page.click(f"[aria-label='Cancel: {name}']")
    assert "Cancelled" in desk.page.inner_text("#list")
    slow.send("Network.emulateNetworkConditions", limits | {"uploadThroughput": -1})
    desk.page.click(f"[aria-label='Try again: {name}']")
    desk.page.wait_for_selector("#report h2")
    assert desk.verdict() == "Fracture"


def test_a_token_is_asked_for_and_kept_in_the_tab(browser, pictures):
    with server(BONEFRAC_TOKEN="long-secret-7") as url:
        context = browser.new_context()
        desk = watched(context, url)
        desk.page.goto(url)
        desk.page.wait_for_selector("#login[open]")
        desk.page.fill("#token", "wrong")
        desk.page.keyboard.press("Enter")
        desk.page.wait_for_selector("#login-error:not(:empty)")
        assert "not the token" in desk.page.inner_text("#login-error")
        desk.page.fill("#token", "long-secret-7")
        desk.page.keyboard.press("Enter")
        desk.page.wait_for_selector("#login:not([open])", state="attached")
        desk.page.reload()
        desk.page.wait_for_selector("#model option", state="attached")
        assert not desk.page.locator("#login").is_visible()
        desk.give(pictures["fracture"])
        desk.page.wait_for_selector("#report h2")
        assert desk.verdict() == "Fracture"
        context.close()
        assert desk.strays == []


@pytest.mark.slow
def test_a_busy_server_is_asked_again(browser, pictures):
    with server("--waiting", "0") as url:
        context = browser.new_context()
        desk = watched(context, url).open()
        busy = []
        desk.page.on("response", lambda answer: busy.append(answer.status))
        names = ("fracture", "doubt", "none", "dicom")
        desk.give(*(pictures[name] for name in names))
        desk.page.locator("#list .verdict").nth(3).wait_for(timeout=120_000)
        assert 503 in busy
        assert desk.page.locator("#list .failed").count() == 0
        context.close()
        assert desk.strays == []
