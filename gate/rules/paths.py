"""Every path that is read or changed is a plain one beneath the root: no escape, no link, no look-alike."""

from __future__ import annotations

from gate.decision import Context, Denied, Rejection
from gate.patch import Change
from gate.paths import path_problem
from gate.vocabulary import Proposal, ReadFile

__all__ = ["PlainPaths", "PlainReads"]

_HINT = "name a regular file of the tree by its relative path"


def _problem(path: str, context: Context) -> str | None:
    if problem := path_problem(path):
        return problem
    if link := context.base.link_above(path):
        return f"{link} is a symbolic link"
    if file := context.base.file_above(path):
        return f"{file} is a file, not a folder"
    if known := context.base.collision(path):
        return f"it differs from {known} only in case or Unicode form"
    return None


class PlainPaths:
    """Denies changes to a path that is not plain, or that would make a file where the base has a folder."""

    id = "paths.plain"
    incremental = True

    def check(self, change: Change, context: Context) -> Denied | None:
        for path in change.files:
            if problem := _problem(path, context):
                return Denied(self.id, Rejection.INVARIANT, f"{path!r}: {problem}", _HINT)
        return None


class PlainReads:
    """Denies reading through a path that is not plain."""

    id = "paths.plain-read"

    def check(self, proposal: Proposal, context: Context) -> Denied | None:
        if isinstance(proposal.action, ReadFile) and (problem := _problem(proposal.action.path, context)):
            return Denied(self.id, Rejection.INVARIANT, f"{proposal.action.path!r}: {problem}", _HINT)
        return None
