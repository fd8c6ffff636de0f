"""Repositories behind a URL: which URLs are accepted, and how one commit gets into a repository of ours."""

from __future__ import annotations

import base64
import os
import re
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import unquote, urlsplit

from packaging.version import InvalidVersion, Version

from rfsn.errors import InfraError, UsageError
from rfsn.machine.text import one_line
from rfsn.source.copying import MAX_BYTES
from rfsn.source.git import GitError, git
from rfsn.source.gitdir import make_git_dir
from rfsn.source.redirects import Place, locate
from rfsn.source.repository import Repository
from sandbox import remove_tree

__all__ = ["Remote", "fetched", "shown"]

_MAX_PACK_BYTES = MAX_BYTES
# For each process of git: half of it fetches a source of 1.3 GB in two files. Packs are mapped and do not count.
_MAX_MEMORY = 2 << 30
_TIMEOUT_S = 600.0
_TAGS_TIMEOUT_S = 60.0
_MAX_BEGINNING, _MAX_END = 500, 500
_MAX_SHOWN = 200
_BLOT = "***"

# The short form of ssh: git@host:owner/name.git
_SCP_LIKE = re.compile(r"(?P<user>[^/:@\s]+)@(?P<host>[^/:@\s]+):(?P<path>.*)", re.DOTALL)
_TRANSPORT = re.compile(r"[A-Za-z0-9][A-Za-z0-9+.-]*::")
# The start of a URL, even a mistyped one; a word that merely could be a scheme could as well be a user.
_BEGINNING = re.compile(
    r"(?:[a-z0-9+.-]*::(?=[a-z]+:/))?(?:[a-z0-9+.-]*://|(?:https?|ssh|git|ftps?|file)[:/]+)?", re.IGNORECASE
)
_SCHEME = re.compile(r"(?P<scheme>[^:/?#]*)://")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*")
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?\.?|\[[0-9A-Fa-f:.]+\]")
_PORT = re.compile(r"[1-9][0-9]{0,4}")
_ODD = re.compile(r"[\\?#\"'<>^`{|}\s]")
_TAKEN = "give a path, or a URL with https, ssh or file"


def shown(source: str) -> str:
    """A source that may be a mistyped URL, as it can be shown: without anything that could be credentials."""
    head, at, rest = source.rpartition("@")
    beginning = _BEGINNING.match(head)
    assert beginning is not None
    if at and (":" in head or beginning[0]):
        source = f"{beginning[0]}{_BLOT}@{rest}"
    return one_line(source[:_MAX_SHOWN])


@dataclass(frozen=True, slots=True)
class Remote:
    """An accepted URL. `url` never has credentials; `path` is set for those that lead to this machine's files.

    `login` is `user:password` for an https URL that had one, and stays in memory.
    """

    url: str
    scheme: str
    host: str = ""
    path: Path | None = None
    login: str = field(default="", repr=False)

    @classmethod
    def parse(cls, source: str) -> Self | None:
        """`source` as a URL; None if it is a path. Raises `UsageError`, without credentials, for an invalid URL."""
        short = _SCP_LIKE.fullmatch(source)
        scheme = _SCHEME.match(source)
        if scheme is None and _TRANSPORT.match(source) and not Path(source).exists():
            raise UsageError(f"{shown(source)!r}: git's transport helpers are not supported: {_TAKEN}")
        if scheme is None and short is None:
            return None
        if not source.isprintable():
            raise UsageError(f"{shown(source)} has control characters or line breaks: {_TAKEN}")
        if scheme is None:
            assert short is not None
            _check_ssh(short["path"], short["user"], source)
            return cls(source, "ssh", _host(short["host"], source))
        kind = scheme["scheme"].lower()
        if kind == "file":
            return cls._file(source)
        if kind == "http":
            raise UsageError(f"{shown(source)} is not encrypted, so anybody on the network could change it: use https")
        if kind not in {"https", "ssh"}:
            raise UsageError(f"{shown(source)}: rfsn does not support {kind or 'that'}: {_TAKEN}")
        return cls._network(kind, source[scheme.end() :], source)

    @classmethod
    def _file(cls, source: str) -> Self:
        host, _, path = source.partition("://")[2].partition("/")
        if host not in {"", "localhost"}:
            raise UsageError(f"{shown(source)} names another machine, which file URLs do not reach: {_TAKEN}")
        decoded = unquote("/" + path, errors="surrogateescape")
        if "\0" in decoded:
            raise UsageError(f"{shown(source)} is not a path: {_TAKEN}")
        return cls(f"file:///{path}", "file", path=Path(decoded))

    @classmethod
    def _network(cls, kind: str, rest: str, source: str) -> Self:
        netloc, slash, path = rest.partition("/")
        login, _, address = netloc.rpartition("@")
        if not slash or _ODD.search(rest) or not rest.isascii():
            raise UsageError(f"{shown(source)} is not a URL of a repository: {_TAKEN} (special characters as %XX)")
        bracketed = address.startswith("[")
        host, colon, port = (
            (address[: address.find("]") + 1], *address[address.find("]") + 1 :].partition(":")[1:])
            if bracketed
            else address.partition(":")
        )
        if bracketed and address[len(host) :] != colon + port:
            raise UsageError(f"{shown(source)}: invalid host")
        host = _host(host, source)
        if colon and (not _PORT.fullmatch(port) or int(port) > 65535):
            raise UsageError(f"{shown(source)}: invalid port")
        if kind == "https":
            decoded = unquote(login)
            if not decoded.isprintable():
                raise UsageError(f"{shown(source)}: its user or password has control characters")
            return cls(f"https://{host}{colon}{port}/{path}", kind, host, login=decoded)
        user = f"{login}@" if login else ""
        _check_ssh(path, login, source)
        return cls(f"ssh://{user}{host}{colon}{port}/{path}", kind, host)

    def redact(self, text: str) -> str:
        """`text` without the credentials, as they are, percent-encoded and in base64, wherever they are in it."""
        secrets = sorted(self._secrets(), key=len, reverse=True)
        return re.sub("|".join(map(_in_any_spelling, secrets)), _BLOT, text) if secrets else text

    @contextmanager
    def redacting(self) -> Iterator[None]:
        """Redact the credentials in every error that leaves the block, and then shorten it.

        An error with credentials becomes a new one without a trace of the old: a `UsageError` stays one, and every
        other becomes an `InfraError`.
        """
        try:
            yield
        except UsageError as error:
            raise UsageError(_shortened(self.redact(str(error)))) from None
        except Exception as error:
            if not self._is_revealed_by(error):
                raise
            raise InfraError(_shortened(self.redact(str(error)) or type(error).__name__)) from None

    def _is_revealed_by(self, error: Exception) -> bool:
        """Whether an error, or one that led to it, has the credentials in its text."""
        text = "".join(traceback.format_exception(error))
        return self.redact(text) != text

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
        plain = {self.login, self._basic(), password or user}
        encoded = {base64.b64encode(secret.encode()).decode().rstrip("=") for secret in plain}
        return plain | encoded | {text.replace("+", "-").replace("/", "_") for text in encoded}


@contextmanager
def fetched(remote: Remote, ref: str, scratch: Path) -> Iterator[tuple[Repository, str]]:
    """A repository of ours, for the block, with the commit `ref` of `remote` as FETCH_HEAD, and its newest version.

    Raises `UsageError` if that cannot be fetched. No error that leaves here contains the credentials.
    """
    remove_tree(scratch)
    try:
        with remote.redacting():
            scratch.mkdir(parents=True)
            make_git_dir(scratch / "git")
            place = _located(remote)
            environment = {"GIT_DIR": str(scratch / "git"), "GIT_ALLOW_PROTOCOL": remote.scheme}
            environment |= _settings(remote, place)
            _fetch(remote, place, ref, scratch, environment)
            tags = remote.redact(_tags(place.url, scratch, environment))
            yield Repository(scratch / "git", scratch / "git", None), _newest(tags)
    finally:
        remove_tree(scratch)


def _located(remote: Remote) -> Place:
    """Where the repository is. Raises `UsageError` for a place whose name would reveal the credentials."""
    if remote.scheme != "https":
        return Place(remote.url)
    place = locate(remote.url, remote.header())
    if remote.redact(place.url).count(_BLOT) > remote.redact(remote.url).count(_BLOT):
        raise UsageError(f"{remote.url} cannot be fetched: it redirects to a place whose name contains the credentials")
    return place


def _fetch(remote: Remote, place: Place, ref: str, scratch: Path, environment: Mapping[str, str]) -> None:
    only = ("--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules", "--end-of-options")
    try:
        git(
            "fetch", *only, place.url, ref,
            cwd=scratch, env=environment, timeout_s=_TIMEOUT_S, file_bytes=_MAX_PACK_BYTES, memory_bytes=_MAX_MEMORY,
        )  # fmt: skip
    except GitError as error:
        why = " ".join(error.stderr.split()) or "git gives no reason"
        raise UsageError(f"{remote.url} at {ref} cannot be fetched: {why}") from None


def _settings(remote: Remote, place: Place) -> dict[str, str]:
    """Environment variables that configure git: other processes could see secrets in its arguments."""
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


def _tags(url: str, scratch: Path, environment: Mapping[str, str]) -> str:
    """The tags of a remote repository, one per line; none if it does not list them."""
    try:
        return git(
            "ls-remote", "--tags", "--refs", "--end-of-options", url,
            cwd=scratch, env=environment, timeout_s=_TAGS_TIMEOUT_S, memory_bytes=_MAX_MEMORY,
        ).decode(errors="replace")  # fmt: skip
    except GitError:
        return ""


def _newest(tags: str) -> str:
    """The highest version among tags."""
    versions: list[Version] = []
    for line in tags.splitlines():
        numbers = re.search(r"\d.{0,60}\Z", line.rpartition("/")[2])
        if numbers:
            try:
                versions.append(Version(numbers[0]))
            except InvalidVersion:
                continue
    return str(max(versions)) if versions else ""


def _check_ssh(path: str, user: str, source: str) -> None:
    """Raise `UsageError` for a path or a user that looks like an option to any program on the way."""
    if user and not _USER.fullmatch(user):
        raise UsageError(f"{shown(source)}: invalid user for ssh; use a key or an agent, not a password")
    if not path or path.startswith("-"):
        raise UsageError(f"{shown(source)}: {shown(path)!r} is not a path of a repository")


def _host(host: str, source: str) -> str:
    if not _HOST.fullmatch(host):
        raise UsageError(f"{shown(source)}: invalid host")
    return host


def _in_any_spelling(secret: str) -> str:
    """A pattern for a secret, each character of it as it is, quoted with a backslash, or percent-encoded."""
    return "".join(rf"(?:\\?{re.escape(character)}|(?i:{_percent_encoded(character)}))" for character in secret)


def _percent_encoded(character: str) -> str:
    return "".join(f"%{byte:02x}" for byte in character.encode())


def _shortened(text: str) -> str:
    """A text without its middle if it is long: only after redacting, as a cut could leave half of a secret."""
    if len(text) <= _MAX_BEGINNING + _MAX_END:
        return text
    return f"{text[:_MAX_BEGINNING]} ... {text[-_MAX_END:]}"
