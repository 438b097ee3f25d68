"""TensorFlow Serving's REST interface, as far as its clients send pictures and squares."""

import base64
import binascii
import json
from typing import Any

import numpy as np
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from bonefrac import schema
from bonefrac.errors import BonefracError
from bonefrac.schema import PIXEL_MAX
from bonefrac.web.batches import Square
from bonefrac.web.models import Model
from bonefrac.web.service import Service

MOST = 32  # instances in a request
FIX = "See docs/reference/api.md"


def described(example: dict[str, Any]) -> dict[str, Any]:
    """What OpenAPI says of a route that takes a JSON object."""
    content = {"schema": {"type": "object"}, "example": example}
    return {"requestBody": {"required": True, "content": {"application/json": content}}}


def router(service: Service) -> APIRouter:
    """The routes; their errors are `{"error": "one line"}`, as that server has them."""
    routes = APIRouter(prefix="/v1/models", tags=["TensorFlow Serving"])

    @routes.get("/{name}", summary="Whether a model is served")
    def status(name: str) -> dict[str, Any]:
        service.models.get(name)
        version = {
            "version": "1",
            "state": "AVAILABLE",
            "status": {"error_code": "OK", "error_message": ""},
        }
        return {"model_version_status": [version]}

    @routes.post(
        "/{name}:predict",
        summary="Answers on the letterboxed square",
        openapi_extra=described({"instances": [{"b64": "iVBORw0KGgo..."}]}),
    )
    async def predict(name: str, request: Request) -> JSONResponse:
        model = service.models.get(name)
        body = await json_body(request)
        rows = "instances" in body
        answers = await _answers(service, model, body)
        told = [_row(answer) for answer in answers]
        if rows:
            return JSONResponse({"predictions": told})
        columns = {key: [row[key] for row in told] for key in told[0]}
        return JSONResponse({"outputs": columns})

    return routes


async def json_body(request: Request) -> dict[str, Any]:
    """The body of a request.

    Raises:
        BonefracError: it is no JSON object.
    """
    content = await request.body()
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise BonefracError("A body", expected="a JSON object", fix=FIX)
    return body


def squares(values: Any, size: int) -> np.ndarray:
    """Nested lists or flat numbers -> float32 [N, S, S], N from 1 to `MOST`.

    Raises:
        BonefracError: they are not that many numbers, or not gray values.
    """
    wanted = BonefracError(
        "Squares of another kind",
        expected=f"up to {MOST} of [{size}, {size}, 1], each value from 0 to 255",
        fix=FIX,
    )
    try:
        array = np.asarray(values, np.float32).reshape(-1, size, size)
    except (ValueError, TypeError, OverflowError):
        raise wanted from None
    if not (0 < len(array) <= MOST) or not ((array >= 0) & (array <= PIXEL_MAX)).all():
        raise wanted  # NaN, too
    return array


def decoded(value: Any) -> bytes:
    """The bytes of `{"b64": text}` or of the text itself.

    Raises:
        BonefracError: it is no base64.
    """
    text: Any = value.get("b64") if isinstance(value, dict) else value
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, TypeError, ValueError):
        raise BonefracError("A picture", expected='{"b64": "base64"}', fix=FIX) from None


async def _answers(service: Service, model: Model, body: dict[str, Any]) -> list[Square]:
    given = body.get("instances", body.get("inputs"))
    if isinstance(given, dict):  # the columns of the only input, under its name
        given = given.get(schema.IMAGE_BYTES, given.get(schema.IMAGE))
        given = [given] if isinstance(given, dict) else given
    if not isinstance(given, list) or not 0 < len(given) <= MOST:
        raise BonefracError("A request", expected=f"'instances' or 'inputs', 1 to {MOST}", fix=FIX)
    if body.get("signature_name", schema.SERVING_DEFAULT) == schema.SERVE_TENSOR:
        values = [x.get(schema.IMAGE) if isinstance(x, dict) else x for x in given]
        return await service.answers(model, squares(values, model.card.image_size))
    pictures = [x.get(schema.IMAGE_BYTES, x) if isinstance(x, dict) else x for x in given]
    return await service.squares_of(model, [decoded(picture) for picture in pictures])


def _row(answer: Square) -> dict[str, Any]:
    mask, probability = answer
    return {
        schema.MASK_PROBABILITY: mask[..., None].tolist(),
        schema.FRACTURE_PROBABILITY: [probability],
    }
