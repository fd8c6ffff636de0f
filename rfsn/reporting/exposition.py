"""Serving metrics over HTTP on this machine while a command runs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from prometheus_client.exposition import choose_encoder

from rfsn.errors import UsageError
from rfsn.reporting.metrics import Metrics

__all__ = ["serve"]

_HOST = "127.0.0.1"
_POLL_S = 0.1


class _Server(ThreadingHTTPServer):
    """Answers `/metrics` and `/health`. It does not share a port with another process, as it would by default."""

    allow_reuse_port = False

    def __init__(self, port: int, metrics: Metrics) -> None:
        super().__init__((_HOST, port), _Handler)
        self.metrics = metrics

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Show a defect; a client that went away is not one."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = 10.0  # seconds for a client that sends nothing

    def do_GET(self) -> None:
        metrics, path = self.server.metrics, self.path.partition("?")[0]
        if path == "/metrics":
            encode, content_type = choose_encoder(self.headers.get("Accept", ""))
            self._answer(HTTPStatus.OK, content_type, encode(metrics.registry))
        elif path == "/health":
            body = json.dumps({"status": "ok", "sessions_active": metrics.active}).encode()
            self._answer(HTTPStatus.OK, "application/json", body)
        else:
            self._answer(HTTPStatus.NOT_FOUND, "text/plain", b"not found: try /metrics or /health\n")

    def _answer(self, status: HTTPStatus, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing: stderr belongs to the repair."""


@contextmanager
def serve(metrics: Metrics, port: int) -> Iterator[str]:
    """Serve metrics on `port` (0: any free one) while the block runs; gives the address of the page.

    Raises `UsageError` if the port cannot be used.
    """
    try:
        server = _Server(port, metrics)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise UsageError(f"--metrics-port {port}: {why}: choose another, or 0 for any free one") from error
    thread = Thread(target=server.serve_forever, args=(_POLL_S,), name="metrics", daemon=True)
    thread.start()
    try:
        yield f"http://{_HOST}:{server.server_port}/metrics"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
