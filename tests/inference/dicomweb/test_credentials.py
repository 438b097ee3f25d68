"""Credentials from a file or the environment, never told."""

import base64

import pytest

from bonefrac.errors import BonefracError
from bonefrac.inference.dicomweb.connection import Connection
from bonefrac.inference.dicomweb.credentials import VARIABLE, authorization


def basic(text):
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("reader:secret", basic("reader:secret")),
        ("reader:a:b c", basic("reader:a:b c")),
        ("läser:ö", basic("läser:ö")),
        ("eyJh.eyJz-_.x==", "Bearer eyJh.eyJz-_.x=="),
    ],
)
def test_a_line_of_a_file_or_of_the_environment(tmp_path, line, value):
    file = tmp_path / "auth"
    file.write_text(f"{line}\n", encoding="utf-8")
    assert authorization(file, environ={VARIABLE: "another:one"}) == value
    assert authorization(None, environ={VARIABLE: line}) == value


def test_there_may_be_none():
    assert authorization(None, environ={}) is None


@pytest.mark.parametrize("line", ["", ":secret", "two words", "a:secret\nb:secret", "x" * 20_000])
def test_what_is_neither_is_refused_and_not_quoted(tmp_path, line):
    file = tmp_path / "auth"
    file.write_text(line)
    with pytest.raises(BonefracError) as caught:
        authorization(file)
    assert str(file) in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(BonefracError, match="No such file"):
        authorization(tmp_path / "none")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    with pytest.raises(BonefracError, match="no UTF-8"):
        authorization(tmp_path / "bytes")


def test_a_connection_does_not_show_its_secret():
    assert "secret" not in repr(Connection("https://pacs.example.org", basic("reader:secret")))
    assert basic("reader:secret") not in repr(Connection("https://x", basic("reader:secret")))


@pytest.mark.parametrize(
    "url", ["https://reader:secret@pacs.example.org", "https://secret@pacs.example.org"]
)
def test_a_url_with_a_secret_is_refused_and_not_quoted(url):
    with pytest.raises(BonefracError) as caught:
        Connection(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["pacs", "ftp://pacs", "http://", "http://x:y", "http://x/?a=b"])
def test_what_is_no_url_of_an_archive_is_refused(url):
    with pytest.raises(BonefracError, match="none of an archive"):
        Connection(url)


def test_what_goes_over_a_network_in_the_open_is_known():
    assert Connection("http://pacs.example.org").is_open
    assert not Connection("http://127.0.0.1:8042").is_open
    assert not Connection("https://pacs.example.org").is_open
