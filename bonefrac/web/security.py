"""Who may ask, how often, and what every answer tells the browser."""

import hmac
import time
from collections import OrderedDict
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bonefrac.web.settings import LOOPBACK, Settings

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


class Door:
    """The middleware in front of everything.

    Args:
        app: behind it.
        settings: of the server.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app, self._settings = app, settings
        self._rates = Rates(settings.rate, settings.burst)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or let through and add the headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = {name for name, _ in message["headers"]}
                extra = [(k.encode(), v.encode()) for k, v in HEADERS.items()]
                message["headers"] = [
                    *message["headers"],
                    *(pair for pair in extra if pair[0] not in own),
                ]
            await send(message)

        refusal = self._refusal(scope)
        await (refusal or self._app)(scope, receive, with_headers)

    def _refusal(self, scope: Scope) -> Response | None:
        headers, path = Headers(scope=scope), scope["path"]
        host = headers.get("host", "")
        if self._settings.is_loopback and _name(host) not in LOOPBACK:
            # A page of another site whose name was made to point here.
            return _refuse(403, f"Host {host[:80]!r}", "localhost", "Call it by that name")
        origin = headers.get("origin")
        foreign = origin is not None and origin.partition("://")[2] != host
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


def _caller(scope: Scope) -> str:
    return scope["client"][0] if scope.get("client") else ""
