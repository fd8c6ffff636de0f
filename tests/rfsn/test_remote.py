"""Repositories behind a URL: git's own HTTP server on loopback."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from rfsn.source import take_source

FILES = {
    "thing.py": "def least(a, b):\n    return a if a > b else b\n",
    "test_thing.py": "from thing import least\n\n\ndef test_least():\n    assert least(1, 2) == 1\n",
}


class GitOverHttp(BaseHTTPRequestHandler):
    """Hands every request to `git http-backend`, as a web server with CGI does."""

    root: Path
    asked: list[str]

    def do_GET(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        self._serve(self.rfile.read(int(self.headers.get("Content-Length", "0"))))

    def _serve(self, body: bytes) -> None:
        path, _, query = self.path.partition("?")
        self.asked.append(path)
        done = subprocess.run(
            ["git", "-c", "safe.directory=*", "http-backend"],
            input=body,
            capture_output=True,
            check=True,
            env={
                "PATH": os.environ["PATH"],
                "GIT_PROJECT_ROOT": str(self.root),
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
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(project: Callable[..., Path], git: Callable[..., str]) -> Iterator[str]:
    folder = project(FILES, "hosted")
    git("tag", "v1.4.0", cwd=folder)
    git("branch", "fixed", cwd=folder)
    git("checkout", "--quiet", "fixed", cwd=folder)
    (folder / "thing.py").write_text("def least(a, b):\n    return min(a, b)\n")
    git("commit", "--quiet", "--all", "--message", "fix", cwd=folder)
    git("checkout", "--quiet", "main", cwd=folder)
    handler = type("Handler", (GitOverHttp,), {"root": folder.parent, "asked": []})
    http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=http.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{http.server_address[1]}/hosted"
    http.shutdown()
    thread.join()
    http.server_close()


def test_a_url_is_repaired_like_a_path(server: str, rfsn: Callable[..., Any]) -> None:
    result = rfsn("repair", server, "--json").json
    assert result["status"] == "repaired", result
    assert result["source"] == f"{server} at HEAD"
    assert rfsn("repair", server, "--ref", "fixed", "--json").json["status"] == "nothing_to_repair"


def test_one_commit_is_fetched_and_the_version_is_known(server: str, tmp_path: Path, git: Callable[..., str]) -> None:
    snapshot = take_source(server, "fixed", tmp_path / "base")
    assert "min(a, b)" in (tmp_path / "base" / "thing.py").read_text()
    assert git("rev-list", "--all", "--count", cwd=tmp_path / "base").strip() == "1"
    assert snapshot.version == "1.4.0"


@pytest.mark.parametrize(("path", "ref"), [("", "nowhere"), ("-missing", "HEAD")])
def test_what_is_not_there_is_said(server: str, path: str, ref: str, rfsn: Callable[..., Any]) -> None:
    ran = rfsn("repair", server + path, "--ref", ref)
    assert ran.code == 2
    assert "cannot be fetched" in ran.err


SSH = """\
#!/bin/sh
# ssh for one host: the command is run here, as git's own tests have it.
echo "$@" >> "$HOME/asked"
while [ $# -gt 2 ]; do shift; done
[ "$1" = git@code.example ] || { echo "ssh: no such host $1" >&2; exit 255; }
exec sh -c "$2"
"""


def test_a_repository_behind_ssh(project: Callable[..., Path], rfsn: Callable[..., Any], tmp_path: Path) -> None:
    folder = project(FILES, "hosted")
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "ssh").write_text(SSH)
    (tools / "ssh").chmod(0o755)
    (tmp_path / ".gitconfig").write_text(f"[safe]\n\tdirectory = {folder}/.git\n")
    variables = {"PATH": f"{tools}:{os.environ['PATH']}", "HOME": str(tmp_path)}
    result = rfsn("repair", f"git@code.example:{folder}", "--json", env=variables).json
    assert result["status"] == "repaired", result
    assert result["source"] == f"git@code.example:{folder} at HEAD"
    assert "BatchMode=yes" in (tmp_path / "asked").read_text(), "ssh could wait for a password"
    ran = rfsn("repair", f"ada@elsewhere.example:{folder}", env=variables)
    assert ran.code == 2
    assert "cannot be fetched: ssh: no such host ada@elsewhere.example" in ran.err
