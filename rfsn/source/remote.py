"""Repositories behind a URL: which URLs are taken, and how one commit of one gets into a repository of ours."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import unquote, urlsplit

from packaging.version import InvalidVersion, Version

from rfsn.errors import UsageError
from rfsn.machine.text import one_line
from rfsn.source.copying import MAX_BYTES
from rfsn.source.git import GitError, git
from rfsn.source.gitdir import make_git_dir
from rfsn.source.redirects import Place, locate
from rfsn.source.repository import Repository
from sandbox import remove_tree

__all__ = ["Remote", "fetched"]

_MAX_PACK_BYTES = MAX_BYTES
_MAX_MEMORY = 16 << 30
_TIMEOUT_S = 600.0
_TAGS_TIMEOUT_S = 60.0
_MAX_SAID = 500
_MAX_SHOWN = 200

# How ssh is written for short: git@host:owner/name.git
_SCP_LIKE = re.compile(r"(?P<user>[^/:@\s]+)@(?P<host>[^/:@\s]+):(?P<path>.*)", re.DOTALL)
_TRANSPORT = re.compile(r"[A-Za-z0-9][A-Za-z0-9+.-]*::")
_SCHEME = re.compile(r"(?P<scheme>[^:/?#]*)://")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*")
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?\.?|\[[0-9A-Fa-f:.]+\]")
_PORT = re.compile(r"[1-9][0-9]{0,4}")
_ODD = re.compile(r"[\\?#\"'<>^`{|}\s]")
_TAKEN = "give a path, or a URL with https, ssh or file"


@dataclass(frozen=True, slots=True)
class Remote:
    """A URL that is taken. `url` never has credentials; `path` is set for those that lead to this machine's files.

    `login` is `user:password` for an https URL that had one, and stays in memory.
    """

    url: str
    scheme: str
    host: str = ""
    path: Path | None = None
    login: str = field(default="", repr=False)

    @classmethod
    def parse(cls, source: str) -> Self | None:
        """What `source` says; None where it is a path. Raises `UsageError`, without credentials, for what is no URL."""
        short = _SCP_LIKE.fullmatch(source)
        scheme = _SCHEME.match(source)
        if scheme is None and _TRANSPORT.match(source) and not Path(source).exists():
            raise UsageError(f"{source[:100]!r}: git's transport helpers are not used: {_TAKEN}")
        if scheme is None and short is None:
            return None
        if not source.isprintable():
            raise UsageError(f"{_shown(source)} has control characters or line breaks: {_TAKEN}")
        if scheme is None:
            assert short is not None
            _check_ssh(short["path"], short["user"], source)
            return cls(source, "ssh", _host(short["host"], source))
        kind = scheme["scheme"].lower()
        if kind == "file":
            return cls._file(source)
        if kind == "http":
            raise UsageError(f"{_shown(source)} is not encrypted, so anybody on the way could change it: use https")
        if kind not in {"https", "ssh"}:
            raise UsageError(f"{_shown(source)}: rfsn does not take {kind or 'that'}: {_TAKEN}")
        return cls._network(kind, source[scheme.end() :], source)

    @classmethod
    def _file(cls, source: str) -> Self:
        host, _, path = source.partition("://")[2].partition("/")
        if host not in {"", "localhost"}:
            raise UsageError(f"{_shown(source)} names another machine, which file URLs do not reach: {_TAKEN}")
        decoded = unquote("/" + path, errors="surrogateescape")
        if "\0" in decoded:
            raise UsageError(f"{_shown(source)} is no path: {_TAKEN}")
        return cls(f"file:///{path}", "file", path=Path(decoded))

    @classmethod
    def _network(cls, kind: str, rest: str, source: str) -> Self:
        netloc, slash, path = rest.partition("/")
        login, _, address = netloc.rpartition("@")
        if not slash or _ODD.search(rest) or not rest.isascii():
            raise UsageError(f"{_shown(source)} is no URL of a repository: {_TAKEN} (odd characters as %XX)")
        bracketed = address.startswith("[")
        host, colon, port = (
            (address[: address.find("]") + 1], *address[address.find("]") + 1 :].partition(":")[1:])
            if bracketed
            else address.partition(":")
        )
        if bracketed and address[len(host) :] != colon + port:
            raise UsageError(f"{_shown(source)}: there is no such host")
        host = _host(host, source)
        if colon and (not _PORT.fullmatch(port) or int(port) > 65535):
            raise UsageError(f"{_shown(source)}: there is no such port")
        if kind == "https":
            decoded = unquote(login)
            if not decoded.isprintable():
                raise UsageError(f"{_shown(source)}: its user or password has control characters")
            return cls(f"https://{host}{colon}{port}/{path}", kind, host, login=decoded)
        user = f"{login}@" if login else ""
        _check_ssh(path, login, source)
        return cls(f"ssh://{user}{host}{colon}{port}/{path}", kind, host)

    def redact(self, text: str) -> str:
        """`text` without the credentials, in whatever form a server could have sent them back."""
        for secret in sorted(self._secrets(), key=len, reverse=True):
            text = text.replace(secret, "***")
        return text

    def header(self) -> str:
        """The header that logs in; empty without credentials."""
        if not self.login:
            return ""
        return f"Authorization: Basic {base64.b64encode(self._basic().encode()).decode()}"

    def _basic(self) -> str:
        return self.login if ":" in self.login else f"{self.login}:"

    def _secrets(self) -> set[str]:
        if not self.login:
            return set()
        user, _, password = self.login.partition(":")
        return {self.login, self.header().rpartition(" ")[2], password or user}


@contextmanager
def fetched(remote: Remote, ref: str, scratch: Path) -> Iterator[tuple[Repository, str]]:
    """A repository of ours with the commit `ref` of `remote` as FETCH_HEAD, for the block, and its newest version.

    Raises `UsageError` where that cannot be fetched.
    """
    remove_tree(scratch)
    try:
        scratch.mkdir(parents=True)
        make_git_dir(scratch / "git")
        place = locate(remote.url, remote.header()) if remote.scheme == "https" else Place(remote.url)
        environment = {"GIT_DIR": str(scratch / "git"), "GIT_ALLOW_PROTOCOL": remote.scheme, **_settings(remote, place)}
        only = ("--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules", "--end-of-options")
        try:
            git(
                "fetch", *only, place.url, ref,
                cwd=scratch, env=environment, timeout_s=_TIMEOUT_S, file_bytes=_MAX_PACK_BYTES,
                memory_bytes=_MAX_MEMORY,
            )  # fmt: skip
        except GitError as error:
            said = " ".join(remote.redact(error.stderr).split())[-_MAX_SAID:] or "git says no more"
            raise UsageError(f"{remote.url} at {ref} cannot be fetched: {said}") from None
        yield Repository(scratch / "git", scratch / "git", None), _newest(place.url, scratch, environment)
    finally:
        remove_tree(scratch)


def _settings(remote: Remote, place: Place) -> dict[str, str]:
    """Variables of git's environment that set its configuration: other processes see no arguments with secrets."""
    settings = {"http.followRedirects": "false", "http.lowSpeedLimit": "1000", "http.lowSpeedTime": "30"}
    if place.resolve:
        settings["http.curloptResolve"] = place.resolve
    if header := remote.header():
        named = urlsplit(remote.url)
        settings[f"http.https://{named.netloc}/.extraHeader"] = header
    variables = {"GIT_CONFIG_COUNT": str(len(settings))}
    for at, (key, value) in enumerate(settings.items()):
        variables |= {f"GIT_CONFIG_KEY_{at}": key, f"GIT_CONFIG_VALUE_{at}": value}
    if "GIT_SSL_CAINFO" not in os.environ and (authorities := os.environ.get("SSL_CERT_FILE")):
        variables["GIT_SSL_CAINFO"] = authorities
    return variables


def _newest(url: str, scratch: Path, environment: dict[str, str]) -> str:
    """The highest version among the tags of a remote repository."""
    try:
        listing = git(
            "ls-remote", "--tags", "--refs", "--end-of-options", url,
            cwd=scratch, env=environment, timeout_s=_TAGS_TIMEOUT_S, memory_bytes=_MAX_MEMORY,
        )  # fmt: skip
    except GitError:
        return ""
    found: list[Version] = []
    for line in listing.decode(errors="replace").splitlines():
        numbers = re.search(r"\d.{0,60}\Z", line.rpartition("/")[2])
        if numbers:
            try:
                found.append(Version(numbers[0]))
            except InvalidVersion:
                continue
    return str(max(found)) if found else ""


def _check_ssh(path: str, user: str, source: str) -> None:
    """Raise `UsageError` for a path or a user that looks like an option to any program on the way."""
    if user and not _USER.fullmatch(user):
        raise UsageError(f"{_shown(source)}: no user of ssh is called that; use a key or an agent, no password")
    if not path or path.startswith("-"):
        raise UsageError(f"{_shown(source)}: {path!r} is no path of a repository")


def _host(host: str, source: str) -> str:
    if not _HOST.fullmatch(host):
        raise UsageError(f"{_shown(source)}: there is no such host")
    return host


def _shown(source: str) -> str:
    """What of a URL can be shown when it may hold credentials."""
    scheme, _, rest = source.partition("://")
    plain = f"{scheme}://{'***@' if '@' in rest else ''}{rest.rpartition('@')[2]}" if rest else source
    return one_line(plain[:_MAX_SHOWN])
