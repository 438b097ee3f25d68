"""Servers that answer as a test says, for what no whole archive does."""

import contextlib
import http.server
import threading
from urllib.parse import parse_qsl, urlsplit

import pytest


class Standin(http.server.ThreadingHTTPServer):
    """Answers a request by `answer(method, path, query, headers, body)`, and keeps requests.

    The answer is a status, headers, and bytes or chunks of them.
    """

    daemon_threads = True

    def __init__(self, answer):
        self.answer, self.asked = answer, []
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = (self.command, parts.path, dict(parse_qsl(parts.query)), self.headers, body)
        self.server.asked.append(request)
        status, headers, content = self.server.answer(*request)
        self.send_response(status)
        chunks = [content] if isinstance(content, bytes) else content
        length = {"Content-Length": str(len(content))} if isinstance(content, bytes) else {}
        for name, value in {**length, **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        for chunk in chunks:
            self.wfile.write(chunk)
            self.wfile.flush()

    do_POST = do_GET  # noqa: N815 - http.server calls it so

    def log_message(self, *_):
        pass


@pytest.fixture
def standin():
    """`standin(answer)` is a server that runs until the end of the test, at `.url`."""
    with contextlib.ExitStack() as stack:

        def start(answer, *, secure=None):
            server = stack.enter_context(Standin(answer))
            if secure is not None:
                server.socket = secure.wrap_socket(server.socket, server_side=True)
            server.url = f"http{'s' if secure else ''}://127.0.0.1:{server.server_address[1]}/web"
            thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
            return server

        yield start
