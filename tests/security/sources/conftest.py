"""A git server over https on loopback, with an authority of its own, that can redirect, want a login, or be slow."""

from __future__ import annotations

import base64
import os
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

FILES = {
    "thing.py": "def least(a, b):\n    return a if a > b else b\n",
    "test_thing.py": "from thing import least\n\n\ndef test_least():\n    assert least(1, 2) == 1\n",
}


def make_authority(folder: Path) -> tuple[Path, Path]:
    """A certificate that is its own authority, for localhost and 127.0.0.1, and its key."""
    certificate, key = folder / "ca.pem", folder / "key.pem"
    names = "subjectAltName=DNS:localhost,DNS:git.example,IP:127.0.0.1"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", names, "-addext", "basicConstraints=critical,CA:TRUE",
         "-keyout", key, "-out", certificate],
        capture_output=True, check=True,
    )  # fmt: skip
    return certificate, key


@dataclass
class GitServer:
    """Where it is, what it was asked, and how it behaves. `redirects` are by path; `login` is `user:password`."""

    root: Path
    port: int = 0
    asked: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    redirects: dict[str, str] = field(default_factory=dict)
    login: str = ""
    slow: threading.Event = field(default_factory=threading.Event)
    mode: str = ""

    def url(self, path: str, host: str = "localhost") -> str:
        return f"https://{host}:{self.port}/{path}"


@contextmanager
def serving(root: Path, authority: tuple[Path, Path]) -> Iterator[GitServer]:
    """Serve the repositories in `root` for the block."""
    server = GitServer(root)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._serve(b"")

        def do_POST(self) -> None:
            self._serve(self.rfile.read(int(self.headers.get("Content-Length", "0"))))

        def _serve(self, body: bytes) -> None:
            path, _, query = self.path.partition("?")
            server.asked.append(path)
            server.headers.append(dict(self.headers))
            if target := server.redirects.get(path.removesuffix("/info/refs")):
                self.send_response(302)
                self.send_header("Location", target)
                self.send_header("Content-Length", "0")
                self.end_headers()
            elif server.login and self.headers.get("Authorization") != _basic(server.login):
                self.send_response(401)
                self.send_header("WWW-Authenticate", "Basic")
                self.send_header("Content-Length", "0")
                self.end_headers()
            elif server.mode == "endless":
                self._endless()
            elif server.mode == "endless refs":
                self._endless_refs()
            else:
                self._git(path, query, body)

        def _endless(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Connection", "close")
            self.end_headers()
            while not server.slow.is_set():
                try:
                    self.wfile.write(b"x" * 1000)
                except OSError:
                    return
                time.sleep(0.01)

        def _endless_refs(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/x-git-upload-pack-advertisement")
            self.send_header("Connection", "close")
            self.end_headers()
            try:
                self.wfile.write(b"001e# service=git-upload-pack\n0000")
                while not server.slow.is_set():
                    ref = f"{'1' * 40} refs/heads/{os.urandom(400).hex()}\n".encode()
                    self.wfile.write((b"%04x" % (len(ref) + 4) + ref) * 1000)
            except OSError:
                return

        def _git(self, path: str, query: str, body: bytes) -> None:
            done = subprocess.run(
                ["git", "-c", "safe.directory=*", "http-backend"],
                input=body,
                capture_output=True,
                check=False,
                env={
                    "PATH": os.environ["PATH"],
                    "GIT_PROJECT_ROOT": str(root),
                    "GIT_HTTP_EXPORT_ALL": "1",
                    "REQUEST_METHOD": self.command,
                    "PATH_INFO": path,
                    "QUERY_STRING": query,
                    "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                    "CONTENT_LENGTH": str(len(body)),
                    "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                    "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
                    "REMOTE_ADDR": "127.0.0.1",
                },
            )
            head, _, content = done.stdout.partition(b"\r\n\r\n")
            headers = dict(line.split(": ", 1) for line in head.decode().splitlines())
            self.send_response(int(headers.pop("Status", "200 OK").split()[0]))
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    http = _Quiet(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority)
    http.socket = context.wrap_socket(http.socket, server_side=True)
    server.port = http.server_address[1]
    thread = threading.Thread(target=http.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.slow.set()
        http.shutdown()
        thread.join()
        http.server_close()


class _Quiet(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away early is what some tests want."""


def _basic(login: str) -> str:
    return f"Basic {base64.b64encode(login.encode()).decode()}"


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def server(
    project: Callable[..., Path], git: Callable[..., str], authority: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> Iterator[GitServer]:
    """Serves `hosted`, with a tag and a branch `fixed`; this process and its commands trust its certificate."""
    folder = project(FILES, "served/hosted")
    git("tag", "v1.4.0", cwd=folder)
    git("branch", "fixed", cwd=folder)
    git("checkout", "--quiet", "fixed", cwd=folder)
    (folder / "thing.py").write_text("def least(a, b):\n    return min(a, b)\n")
    git("commit", "--quiet", "--all", "--message", "fix", cwd=folder)
    git("checkout", "--quiet", "main", cwd=folder)
    monkeypatch.setenv("GIT_SSL_CAINFO", str(authority[0]))
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with serving(folder.parent, authority) as made:
        yield made
