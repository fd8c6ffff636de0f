"""Which file an answer means: paths in prose, headings, fences and diffs, and what they are in the tree."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from buildpacks import RepoView
from gate import may_leave

__all__ = ["Name", "Tree"]

_MAX_LINE = 400
_MAX_WORDS = 40
_MAX_NAMED = 5

_DECORATION = re.compile(r"^[\s>#*\-+;%]*(?:\d+[.)]\s+)?(?:(?://+|/\*+|<!--)\s+)?")
_LABEL = re.compile(r"^[*_`]*(?:file ?name|file ?path|file|path|title)[*_`]*\s*[:=]\s*", re.IGNORECASE)
_QUOTED = re.compile(r"[`*\"']+([^`*\"']{1,300})[`*\"']+")
_CREATES = re.compile(r"\b(?:add|create|new)\b", re.IGNORECASE)
_AROUND = "`*,:;()[]{}<>\"'"
_PATH = re.compile(r"[\w.@+~-]+(?:/[\w.@+~-]+)*", re.UNICODE)


@dataclass(frozen=True, slots=True)
class Name:
    """A file that an answer names: one of the tree, or a new one. If several can be meant, none is: `problem`."""

    path: str
    exists: bool
    problem: str = ""


class Tree:
    """The files that can be meant. `shown` are those that the model saw."""

    def __init__(self, view: RepoView, shown: Sequence[str]) -> None:
        self.view, self.shown = view, tuple(shown)
        self._files = frozenset(view.files())
        self._found: dict[str, Name | None] = {}

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        by_name: defaultdict[str, list[str]] = defaultdict(list)
        for path in sorted(self._files):
            by_name[path.rpartition("/")[2]].append(path)
        return dict(by_name)

    def meant_by(self, lines: Iterable[str]) -> Name | None:
        """The file that the first line names which names one; else the new file that a line names alone."""
        new: Name | None = None
        problem: Name | None = None
        for line in lines:
            for word in _words(line[:_MAX_LINE]):
                name = self.find(word)
                if name and name.exists:
                    return name
                problem = problem or name
            new = new or self._new(line)
        return problem or new

    def find(self, text: str) -> Name | None:
        """A file of the tree by its path, by the end of it if there is only one such file, or by an absolute path."""
        if text not in self._found:
            found = self._find(text)
            self._found[text] = found and _leaving(found)
        return self._found[text]

    def _find(self, text: str) -> Name | None:
        path = _plain(text)
        for known in (path, path.partition("/")[2] if path.startswith(("a/", "b/")) else path):
            if known in self._files:
                return Name(known, exists=True)
            similar = [one for one in self._by_name.get(known.rpartition("/")[2], ()) if one.endswith(f"/{known}")]
            chosen = [one for one in similar if one in self.shown] or similar
            if len(chosen) == 1:
                return Name(chosen[0], exists=True)
            if chosen:
                return Name(known, exists=False, problem=f"{known} may be any of {', '.join(chosen[:_MAX_NAMED])}")
        if text.startswith("/"):
            parts = path.split("/")
            ends = ("/".join(parts[at:]) for at in range(1, min(len(parts), _MAX_WORDS)))
            return next((Name(end, exists=True) for end in ends if end in self._files), None)
        return None

    def _new(self, line: str) -> Name | None:
        """A path that a line consists of."""
        if len(line) > _MAX_LINE:
            return None
        text = _LABEL.sub("", _DECORATION.sub("", line)).strip().strip(_AROUND).removesuffix("-->").strip()
        if _CREATES.search(line) and len(quoted := _QUOTED.findall(line)) == 1:
            text = quoted[0]
        path = _plain(text)
        if not _PATH.fullmatch(path) or not ("/" in path or "." in path.strip(".")):
            return None
        return _leaving(Name(path, exists=False))


def _leaving(name: Name) -> Name:
    """The name, unless what is in the file must not leave: a miss and a diff would tell lines of it."""
    if may_leave(name.path):
        return name
    return Name(name.path, exists=False, problem=f"{name.path} may hold keys or logins: it is not for you to edit")


def _plain(text: str) -> str:
    path = text.strip().replace("\\", "/")
    while path.startswith(("./", "/")):
        path = path.removeprefix("./").removeprefix("/")
    return path


def _words(line: str) -> Iterator[str]:
    """What may be a path in a line, likeliest first: all of it, what is quoted, then words."""
    bare = _LABEL.sub("", _DECORATION.sub("", line)).strip()
    yield bare.strip(_AROUND)
    yield from (match.group(1).strip() for match in _QUOTED.finditer(line))
    for word in re.split(r"[\s=]+", bare)[:_MAX_WORDS]:
        stripped = word.strip(_AROUND).removesuffix(".")
        yield stripped
        for part in stripped.split(":")[:2]:
            yield part.strip(_AROUND)
