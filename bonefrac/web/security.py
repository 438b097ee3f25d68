"""Who may ask, how often, and what every answer tells the browser."""

import hmac
import sys
import time
from collections import OrderedDict
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bonefrac.errors import BonefracError
from bonefrac.web.metrics import Metrics
from bonefrac.web.settings import Settings

HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data: blob:; connect-src 'self'; manifest-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cache-control": "no-store",
}
_GUARDED = ("/v1", "/v2", "/metrics")
_HEALTH = ("/v2/health",)
_CALLERS = 10_000  # that a rate is kept of


class Rates:
    """A bucket of tokens for each caller (rate a second, at most `burst`).

    Args:
        rate: tokens that a bucket gains in a second.
        burst: tokens that it holds.
        clock: gives seconds.
    """

    def __init__(
        self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, caller: str) -> float:
        """Take a token; 0, or the seconds until there is one."""
        if not self._rate:
            return 0.0
        now = self._clock()
        tokens, then = self._buckets.pop(caller, (float(self._burst), now))
        tokens = min(self._burst, tokens + (now - then) * self._rate)
        enough = tokens >= 1
        self._buckets[caller] = (tokens - enough, now)
        if len(self._buckets) > _CALLERS:
            self._buckets.popitem(last=False)
        return 0.0 if enough else (1 - tokens) / self._rate


class TooLargeError(BonefracError):
    """A body has more bytes than it may."""


class Door:
    """The middleware in front of everything.

    Args:
        app: behind it.
        settings: of the server.
        metrics: that count what went through.
    """

    def __init__(self, app: ASGIApp, settings: Settings, metrics: Metrics) -> None:
        self._app, self._settings, self._metrics = app, settings, metrics
        self._rates = Rates(settings.rate, settings.burst)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or let through and add the headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        started, status, read = time.perf_counter(), 0, 0

        async def with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                own = {name for name, _ in message["headers"]}
                extra = [(k.encode(), v.encode()) for k, v in HEADERS.items()]
                message["headers"] = [
                    *message["headers"],
                    *(pair for pair in extra if pair[0] not in own),
                ]
            await send(message)

        async def with_limit() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self._settings.body:
                raise self._too_large(f"A body of more than {self._settings.body} bytes")
            return message

        try:
            await (self._refusal(scope) or self._app)(scope, with_limit, with_headers)
        except ClientDisconnect:
            return
        except Exception as error:  # its text may be of a patient: only its kind is told
            print(f"error: {type(error).__name__} at {_route(scope)}", file=sys.stderr)
            if not status:
                failed = _refuse(500, "A request", "one that is answered", "Tell the authors")
                await failed(scope, receive, with_headers)
        self._metrics.requests.labels(_route(scope), str(status)).inc()
        self._metrics.seconds.labels(_route(scope)).observe(time.perf_counter() - started)

    def _too_large(self, received: str) -> TooLargeError:
        most = f"at most {self._settings.body // 2**20} MiB"
        return TooLargeError(received, expected=most, fix="Send one radiograph at a time")

    def _refusal(self, scope: Scope) -> Response | None:
        headers, path = Headers(scope=scope), scope["path"]
        host = headers.get("host", "")
        names = self._settings.names
        if names and _name(host) not in names:
            # A page of another site whose name was made to point here.
            return _refuse(403, f"Host {host[:80]!r}", names[-1], "Call it by that name")
        length = headers.get("content-length", "0")
        if length.isdecimal() and int(length) > self._settings.body:
            error = self._too_large(f"A body of {length[:20]} bytes")
            return _refuse(413, error.received, error.expected, error.fix)
        origin = headers.get("origin")
        foreign = origin is not None and origin.partition("://")[2] not in (
            host,
            self._settings.public_host or host,
        )
        if scope["method"] == "POST" and (
            foreign or headers.get("sec-fetch-site") in ("cross-site", "same-site")
        ):
            return _refuse(403, "A request from another site", "one from this page", "Ask here")
        if path.startswith(_GUARDED) and not path.startswith(_HEALTH):
            if not self._is_known(headers):
                told = _refuse(401, "No valid token", "Authorization: Bearer TOKEN", "Send it")
                told.headers["www-authenticate"] = "Bearer"
                return told
            seconds = self._rates.wait(_caller(scope)) if scope["method"] == "POST" else 0.0
            if seconds:
                return slow_down(429, "Too many requests", seconds)
        return None

    def _is_known(self, headers: Headers) -> bool:
        wanted = self._settings.token
        kind, _, given = headers.get("authorization", "").partition(" ")
        same = hmac.compare_digest(given.strip().encode(), wanted.encode())
        return not wanted or (same and kind.lower() == "bearer")


def slow_down(status: int, received: str, seconds: float) -> Response:
    """Tell a caller to come back."""
    told = _refuse(status, received, "fewer at a time", f"Come back in {seconds:.0f} s")
    told.headers["retry-after"] = str(max(1, round(seconds)))
    return told


def _refuse(status: int, received: str, expected: str, fix: str) -> Response:
    error = {"received": received, "expected": expected, "fix": fix}
    return JSONResponse({"error": error}, status)


def _name(host: str) -> str:
    """`localhost:8000` -> `localhost`, `[::1]:8000` -> `::1`."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def _route(scope: Scope) -> str:
    """The pattern of the path, which holds nothing that a caller wrote."""
    return getattr(scope.get("route"), "path", "other")


def _caller(scope: Scope) -> str:
    return scope["client"][0] if scope.get("client") else ""
