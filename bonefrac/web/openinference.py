"""The Open Inference Protocol, version 2 (https://github.com/kserve/open-inference-protocol)."""

from typing import Any

import numpy as np
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from bonefrac import __version__, schema
from bonefrac.errors import BonefracError
from bonefrac.web.batches import Square
from bonefrac.web.models import Model
from bonefrac.web.service import Service
from bonefrac.web.tfserving import FIX, MOST, decoded, described, json_body, squares

_EXAMPLE = {
    "name": "image_bytes",
    "shape": [1],
    "datatype": "BYTES",
    "data": ["iVBORw0KGgo..."],
}


def router(service: Service) -> APIRouter:
    """The routes; their errors are `{"error": "one line"}`, as the protocol has them."""
    routes = APIRouter(prefix="/v2", tags=["Open Inference Protocol"])

    @routes.get("", summary="The server")
    def server() -> dict[str, Any]:
        return {"name": "bonefrac", "version": __version__, "extensions": []}

    @routes.get("/health/live", summary="Whether the server lives")
    def live() -> dict[str, bool]:
        return {"live": True}

    @routes.get("/health/ready", summary="Whether it answers")
    def ready() -> JSONResponse:
        return JSONResponse({"ready": not service.is_stopping}, 503 if service.is_stopping else 200)

    @routes.get("/models/{name}", summary="Inputs and outputs of a model")
    def metadata(name: str) -> dict[str, Any]:
        return _metadata(service.models.get(name))

    @routes.get("/models/{name}/ready", summary="Whether a model answers")
    def model_ready(name: str) -> dict[str, Any]:
        return {"name": service.models.get(name).name, "ready": True}

    @routes.post(
        "/models/{name}/infer",
        summary="Answers on the letterboxed square",
        openapi_extra=described({"inputs": [_EXAMPLE]}),
    )
    async def infer(name: str, request: Request) -> JSONResponse:
        model = service.models.get(name)
        body = await json_body(request)
        answers = await _answers(service, model, body)
        told = {"model_name": model.name, "outputs": _outputs(answers, model.card.image_size)}
        if isinstance(body.get("id"), str):
            told["id"] = body["id"]
        return JSONResponse(told)

    return routes


def _metadata(model: Model) -> dict[str, Any]:
    size = model.card.image_size
    mask = {"name": schema.MASK_PROBABILITY, "datatype": "FP32", "shape": [-1, size, size, 1]}
    probability = {"name": schema.FRACTURE_PROBABILITY, "datatype": "FP32", "shape": [-1, 1]}
    return {
        "name": model.name,
        "platform": "bonefrac",
        "versions": ["1"],
        "inputs": [
            {"name": schema.IMAGE, "datatype": "FP32", "shape": [-1, size, size, 1]},
            {"name": schema.IMAGE_BYTES, "datatype": "BYTES", "shape": [-1]},
        ],
        "outputs": [mask, probability],
    }


async def _answers(service: Service, model: Model, body: dict[str, Any]) -> list[Square]:
    inputs = body.get("inputs")
    only = inputs[0] if isinstance(inputs, list) and len(inputs) == 1 else None
    if not isinstance(only, dict) or not isinstance(only.get("data"), list):
        raise BonefracError("A request", expected="one input with 'data'", fix=FIX)
    if only.get("name") == schema.IMAGE and only.get("datatype") == "FP32":
        return await service.answers(model, squares(only["data"], model.card.image_size))
    if only.get("name") == schema.IMAGE_BYTES and only.get("datatype") == "BYTES":
        if not 0 < len(only["data"]) <= MOST:
            raise BonefracError(
                f"{len(only['data'])} pictures", expected=f"1 to {MOST}", fix="Send fewer"
            )
        return await service.squares_of(model, [decoded(text) for text in only["data"]])
    raise BonefracError(
        "An input", expected="image as FP32, or image_bytes as BYTES in base64", fix=FIX
    )


def _outputs(answers: list[Square], size: int) -> list[dict[str, Any]]:
    masks = np.stack([mask for mask, _ in answers])
    count = len(answers)
    return [
        {
            "name": schema.MASK_PROBABILITY,
            "datatype": "FP32",
            "shape": [count, size, size, 1],
            "data": masks.ravel().tolist(),
        },
        {
            "name": schema.FRACTURE_PROBABILITY,
            "datatype": "FP32",
            "shape": [count, 1],
            "data": [probability for _, probability in answers],
        },
    ]
