"""Patches as unified diffs, for models to read."""

from __future__ import annotations

from difflib import unified_diff

from buildpacks import RepoView
from gate import Excerpts, Patch, apply, may_leave

__all__ = ["unified"]


def unified(patch: Patch, view: RepoView) -> str:
    """The unified diff of a patch on a tree, with three lines of context; of a file that must not leave, its name."""
    parts: list[str] = []
    for path, file in apply(patch, view.read).files.items():
        if not may_leave(path):
            parts.append(f"(a change of {path}, which may hold keys or logins, is not shown)")
            continue
        before, after = (_lines(content) for content in (file.before, file.after))
        parts += unified_diff(before, after, f"a/{path}", f"b/{path}", n=3)
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in parts)


def _lines(content: bytes | None) -> list[str]:
    return [*Excerpts((content or b"").decode("utf-8", "replace")).lines()]
