"""Serve an application until a signal ends it."""

import contextlib
import sys
from collections.abc import Iterator

import uvicorn

from bonefrac.web.app import create_app
from bonefrac.web.settings import Settings

_GRACE = 30  # seconds that requests have to end in


class _Server(uvicorn.Server):
    """Ends with what it has finished, not with the signal that told it to."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        with super().capture_signals():
            yield
            self._captured_signals.clear()


def run(settings: Settings, *, port: int) -> None:
    """Serve.

    Args:
        settings: of the server.
        port: 0 for any that is free; the line on stderr tells which.

    Raises:
        BonefracError: a model cannot be loaded.
        OSError: the address is taken.
    """
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=port,
        log_level="warning",
        access_log=False,  # names and queries of requests are nobody's business
        server_header=False,
        timeout_graceful_shutdown=_GRACE,
    )
    socket = config.bind_socket()
    socket.listen(config.backlog)  # who reads the line below may call at once
    host, taken = socket.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    print(f"bonefrac serves http://{shown}:{taken} until Ctrl-C", file=sys.stderr, flush=True)
    _Server(config).run(sockets=[socket])
