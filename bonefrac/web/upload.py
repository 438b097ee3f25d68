"""The picture in a request: in memory only, under a name that says nothing of folders."""

import re
from pathlib import PurePosixPath, PureWindowsPath

from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from bonefrac.errors import BonefracError

NAMELESS = "<upload>"
_LONGEST_NAME = 120
_FORM = "multipart/form-data"
_FIX = "Send the file as the body, or as the part 'file' of a form"


class _InMemory(MultiPartParser):
    """Starlette writes parts of more than a megabyte to disk; what is of a patient stays off it."""

    spool_max_size = 2**62


async def uploaded(request: Request) -> tuple[bytes, str]:
    """Bytes and name of the picture in a request.

    Raises:
        BonefracError: there is none, or more than one.
    """
    kind = request.headers.get("content-type", "")
    if not kind.lower().startswith(_FORM):
        data = await request.body()
        if not data:
            raise BonefracError("An empty body", expected="a radiograph", fix=_FIX)
        return data, NAMELESS
    try:
        form = await _InMemory(request.headers, request.stream(), max_files=1, max_fields=0).parse()
    except BonefracError:  # a body that is too large
        raise
    except (MultiPartException, KeyError, ValueError) as error:
        message = getattr(error, "message", str(error))
        raise BonefracError(f"A form ({message})", expected="one part 'file'", fix=_FIX) from None
    file = form.get("file")
    if file is None or isinstance(file, str):
        raise BonefracError("A form without 'file'", expected="one part 'file'", fix=_FIX)
    try:
        return await file.read(), plain_name(file.filename or "")
    finally:
        await file.close()


def plain_name(name: str) -> str:
    """The last part of a file name, printable and short."""
    last = PurePosixPath(PureWindowsPath(name).name).name
    printable = re.sub(r"[^\w .()+-]", "_", last).strip()
    return printable[:_LONGEST_NAME] or NAMELESS
