"""Files in the body of a message."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bonefrac.errors import BonefracError
from bonefrac.inference.dicomweb.multipart import pack, unpack

# Bytes that look like the end of a part, and any others.
FILES = st.lists(
    st.one_of(
        st.binary(max_size=40), st.sampled_from([b"\r\n", b"--", b"\r\n--", b"\r\n\r\n--x--"])
    ),
    min_size=1,
    max_size=4,
)


@given(FILES)
def test_what_is_packed_is_unpacked(files):
    assert unpack(*pack(files)) == files


@given(FILES, st.integers(1, 200))
def test_a_body_that_is_cut_short_is_refused(files, less):
    kind, body = pack(files)
    boundary = kind.partition('boundary="')[2].rstrip('"').encode()
    cut = body[: max(0, len(body) - less)]
    if cut.endswith((b"--" + boundary + b"--", b"--" + boundary + b"--\r")):
        assert unpack(kind, cut) == files  # all of the files are there
        return
    with pytest.raises(BonefracError, match="cut short"):
        unpack(kind, cut)


def test_headers_a_preamble_and_an_epilogue_are_no_part_of_the_file():
    body = (
        b"for people\r\n--b\r\nContent-Type: x\r\nContent-Length: 4\r\n\r\n\r\nab\r\n--b--\r\nend"
    )
    assert unpack("Multipart/Related; boundary=b", body) == [b"\r\nab"]
    assert unpack('multipart/related; boundary="b"', b"--b\r\n\r\nab\r\n--b--") == [b"ab"]


def test_one_file_may_be_the_body():
    assert unpack("application/dicom; transfer-syntax=x", b"DICM") == [b"DICM"]


@pytest.mark.parametrize(
    "kind", ["", "text/html", "multipart/related", "multipart/mixed; boundary=b"]
)
def test_another_content_type_is_refused(kind):
    with pytest.raises(BonefracError, match="multipart/related"):
        unpack(kind, b"--b\r\n\r\nab\r\n--b--")
