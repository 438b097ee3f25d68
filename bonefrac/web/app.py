"""The application: routes, errors and counts put together."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator, Callable

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from bonefrac import __version__
from bonefrac.errors import BonefracError, in_one_line
from bonefrac.schema import NOT_A_DEVICE
from bonefrac.web import openinference, page, predict, tfserving
from bonefrac.web.answers import error_json
from bonefrac.web.desk import FullError
from bonefrac.web.metrics import CONTENT_TYPE
from bonefrac.web.models import UnknownModelError
from bonefrac.web.security import Door, TooLargeError, slow_down
from bonefrac.web.service import Service
from bonefrac.web.settings import Settings

_PROTOCOLS = ("/v1/models/", "/v2/")  # whose errors are one line of text
_RETRY = 2.0  # seconds


def create_app(settings: Settings) -> FastAPI:
    """Load the models and build the application.

    Raises:
        BonefracError: a model cannot be loaded.
    """
    service = Service(settings)
    app = FastAPI(
        title="bonefrac",
        version=__version__,
        description=f"Find and outline bone fractures in X-rays. {NOT_A_DEVICE}",
        docs_url=None,  # their pages load scripts from elsewhere
        redoc_url=None,
        lifespan=_lifespan(service),
    )
    app.state.service = service
    for routes in (
        predict.router(service),
        tfserving.router(service),
        openinference.router(service),
        page.router(),
    ):
        app.include_router(routes)
    _add_health(app, service)
    _add_errors(app)
    app.add_middleware(Door, settings=settings, metrics=service.metrics)
    return app


def _lifespan(
    service: Service,
) -> Callable[[FastAPI], contextlib.AbstractAsyncContextManager[None]]:
    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):  # main thread only
            loop.add_signal_handler(
                signal.SIGHUP, lambda: loop.run_in_executor(None, _reload, service)
            )
        loop.run_in_executor(None, service.warm)
        yield
        service.close()

    return lifespan


def _reload(service: Service) -> None:
    try:
        service.reload()
        print("models loaded anew", file=sys.stderr)
    except BonefracError as error:
        print(f"the old models stay: {in_one_line(error)}", file=sys.stderr)


def _add_health(app: FastAPI, service: Service) -> None:
    @app.get("/healthz", tags=["health"], summary="Whether the server lives")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/readyz", tags=["health"], summary="Whether it answers")
    def readyz() -> JSONResponse:
        names = [model.name for model in service.models]
        state = "stopping" if service.is_stopping else "ready"
        return JSONResponse({"status": state, "models": names}, 503 if service.is_stopping else 200)

    @app.get("/metrics", tags=["health"], summary="Counts for Prometheus")
    def metrics() -> Response:
        return Response(service.metrics.text(), media_type=CONTENT_TYPE)


def _add_errors(app: FastAPI) -> None:
    def told(request: Request, status: int, error: BonefracError) -> Response:
        plain = request.url.path.startswith(_PROTOCOLS)
        content = {"error": in_one_line(error)} if plain else error_json(error)
        return JSONResponse(content, status)

    @app.exception_handler(BonefracError)
    async def bad(request: Request, error: BonefracError) -> Response:
        kinds = {UnknownModelError: 404, TooLargeError: 413}
        return told(request, kinds.get(type(error), 422), error)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        fix = "See /openapi.json"
        return told(request, 400, BonefracError(where, expected=first["msg"], fix=fix))

    @app.exception_handler(HTTPException)
    async def known(request: Request, error: HTTPException) -> Response:
        fix = "See /openapi.json"
        shown = BonefracError(
            f"{request.method} {request.url.path[:80]}", expected=str(error.detail), fix=fix
        )
        return told(request, error.status_code, shown)

    @app.exception_handler(FullError)
    async def full(_: Request, __: FullError) -> Response:
        return slow_down(503, "Too many requests wait", _RETRY)

    @app.exception_handler(TimeoutError)
    async def late(request: Request, _: TimeoutError) -> Response:
        error = BonefracError(
            "A radiograph that takes too long", expected="a smaller one", fix="Send it alone"
        )
        return told(request, 504, error)
