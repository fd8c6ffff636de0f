"""Reading and searching the base, for planners that look before they propose."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pathspec

from buildpacks import RepoView
from gate import may_leave
from planners.observations import Output

__all__ = ["MAX_OUTPUT", "read_file", "search_code"]

MAX_OUTPUT = 20_000
"""The most characters of one answer."""

_MAX_FOUND = 200


def read_file(view: RepoView, path: str) -> Output:
    """The text of a file; exit code 1 if there is none."""
    try:
        return Output(view.read(path).decode(errors="replace")[:MAX_OUTPUT], 0)
    except FileNotFoundError:
        return Output(f"{path}: no such file", 1)


def search_code(view: RepoView, text: str, pattern: str) -> Output:
    """The lines that contain a literal text, in files that match a pattern (gitignore syntax).

    Files that may hold keys or logins are left out: a model may be told the lines.
    """
    needle = text.encode("utf-8", "surrogateescape")
    matches: list[str] = []
    try:
        wanted = pathspec.GitIgnoreSpec.from_lines([pattern])
    except (ValueError, re.error):
        return Output(f"{pattern!r} is not a pattern of files", 1)
    for path in filter(may_leave, wanted.match_files(view.files())):
        for number, line in _lines_with(needle, view.read(path)):
            matches.append(f"{path}:{number}: {line.decode(errors='replace').strip()[:200]}")
            if len(matches) == _MAX_FOUND:
                return Output("\n".join([*matches, "(more lines are left out)"]), 0)
    return Output("\n".join(matches) or "nothing found", 0 if matches else 1)


def _lines_with(needle: bytes, content: bytes) -> Iterator[tuple[int, bytes]]:
    """The lines that contain a text, with their numbers from 1."""
    if b"\r" in content or b"\n" in needle or not needle:
        yield from ((number, line) for number, line in enumerate(content.splitlines(), 1) if needle in line)
        return
    number, counted, at = 1, 0, content.find(needle)
    while at >= 0:  # most lines are skipped without being cut out
        start, end = content.rfind(b"\n", 0, at) + 1, content.find(b"\n", at)
        end = len(content) if end < 0 else end
        number += content.count(b"\n", counted, start)
        yield number, content[start:end]
        counted, at = start, content.find(needle, end)
