"""`/v1/predict` and `/v1/models`: the page's own interface."""

import asyncio
import io
import json
from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response

from bonefrac.errors import BonefracError
from bonefrac.inference.finding import Finding
from bonefrac.web.answers import LAYERS, card_json, finding_json, png
from bonefrac.web.service import Service
from bonefrac.web.upload import uploaded

DICOM = "application/dicom"
_EXAMPLE = {
    "image": "wrist.png",
    "probability": 0.83,
    "verdict": "fracture",
    "reason": "",
    "uncertainty": None,
    "boxes": [{"x": 148, "y": 174, "width": 19, "height": 65, "score": 0.93, "area": 812}],
    "spacing": None,
    "model": "unet_tiny.fracatlas",
    "elapsed_ms": 41.2,
    "notes": [],
    "width": 373,
    "height": 454,
    "use": "Research use only. Not a medical device.",
}
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_UPLOADS = ("application/octet-stream", "image/png", "image/jpeg", "image/tiff", DICOM)
_BODY = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "properties": {"file": {"type": "string", "format": "binary"}},
                "required": ["file"],
            }
        },
        **dict.fromkeys(_UPLOADS, _BINARY),
    },
}
_ANSWER = {
    "description": "The finding; the overlay for Accept: image/png, a DICOM object for Accept: "
    "application/dicom",
    "content": {
        "application/json": {"example": _EXAMPLE},
        "image/png": _BINARY,
        DICOM: _BINARY,
    },
}
_ERROR = {
    "content": {
        "application/json": {
            "example": {
                "error": {
                    "received": "x.png is 4 bytes, starting b'none'",
                    "expected": "a complete PNG, JPEG, TIFF picture of at most 80 Mpx",
                    "fix": "Convert it to one of them",
                }
            }
        }
    }
}
ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"description": "No picture, or a wrong option", **_ERROR},
    401: {"description": "No valid token", **_ERROR},
    403: {"description": "Asked by another site", **_ERROR},
    404: {"description": "No such model", **_ERROR},
    413: {"description": "A body that is too large"},
    422: {"description": "A file that is no radiograph", **_ERROR},
    429: {"description": "Too many requests; Retry-After says when", **_ERROR},
    503: {"description": "Too many wait, or the server stops; Retry-After says when", **_ERROR},
    504: {"description": "It took too long", **_ERROR},
}


def router(service: Service) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/v1", tags=["bonefrac"])

    @routes.get("/models", summary="The models, the default first")
    def models() -> dict[str, Any]:
        return {"models": [card_json(model.card) for model in service.models]}

    @routes.post(
        "/predict",
        summary="The finding on one radiograph",
        responses={**ERRORS, 200: _ANSWER},
        openapi_extra={"requestBody": _BODY},
    )
    async def predict(
        request: Request,
        model: Annotated[str | None, Query(description="Name; the first where left out")] = None,
        include: Annotated[
            str, Query(description=f"Layers to send, by commas: {', '.join(LAYERS)}")
        ] = "",
        kind: Annotated[
            Literal["seg", "sr", "sc"], Query(description="Of the DICOM object")
        ] = "seg",
    ) -> Response:
        chosen, layers = service.models.get(model), _layers(include)
        # A caller who sends a byte a minute must not keep a place for ever.
        data, name = await asyncio.wait_for(uploaded(request), service.settings.seconds)
        finding = await service.find(chosen, data, name)
        write, media_type = _form(request.headers.get("accept", ""), finding, data, kind, layers)
        return Response(await service.do(write), media_type=media_type)

    @routes.post(
        "/models/{name}:reload",
        summary="Load a model anew; the old one stays if that fails",
        responses=ERRORS,
    )
    async def reload(name: str) -> dict[str, Any]:
        await service.do(lambda: service.reload(name))
        return card_json(service.models.get(name).card)

    return routes


def _form(
    accept: str, finding: Finding, data: bytes, kind: str, layers: list[str]
) -> tuple[Callable[[], bytes], str]:
    """What writes the answer that is accepted, and its type."""
    if "image/png" in accept:
        return lambda: png(finding.overlay()), "image/png"
    if DICOM in accept:
        return lambda: _dicom(finding, data, kind), DICOM
    return lambda: json.dumps(finding_json(finding, layers)).encode(), "application/json"


def _layers(include: str) -> list[str]:
    wanted = [name for name in include.split(",") if name]
    if not set(wanted) <= set(LAYERS):
        raise BonefracError(
            f"include={include[:80]!r}",
            expected=f"some of {', '.join(LAYERS)}",
            fix="Name them, by commas",
        )
    return wanted


def _dicom(finding: Finding, data: bytes, kind: str) -> bytes:
    made = finding.to_dicom(data, kinds=(kind,))
    if kind not in made:
        raise BonefracError(
            f"A finding of {finding.verdict!r} without an outline",
            expected=f"something to put into kind={kind}",
            fix="Ask for kind=sr",
        )
    stream = io.BytesIO()
    made[kind].save_as(stream, enforce_file_format=True)
    return stream.getvalue()
