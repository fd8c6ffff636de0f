"""Reading and searching the base, for planners that look before they propose."""

from __future__ import annotations

import os
from collections.abc import Iterator
from io import StringIO

from buildpacks import RepoView
from gate import Excerpts, cut, may_leave
from planners.observations import Output
from rfsn.source.ignore import Rules

__all__ = ["MAX_OUTPUT", "read_file", "search_code"]

MAX_OUTPUT = 20_000
"""The most characters of one answer."""
_MAX_PIECE = 9_500
"""The most characters of a piece of a file: a model is told it as a whole."""

_MAX_FOUND = 200
_MAX_LINE = 200


def read_file(view: RepoView, path: str, line: int = 1) -> Output:
    """The text of a file; exit code 1 if there is none. Of a long one some whole lines from `line` on, and which."""
    try:
        text = view.read(path).decode(errors="replace")
    except FileNotFoundError:
        return Output(f"{path}: no such file", 1)
    if line == 1 and len(text) <= _MAX_PIECE:
        return Output(text, 0)
    lines = "".join(Excerpts(text).lines()).removesuffix("\n").split("\n")
    first = max(1, min(line, len(lines)))
    last, size = first, len(lines[first - 1])
    while last < len(lines) and size + len(lines[last]) < _MAX_PIECE:
        size += len(lines[last]) + 1
        last += 1
    piece = cut("\n".join(lines[first - 1 : last]), _MAX_PIECE)
    return Output(f"(lines {first} to {last} of {len(lines)})\n{piece}", 0)


def search_code(view: RepoView, text: str, pattern: str) -> Output:
    """The lines that contain a literal text, in files that match a pattern (one line of gitignore syntax).

    Files that may hold keys or logins are left out: a model may be told the lines. It may also have thought of the
    pattern, and a repository of the names, so that no match may take long.
    """
    matches: list[str] = []
    wanted = Rules(pattern.encode("utf-8", "surrogatepass"))
    if len(wanted) != 1:
        return Output(f"{pattern!r} is not a pattern of files", 1)
    for path in filter(may_leave, view.files()):
        if not _matches(wanted, path):
            continue
        for number, line in _lines_with(text, view.read(path).decode(errors="replace")):
            matches.append(f"{path}:{number}: {line}")
            if len(matches) == _MAX_FOUND:
                return Output("\n".join([*matches, "(more lines are left out)"]), 0)
    return Output("\n".join(matches) or "nothing found", 0 if matches else 1)


def _lines_with(text: str, content: str) -> Iterator[tuple[int, str]]:
    """The lines that contain a text, with their numbers. A line of a private key is none."""
    if text not in content:
        return
    excerpts = Excerpts(content)
    end = 0
    for number, line in enumerate(StringIO(content, newline="\n"), 1):
        start, end = end, end + len(line)
        if text in line:
            start += len(line) - len(line.lstrip())
            yield number, excerpts.part(start, min(start + _MAX_LINE, start + len(line.strip())))


def _matches(wanted: Rules, path: str) -> bool:
    """Whether a file, or a folder that it is in, fits."""
    names = os.fsencode(path).split(b"/")
    ends = range(1, len(names) + 1)
    return any(wanted.verdict(names[:end], is_folder=end < len(names)) for end in ends)
