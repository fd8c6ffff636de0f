"""A change adds only plain files to the tree: no link, no submodule, nothing newly executable."""

from __future__ import annotations

from gate.decision import Context, DenialKind, Denied
from gate.patch import Change

__all__ = ["PlainModes"]

_KINDS = {"120000": "a symbolic link", "160000": "a submodule"}


class PlainModes:
    """Denies symbolic links, submodules, and executable bits that the base does not have."""

    id = "paths.modes"
    incremental = True

    def check(self, change: Change, context: Context) -> Denied | None:
        for path, file in change.files.items():
            if file.after is None or file.mode is None or file.mode == "100644":
                continue
            if kind := _KINDS.get(file.mode):
                hint = "change a regular file: a link or a submodule can lead outside the tree"
                return Denied(self.id, DenialKind.INVARIANT, f"{path} becomes {kind}", hint)
            if path not in context.base.executables and not context.lifted(path):
                return Denied(
                    self.id, DenialKind.INVARIANT, f"{path} becomes executable", "leave the modes of files as they are"
                )
        return None
