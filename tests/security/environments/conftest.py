"""What attacks are seen by: canaries on the host, listeners on loopback and on an abstract socket, a package index."""

from __future__ import annotations

import hashlib
import io
import os
import socket
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest


@dataclass
class Listener:
    """A socket of the host that nothing of a repository may reach."""

    address: tuple[str, int] | str
    name: str
    heard: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        family = socket.AF_INET if isinstance(self.address, tuple) else socket.AF_UNIX
        self._socket = socket.socket(family)
        self._socket.bind(self.address)
        self._socket.listen()
        self.bound = self._socket.getsockname()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            with suppress(OSError):
                connection, _ = self._socket.accept()
                with connection:
                    connection.settimeout(1)
                    said = b""
                    with suppress(OSError):
                        said = connection.recv(1000)
                    if said == b"stop":
                        return
                    self.heard.append(said)
                    continue
            return

    def close(self) -> None:
        with socket.socket(self._socket.family) as last:
            last.connect(self.bound)
            last.sendall(b"stop")
        self._thread.join()
        self._socket.close()


@pytest.fixture
def loopback() -> Iterator[Listener]:
    """A service on the host's loopback."""
    listener = Listener(("127.0.0.1", 0), "loopback")
    yield listener
    listener.close()


@pytest.fixture
def abstract() -> Iterator[Listener]:
    """A service on an abstract socket, which only a network namespace keeps away."""
    name = f"\0rfsn-test-{os.urandom(6).hex()}"
    listener = Listener(name, name[1:])
    yield listener
    listener.close()


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    """A folder of the host's user with a secret in it, and nothing else as long as nobody writes there."""
    folder = tmp_path / "of-the-user"
    folder.mkdir()
    (folder / "secret.txt").write_text("the secret of the user")
    return folder


class Index:
    """A package index (PEP 503) on loopback, named by the user's own settings."""

    def __init__(self) -> None:
        self.files: dict[str, dict[str, bytes]] = {}
        self.asked: list[str] = []
        self.wanted: str | None = None
        """The `Authorization` that every request needs; None for an index that anybody may read."""
        index = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                index.asked.append(self.path)
                content = index.page(self.path)
                self.send_response(self._status(content))
                self.send_header("Content-Type", "text/html" if self.path.endswith("/") else "application/octet-stream")
                self.end_headers()
                if self._status(content) == 200:
                    self.wfile.write(content or b"")

            def do_HEAD(self) -> None:
                content = index.page(self.path)
                self.send_response(self._status(content))
                self.send_header("Content-Length", str(len(content or b"")))
                self.end_headers()

            def _status(self, content: bytes | None) -> int:
                if index.wanted not in {None, self.headers["Authorization"]}:
                    return 401
                return 404 if content is None else 200

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/simple/"

    def page(self, path: str) -> bytes | None:
        match path.strip("/").split("/"):
            case ["simple", package] if package in self.files:
                links = (
                    f'<a href="/files/{package}/{name}#sha256={hashlib.sha256(content).hexdigest()}">{name}</a>'
                    for name, content in self.files[package].items()
                )
                return "\n".join(links).encode()
            case ["files", package, name]:
                return self.files.get(package, {}).get(name)
        return None

    def add_source(self, package: str, version: str, files: Mapping[str, str]) -> None:
        """Offer a source distribution, and no wheel."""
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w:gz") as archive:
            for path, text in files.items():
                member = tarfile.TarInfo(f"{package}-{version}/{path}")
                member.size = len(text.encode())
                archive.addfile(member, io.BytesIO(text.encode()))
        self.files.setdefault(package, {})[f"{package}-{version}.tar.gz"] = stream.getvalue()

    def add_wheel(self, package: str, version: str, files: Mapping[str, str], requires: tuple[str, ...] = ()) -> None:
        """Offer a wheel of pure Python."""
        metadata = f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n"
        metadata += "".join(f"Requires-Dist: {one}\n" for one in requires)
        inside = f"{package}-{version}.dist-info"
        all_files = {
            **files,
            f"{inside}/METADATA": metadata,
            f"{inside}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            for path, text in all_files.items():
                archive.writestr(path, text)
            record = "".join(f"{path},,\n" for path in (*all_files, f"{inside}/RECORD"))
            archive.writestr(f"{inside}/RECORD", record)
        self.files.setdefault(package, {})[f"{package}-{version}-py3-none-any.whl"] = stream.getvalue()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def index() -> Iterator[Index]:
    index = Index()
    yield index
    index.close()


@pytest.fixture
def make_project(project: Callable[..., Path]) -> Callable[..., Path]:
    """A project with one fault that is repaired in a moment, and whatever else it has."""

    def make(files: Mapping[str, str] | None = None, name: str = "project") -> Path:
        return project(
            {
                "thing.py": "def least(a, b):\n    return a if a > b else b\n",
                "test_thing.py": "from thing import least\n\n\ndef test_least():\n    assert least(1, 2) == 1\n",
                **(files or {}),
            },
            name,
        )

    return make
