"""What the message of a failing test looks like: a missing file, a network, a name that is nowhere.

The texts are those of systems and of several languages' runners; which exception carries them does not matter. An
assertion that quotes one says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import PurePosixPath

from buildpacks.view import FolderView
from sandbox import REPO

__all__ = ["Sign", "Tree", "missing_file", "missing_name", "network"]

_MAX_SEARCHED = 2000
_MAX_FILE_BYTES = 1 << 20
_MAX_SHOWN = 200

_ASSERTION = re.compile(r"(?:AssertionError|assert\b|expected\b)", re.IGNORECASE)
_NO_FILE = re.compile(
    r"No such file or directory: b?['\"](?P<python>[^'\"]+)['\"]|no such file or directory, \w+ '(?P<node>[^']+)'"
    r"|open (?P<go>\S+): no such file or directory",
    re.IGNORECASE,
)
_NETWORK = re.compile(
    r"[Nn]ame resolution|Name or service not known|nodename nor servname|NameResolutionError|[Cc]onnection ?[Rr]efused"
    r"|[Nn]etwork is unreachable|No route to host|dial tcp"
    r"|\b(?:getaddrinfo|ECONNREFUSED|ENETUNREACH|EHOSTUNREACH|ENOTFOUND|EAI_AGAIN)\b"
)
_NO_NAME = (
    re.compile(r"No module named ['\"](?P<module>[\w.]+)['\"]|Cannot find module ['\"](?P<other>[^'\"]+)['\"]"),
    re.compile(r"cannot import name '(?P<name>\w+)' from (?:partially initialized module )?'(?P<owner>[\w.]+)'"),
    re.compile(r"module '(?P<owner>[\w.]+)' has no attribute '(?P<name>\w+)'"),
    re.compile(r"(?:type object )?'(?P<owner>\w+)' (?:object )?has no attribute '(?P<name>\w+)'"),
    re.compile(r"name '(?P<name>\w+)' is not defined|(?P<other>[\w$]+) is not (?:defined|a function)"),
)
_INTRODUCED = rb"\b(?:def|class|fn|func|function|struct|type|trait|enum|interface|const|let|var)\s+"
_TEMPORARY = ("/tmp/", "/var/tmp/")  # noqa: S108  # a test's own folders: what is missing there is no file of the project


@dataclass(frozen=True, slots=True)
class Sign:
    """What is missing: `what` names it, and `hint` says where it may be; that may be empty."""

    what: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.what} ({self.hint})" if self.hint else self.what


class Tree:
    """The snapshot of a session, searched for names."""

    def __init__(self, view: FolderView) -> None:
        self.view = view
        self.defines = cache(self._defines)

    def _defines(self, name: str) -> bool:
        """Whether some file seems to define the name: as a function, a type, a variable or an attribute."""
        word = re.escape(name.encode())
        introduced = (
            rb"\b(?:def|class|fn|func|function|struct|type|trait|enum|interface|const|let|var)\s+" + word + rb"\b"
        )
        pattern = re.compile(introduced + rb"|\b" + word + rb"\s*(?::[^=\n]+)?=(?!=)")
        return any(pattern.search(content) for content in self._contents())

    def module(self, name: str) -> bool:
        """Whether the tree has a module of that dotted name, or a package of its first part."""
        parts = name.split(".")
        return any(
            PurePosixPath(path).with_suffix("").parts[-len(parts) :] == tuple(parts) or parts[0] in path.split("/")[:-1]
            for path in self.view.files()
        )

    def named_as(self, path: str) -> str:
        """A file with the same name in another folder; empty where there is none."""
        name = PurePosixPath(path).name
        return next((one for one in self.view.files() if PurePosixPath(one).name == name), "")

    def _contents(self) -> Iterator[bytes]:
        texts = [path for path in self.view.files() if PurePosixPath(path).suffix not in {"", ".md", ".rst", ".txt"}]
        for path in texts[:_MAX_SEARCHED]:
            content = self.view.read(path)
            if len(content) <= _MAX_FILE_BYTES:
                yield content


def missing_file(message: str, tree: Tree) -> Sign | None:
    """A file that the test, or the code that it runs, did not find; none of the temporary folders'."""
    found = _NO_FILE.search(_raised(message))
    if found is None:
        return None
    path = next(filter(None, found.groups())).removeprefix(f"{REPO}/")
    if path.startswith(_TEMPORARY):
        return None
    there = tree.named_as(path)
    if there == path:
        return Sign(path, "it is in the repository: the test may be meant to run in another folder")
    return Sign(path, f"the repository has {there}" if there else "")


def network(message: str, _tree: Tree) -> Sign | None:
    """The network, or a server that is not there."""
    raised = _raised(message)
    return Sign(raised.partition("\n")[0][:_MAX_SHOWN]) if _NETWORK.search(raised) else None


def missing_name(message: str, tree: Tree) -> Sign | None:
    """A module, or a name of one, that nothing in the tree defines."""
    message = _raised(message)
    for pattern in _NO_NAME:
        if (found := pattern.search(message)) is None:
            continue
        groups = found.groupdict()
        name, owner = groups.get("name") or groups.get("module") or groups.get("other") or "", groups.get("owner")
        if groups.get("module"):
            return None if tree.module(name) else Sign(f"the module {name}")
        if tree.defines(name):
            return None
        if owner and not (tree.module(owner) or tree.defines(owner.rpartition(".")[2])):
            builtin = "." not in owner and f"module '{owner}'" not in message and f"from '{owner}'" not in message
            return None if builtin else Sign(f"{owner}.{name}", f"{owner} is a dependency, perhaps of another version")
        return Sign(f"{owner}.{name}" if owner else name)
    return None


def _raised(message: str) -> str:
    """What was raised, without the code that a traceback quotes; empty where it is an assertion."""
    marked = [line.removeprefix("E ").strip() for line in message.splitlines() if line.startswith("E  ")]
    text = "\n".join(marked) or message.strip()
    return "" if _ASSERTION.match(text) else text
