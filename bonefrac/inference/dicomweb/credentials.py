"""The secret that an archive asks for: from a file or the environment, never from an argument."""

import base64
import os
import re
from collections.abc import Mapping
from pathlib import Path

from bonefrac.errors import BonefracError

VARIABLE = "BONEFRAC_DICOMWEB_AUTH"
# RFC 6750 2.1: a token has no colon, and `user:password` has one.
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")
_LONGEST = 16_384  # the tokens of large hospitals have a few thousand letters


def authorization(file: Path | None, *, environ: Mapping[str, str] = os.environ) -> str | None:
    """The value of the HTTP header Authorization.

    Args:
        file: of one line, `user:password` or a bearer token; without it, what `VARIABLE` holds.
        environ: where to look for it.

    Returns:
        The value, or None where there is neither.

    Raises:
        BonefracError: the file cannot be read, or is no such line. It is never quoted.
    """
    if file is None:
        found = environ.get(VARIABLE)
        return None if found is None else _header(found, VARIABLE)
    try:
        with file.open(encoding="utf-8") as lines:
            return _header(lines.read(_LONGEST + 1), str(file))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "no UTF-8"
        raise BonefracError(
            f"{file} cannot be read ({reason})", expected="one line of credentials", fix="Check it"
        ) from None


def _header(secret: str, name: str) -> str:
    secret = secret.strip("\r\n")
    user, colon, _password = secret.partition(":")
    if colon and user and secret.isprintable() and len(secret) <= _LONGEST:
        return "Basic " + base64.b64encode(secret.encode()).decode()  # RFC 7617
    if _TOKEN.fullmatch(secret) and len(secret) <= _LONGEST:
        return f"Bearer {secret}"
    raise BonefracError(
        f"{name} holds neither user:password nor a token",
        expected="one line of either",
        fix="Write it again",
    )
