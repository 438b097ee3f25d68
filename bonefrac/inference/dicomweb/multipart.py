"""DICOM files in the body of an HTTP message: multipart/related, RFC 2387 and RFC 2046 5.1."""

import hashlib
from collections.abc import Sequence
from email.message import Message

from bonefrac.errors import BonefracError

DICOM = "application/dicom"
_BREAK = b"\r\n"


def pack(files: Sequence[bytes]) -> tuple[str, bytes]:
    """Put files in one body.

    Returns:
        The content type and the body. The boundary follows from the files: it cannot be in them.
    """
    boundary = hashlib.sha256(b"".join(hashlib.sha256(file).digest() for file in files)).hexdigest()
    line = b"--" + boundary.encode()
    parts = [
        _BREAK.join((line, b"Content-Type: " + DICOM.encode(), b"", file, b"")) for file in files
    ]
    kind = f'multipart/related; type="{DICOM}"; boundary="{boundary}"'
    return kind, b"".join(parts) + line + b"--" + _BREAK


def unpack(kind: str, body: bytes) -> list[bytes]:
    """Take files out of a body that is multipart/related, or is itself the one file.

    Args:
        kind: the content type.

    Raises:
        BonefracError: another content type, no boundary, or a body that is cut short.
    """
    header = Message()
    header["Content-Type"] = kind
    if header.get_content_type() == DICOM:
        return [body]
    boundary = header.get_param("boundary")
    if header.get_content_type() != "multipart/related" or not isinstance(boundary, str):
        raise _error(f"an answer of {kind or 'no content type'}")
    _before, *parts = (_BREAK + body).split(_BREAK + b"--" + boundary.encode())
    if not parts or not parts[-1].startswith(b"--"):
        raise _error(f"an answer of {len(body)} bytes that is cut short")
    return [_content(part) for part in parts[:-1]]


def _content(part: bytes) -> bytes:
    """What follows the empty line behind the headers; there may be no headers."""
    return part.partition(_BREAK * 2)[2]


def _error(received: str) -> BonefracError:
    return BonefracError(
        received, expected="DICOM files in multipart/related", fix="Check the URL of the archive"
    )
