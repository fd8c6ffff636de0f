"""Trees that patches make of the base, for planners that go on from a patch."""

from __future__ import annotations

from collections.abc import Sequence

from buildpacks import RepoView
from gate import Change, Patch, apply

__all__ = ["patched"]


def patched(view: RepoView, patch: Patch) -> RepoView:
    """The tree that a patch on the base makes."""
    return _PatchedView(view, apply(patch, view.read)) if patch else view


class _PatchedView:
    """The base with a change in it."""

    def __init__(self, base: RepoView, change: Change) -> None:
        self._base = base
        self._change = change

    def files(self) -> Sequence[str]:
        made = {path for path, file in self._change.files.items() if file.after is not None}
        gone = self._change.files.keys() - made
        return sorted({*self._base.files(), *made} - gone)

    def exists(self, path: str) -> bool:
        file = self._change.files.get(path)
        return self._base.exists(path) if file is None else file.after is not None

    def read(self, path: str) -> bytes:
        file = self._change.files.get(path)
        if file is None:
            return self._base.read(path)
        if file.after is None:
            raise FileNotFoundError(path)
        return file.after
