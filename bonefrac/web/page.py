"""The page's files: a fixed list, read once."""

from importlib.resources import files
from typing import NamedTuple

from fastapi import APIRouter, HTTPException, Response

_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".png": "image/png",
}


class File(NamedTuple):
    """One packaged file."""

    content: bytes
    media_type: str


def router() -> APIRouter:
    """`/` and `/static/NAME`; a name is looked up in a list, never on the disk."""
    routes = APIRouter(include_in_schema=False)
    static, index = _static(), _index()

    @routes.get("/")
    def page() -> Response:
        return Response(index, media_type="text/html; charset=utf-8")

    @routes.get("/static/{name}")
    def file(name: str) -> Response:
        if name not in static:
            raise HTTPException(404)
        return Response(static[name].content, media_type=static[name].media_type)

    return routes


def _static() -> dict[str, File]:
    folder = files("bonefrac.web") / "static"
    found = (each for each in folder.iterdir()) if folder.is_dir() else ()
    return {
        each.name: File(each.read_bytes(), _TYPES[suffix])
        for each in found
        if (suffix := each.name[each.name.rfind(".") :]) in _TYPES
    }


def _index() -> bytes:
    return (files("bonefrac.web") / "templates" / "index.html").read_bytes()
