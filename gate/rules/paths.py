"""Every path that is read or changed is a plain path beneath the root: no escape, no link, no look-alike."""

from __future__ import annotations

from gate.decision import Context, DenialKind, Denied
from gate.patch import Change
from gate.paths import fold, path_problem
from gate.vocabulary import Proposal, ReadFile

__all__ = ["PlainPaths", "PlainReads"]

_HINT = "name a regular file of the tree by its relative path"


def _problem(path: str, context: Context) -> str | None:
    if problem := path_problem(path):
        return problem
    if path in context.base.files:
        return None
    if link := context.base.link_above(path):
        return f"{link} is a symbolic link"
    if file := context.base.file_above(path):
        return f"{file} is a file, not a folder"
    if path in context.base.folders:
        return "it is a folder"
    if known := context.base.collision(path):
        return f"it differs from {known} only in case or Unicode form"
    return None


class PlainPaths:
    """Denies changes to a path that is not plain, or that may coincide with another path of the tree or the change."""

    id = "paths.plain"
    incremental = True

    def check(self, change: Change, context: Context) -> Denied | None:
        for path in change.files:
            if problem := _problem(path, context):
                return Denied(self.id, DenialKind.INVARIANT, f"{path!r}: {problem}", _HINT)
        if len(change.files) > 1 and (pair := _twins(change)):
            reason = f"{pair[0]!r} and {pair[1]!r} differ only in case or Unicode form"
            return Denied(self.id, DenialKind.INVARIANT, reason, "give the files names that differ in their letters")
        return None


class PlainReads:
    """Denies reading through a path that is not plain."""

    id = "paths.plain-read"

    def check(self, proposal: Proposal, context: Context) -> Denied | None:
        if isinstance(proposal.action, ReadFile) and (problem := _problem(proposal.action.path, context)):
            return Denied(self.id, DenialKind.INVARIANT, f"{proposal.action.path!r}: {problem}", _HINT)
        return None


def _twins(change: Change) -> tuple[str, str] | None:
    """Two paths in the changed tree that some file systems cannot tell apart."""
    seen: dict[str, str] = {}
    for path, file in change.files.items():
        if file.after is not None and (other := seen.setdefault(fold(path), path)) != path:
            return other, path
    return None
