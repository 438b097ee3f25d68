"""Pseudonyms: the same for the same value and key, and not to be had without the key."""

import base64
import hashlib
import hmac
from pathlib import Path

from bonefrac.errors import BonefracError

_LEAST_BYTES = 32
# 80 bits: among a million patients, two share a pseudonym with a chance of 4e-13.
_PSEUDONYM_BYTES = 10


class Key:
    """A secret that turns identifiers into pseudonyms (HMAC-SHA256, RFC 2104).

    Without it nobody can try all patient numbers until one fits, as with a plain hash. Whoever has
    it can.

    Args:
        secret: at least 32 bytes.

    Raises:
        BonefracError: the secret is shorter.
    """

    def __init__(self, secret: bytes) -> None:
        if len(secret) < _LEAST_BYTES:
            raise BonefracError(
                f"A key of {len(secret)} bytes",
                expected=f"at least {_LEAST_BYTES}, all of them random",
                fix="Make one with openssl rand -hex 32",
            )
        self._secret = secret

    def __repr__(self) -> str:
        return f"Key({self.pseudonym('key', '')})"  # tells keys apart, and nothing of the secret

    @classmethod
    def read(cls, path: Path) -> "Key":
        """The content of a file, without white space at its ends.

        Raises:
            BonefracError: no such file, or too little in it.
        """
        if not path.is_file():
            raise BonefracError(
                f"The key {path} does not exist",
                expected="a file with a secret",
                fix=f"Make one with openssl rand -hex 32 > {path}, and keep it from the data",
            )
        secret = path.read_bytes().strip()
        if len(secret) < _LEAST_BYTES:
            raise BonefracError(
                f"The key {path} has {len(secret)} bytes",
                expected=f"at least {_LEAST_BYTES}, all of them random",
                fix=f"Make one with openssl rand -hex 32 > {path}",
            )
        return cls(secret)

    def uid(self, uid: str) -> str:
        """Another UID: a UUID of version 8 (RFC 9562) below 2.25 (PS3.5 B.2)."""
        number = int.from_bytes(self._digest("uid", uid)[:16], "big")
        number = number & ~(0xF << 76) | 8 << 76
        return f"2.25.{number & ~(0b11 << 62) | 0b10 << 62}"

    def pseudonym(self, kind: str, value: str) -> str:
        """16 letters and digits for a value; other ones where the same value is of another kind.

        Args:
            kind: what the value is ("patient").
            value: white space at its ends does not count, DICOM pads with it.
        """
        digest = self._digest(kind, value.strip())[:_PSEUDONYM_BYTES]
        return base64.b32encode(digest).decode()

    def _digest(self, kind: str, value: str) -> bytes:
        message = kind.encode() + b"\0" + value.strip(" \0").encode()
        return hmac.digest(self._secret, message, hashlib.sha256)
