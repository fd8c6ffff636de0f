"""What the message of a failing test points to: a missing file, the network, a name that nothing defines.

The texts are those of operating systems and of the runners of several languages, whatever exception carries them. An
assertion that quotes one does not count.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from buildpacks.view import FolderView
from sandbox import REPO

__all__ = ["Sign", "Tree", "missing_file", "missing_name", "network", "syntax_error"]

_MAX_NAMES = 20
_MAX_BYTES = 32 << 20
_MAX_FILE_BYTES = 1 << 20
_MAX_SHOWN = 200
_PROSE = {"", ".md", ".rst", ".txt"}

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
_SYNTAX = re.compile(r"[^\s:][^\n:]*(?::|, line )\d+: (?:Syntax|Indentation|Tab)Error\b.*")
_INTRODUCED = rb"\b(?:def|class|fn|func|function|struct|type|trait|enum|interface|const|let|var)\s+"
_TEMPORARY = ("/tmp/", "/var/tmp/")  # noqa: S108  # a test's own folders: a file missing there is not the project's


@dataclass(frozen=True, slots=True)
class Sign:
    """What is missing: `what` names it, and `hint`, which may be empty, says where it may be."""

    what: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.what} ({self.hint})" if self.hint else self.what


class Tree:
    """The snapshot of a session, searched for names; both how much it reads and how often it searches are limited."""

    def __init__(self, view: FolderView) -> None:
        self._view = view
        self._known: dict[str, bool] = {}

    def defines(self, name: str) -> bool:
        """Whether some file seems to define the name: as a function, a type, a variable or an attribute.

        Beyond a number of names the answer is yes: a missing sign is better than a wrong one.
        """
        if name not in self._known:
            self._known[name] = len(self._known) >= _MAX_NAMES or self._is_introduced(name)
        return self._known[name]

    def module(self, name: str) -> bool:
        """Whether the tree may have a module of that dotted name, or a package of its first part."""
        return name.partition(".")[0] in self._folders or name.rpartition(".")[2] in self._stems

    def named_as(self, path: str) -> str:
        """That file, else one with the same name in another folder; empty if there is none."""
        return path if self._view.exists(path) else self._by_name.get(PurePosixPath(path).name, "")

    def _is_introduced(self, name: str) -> bool:
        word = re.escape(name.encode())
        pattern = re.compile(_INTRODUCED + word + rb"\b|\b" + word + rb"\s*(?::[^=\n]+)?=(?!=)")
        return any(pattern.search(content) for content in self._contents)

    @cached_property
    def _by_name(self) -> dict[str, str]:
        return {PurePosixPath(path).name: path for path in reversed(self._view.files())}

    @cached_property
    def _stems(self) -> frozenset[str]:
        return frozenset(name.partition(".")[0] for name in self._by_name)

    @cached_property
    def _folders(self) -> frozenset[str]:
        return frozenset(part for path in self._view.files() for part in path.split("/")[:-1])

    @cached_property
    def _contents(self) -> list[bytes]:
        contents, room = [], _MAX_BYTES
        for path in self._view.files():
            if PurePosixPath(path).suffix not in _PROSE and room > 0:
                contents.append(self._view.read(path)[:_MAX_FILE_BYTES])
                room -= len(contents[-1])
        return contents


def missing_file(message: str, tree: Tree) -> Sign | None:
    """A file that the test, or the code that it runs, did not find; files in temporary folders do not count."""
    match = _NO_FILE.search(_raised(message))
    if match is None:
        return None
    path = next(filter(None, match.groups())).removeprefix(f"{REPO}/")
    if path.startswith(_TEMPORARY):
        return None
    there = tree.named_as(path)
    if there == path:
        return Sign(path, "it is in the repository: the test may be meant to run in another folder")
    return Sign(path, f"the repository has {there}" if there else "")


def network(message: str, _tree: Tree) -> Sign | None:
    """The network, or a server that does not answer."""
    raised = _raised(message)
    return Sign(raised.partition("\n")[0][:_MAX_SHOWN]) if _NETWORK.search(raised) else None


def syntax_error(message: str, _tree: Tree) -> Sign | None:
    """A source file that does not parse, with its line, if that is all that a file of tests could say."""
    found = _SYNTAX.match(message)
    return Sign(found[0][:_MAX_SHOWN]) if found else None


def missing_name(message: str, tree: Tree) -> Sign | None:
    """A module, or a name in one, that nothing in the tree defines."""
    message = _raised(message)
    for pattern in _NO_NAME:
        if (match := pattern.search(message)) is None:
            continue
        groups = match.groupdict()
        name, owner = groups.get("name") or groups.get("module") or groups.get("other") or "", groups.get("owner")
        if groups.get("module"):
            return None if tree.module(name) else Sign(f"the module {name}")
        if tree.defines(name):
            return None
        if owner and not (tree.module(owner) or tree.defines(owner.rpartition(".")[2])):
            builtin = "." not in owner and f"module '{owner}'" not in message and f"from '{owner}'" not in message
            return None if builtin else Sign(f"{owner}.{name}", f"{owner} is a dependency, perhaps of another version")
        if not owner and name in sys.stdlib_module_names and "NameError" in message:
            return Sign(name, "a module of the standard library, which the source does not import")
        return Sign(f"{owner}.{name}" if owner else name)
    return None


def _raised(message: str) -> str:
    """What was raised, without the code that a traceback quotes; empty if it is an assertion."""
    marked = [line.removeprefix("E ").strip() for line in message.splitlines() if line.startswith("E  ")]
    text = "\n".join(marked) or message.strip()
    return "" if _ASSERTION.match(text) else text
