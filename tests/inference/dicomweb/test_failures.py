"""Archives that refuse, stall, lie or are none: each told in one line."""

import functools
import json
import shutil
import ssl
import subprocess
import threading

import pytest

from bonefrac.errors import BonefracError
from bonefrac.inference.dicomweb.archive import JSON, Archive, Instance, Series
from bonefrac.inference.dicomweb.connection import Connection
from bonefrac.inference.dicomweb.multipart import pack
from tests.radiograph.dicom_files import dataset, encoded, ramp

STUDY, SERIES = "1.2.3", Series("1.2.3", "1.2.3.4", "CR")


def archive(server, authorization=None, **more):
    return Archive(Connection(server.url, authorization, **more))


def told(items, status=200):
    return status, {"Content-Type": JSON}, json.dumps(items).encode()


def of_series(uid, number=1):
    return {
        "0020000E": {"vr": "UI", "Value": [uid]},
        "00080060": {"vr": "CS", "Value": ["CR"]},
        "00200011": {"vr": "IS", "Value": [number]},
    }


@pytest.mark.parametrize(
    ("status", "authorization", "parts"),
    [
        (401, None, ("401 Unauthorized", "BONEFRAC_DICOMWEB_AUTH")),
        (401, "Bearer x", ("401 Unauthorized", "Check the credentials")),
        (403, "Bearer x", ("403 Forbidden", "Check the credentials")),
        (404, None, ("404 Not Found", "root of DICOMweb")),
        (500, None, ("500 Internal Server Error", "log of the archive")),
        (302, None, ("302 Found to https://elsewhere/x", "Give the URL")),
    ],
)
def test_a_refusal_says_what_to_do(standin, status, authorization, parts):
    server = standin(lambda *_: (status, {"Location": "https://elsewhere/x"}, b"<html>"))
    with pytest.raises(BonefracError) as caught:
        archive(server, authorization).series(STUDY)
    for part in (server.url, *parts):
        assert part in str(caught.value)
    assert server.asked[0][3].get("Authorization") == authorization
    assert len(server.asked) == 1  # no redirect is followed


def test_netrc_does_not_replace_the_credentials_that_were_given(standin, tmp_path, monkeypatch):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login another password one\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    server = standin(lambda *_: told([]))
    archive(server, "Bearer mine").series(STUDY)
    archive(server).series(STUDY)
    assert [asked[3]["Authorization"].split()[0] for asked in server.asked] == ["Bearer", "Basic"]


def test_an_archive_that_is_not_there(standin):
    server = standin(lambda *_: told([]))
    server.shutdown()
    server.server_close()
    with pytest.raises(BonefracError, match="Connection refused"):
        archive(server).series(STUDY)


@pytest.mark.parametrize("within", [False, True])
def test_an_archive_that_falls_silent_before_or_within_its_answer(standin, within):
    end = threading.Event()

    def chunks():
        yield b"["
        end.wait(30)

    def answer(*_):
        if not within:
            end.wait(30)
        return 200, {"Content-Type": JSON, "Content-Length": "1000"}, chunks() if within else b""

    server = standin(answer)
    try:
        with pytest.raises(BonefracError, match=r"silent for 0\.2 s; .* --timeout"):
            archive(server, seconds=0.2).series(STUDY)
    finally:
        end.set()


def test_an_answer_that_breaks_off(standin):
    server = standin(lambda *_: (200, {"Content-Type": JSON, "Content-Length": "1000"}, b"["))
    with pytest.raises(BonefracError, match="cannot be reached"):
        archive(server).series(STUDY)


@pytest.mark.parametrize("body", [b"<html>", b"[1]", b"7", b'{"a": ', b"\xff"])
def test_what_is_no_dicomweb_is_named(standin, body):
    server = standin(lambda *_: (200, {"Content-Type": "text/html"}, body))
    with pytest.raises(BonefracError, match="text/html; expected the JSON of DICOMweb"):
        archive(server).series(STUDY)


@pytest.mark.parametrize("uid", ["../../etc", "1..2/..", "1", "", "1." + "2" * 70, "１.２"])
def test_a_uid_that_is_none_gets_nowhere(standin, uid):
    server = standin(lambda *_: told([of_series(uid)]))
    with pytest.raises(BonefracError, match="is no UID"):
        archive(server).series(STUDY)
    with pytest.raises(BonefracError, match="is no UID"):
        archive(server).series(uid)
    assert len(server.asked) == 1


def test_pages_are_joined_and_sorted_by_number(standin):
    # Numbers 5, 4, 3, 2, 1, two a page.
    held = [of_series(f"1.2.{n}", 5 - n) for n in range(5)]

    def answer(_method, _path, query, *_):
        start = int(query.get("offset", 0))
        return told(held[start : start + 2]) if start < len(held) else (204, {}, b"")

    found = archive(standin(answer)).series(STUDY)
    assert [one.uid for one in found] == [f"1.2.{n}" for n in (4, 3, 2, 1, 0)]


def test_an_archive_that_ignores_pages_is_not_asked_for_ever(standin):
    server = standin(lambda *_: told([of_series("1.2.3.4")]))
    assert archive(server).series(STUDY) == [SERIES]
    assert len(server.asked) == 2


def test_attributes_that_are_missing_or_odd_are_borne(standin):
    odd = {
        "0020000E": {"vr": "UI", "Value": ["1.2.3.4"]},
        "00200011": {"Value": ["x"]},
        "00080060": 7,
    }
    assert archive(standin(lambda *_: told([odd]))).series(STUDY) == [Series(STUDY, "1.2.3.4", "")]


def fetched(standin, *files, cut=0):
    kind, body = pack(files)
    body = body[: len(body) - cut]
    server = standin(lambda *_: (200, {"Content-Type": kind}, body))
    made = dataset(ramp())
    instance = Instance(STUDY, "1.2.3.4", str(made.SOPInstanceUID), made.SOPClassUID)
    return archive(server).fetch(instance)


def test_a_file_comes_as_it_was_sent(standin):
    file = encoded(dataset(ramp()))
    assert fetched(standin, file) == file


def test_another_file_than_the_one_that_was_asked_for_is_refused(standin):
    other = dataset(ramp())
    other.file_meta.MediaStorageSOPInstanceUID = other.SOPInstanceUID = "1.2.3.4.5"
    with pytest.raises(BonefracError, match=r"1 files, of which the first is 1\.2\.3\.4\.5"):
        fetched(standin, encoded(other))
    with pytest.raises(BonefracError, match="2 files"):
        fetched(standin, *[encoded(dataset(ramp()))] * 2)
    with pytest.raises(BonefracError, match="the one file"):
        fetched(standin, b"no DICOM")
    with pytest.raises(BonefracError, match="cut short"):
        fetched(standin, encoded(dataset(ramp())), cut=100)


def test_more_than_it_may_send_is_not_taken(standin):
    server = standin(lambda *_: (200, {}, b"x" * 2**21))
    with pytest.raises(BonefracError, match="more than 1 MiB"):
        Connection(server.url).get("x", accept=JSON, most=2**20)


def _always(answer, *_):
    return answer


def stored(uid):
    return {"00081155": {"vr": "UI", "Value": [uid]}, "00081197": {"vr": "US", "Value": [0x0110]}}


@pytest.mark.parametrize("status", [200, 202, 409])
def test_a_result_that_is_not_stored_is_told(standin, status):
    made = dataset(ramp())
    answer = {"00081198": {"vr": "SQ", "Value": [stored(str(made.SOPInstanceUID))]}}
    with pytest.raises(BonefracError, match=r"1 of 1 results \(failure reason 0110H\)"):
        archive(standin(lambda *_: told(answer, status))).store(STUDY, [made])


def test_a_result_must_be_confirmed(standin):
    made = dataset(ramp())
    for answer, status in (({}, 202), ({"00081199": {"Value": [stored("1.2")]}}, 200)):
        server = standin(functools.partial(_always, told(answer, status)))
        with pytest.raises(BonefracError, match="did not store 1 of 1"):
            archive(server).store(STUDY, [made])
    confirmed = {"00081199": {"Value": [stored(str(made.SOPInstanceUID))]}}
    server = standin(lambda *_: told(confirmed))
    archive(server).store(STUDY, [made])
    ((method, path, _query, headers, body),) = server.asked
    assert (method, path) == ("POST", "/web/studies/1.2.3")
    assert headers["Content-Type"].startswith('multipart/related; type="application/dicom"')
    assert encoded(made) in body


def test_nothing_is_stored_of_nothing(standin):
    server = standin(lambda *_: told({}))
    archive(server).store(STUDY, [])
    assert server.asked == []


@pytest.fixture
def certificate(tmp_path):
    """A certificate that no authority signed: its file and that of its key."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    pem, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    words = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    more = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(pem)]
    subprocess.run(["openssl", *words.split(), *more], check=True, capture_output=True)
    return pem, key


def test_a_certificate_of_nobody_is_refused_until_it_is_named(standin, certificate, monkeypatch):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    server = standin(lambda *_: told([of_series("1.2.3.4")]), secure=context)
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    with pytest.raises(BonefracError, match=r"no trusted connection \(self.signed certificate\)"):
        archive(server, "Bearer secret").series(STUDY)
    assert server.asked == []
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate[0]))
    assert archive(server).series(STUDY) == [SERIES]


def test_https_with_an_archive_that_speaks_http(standin):
    server = standin(lambda *_: told([]))
    server.url = server.url.replace("http", "https")
    with pytest.raises(BonefracError, match="speaks https"):
        archive(server).series(STUDY)
