"""A change is text that a person can read."""

from __future__ import annotations

from gate.decision import Context, DenialKind, Denied
from gate.patch import Change

__all__ = ["ReadableFiles"]

_LOADED_BY_IMPORT = (".so", ".pyc", ".pyo", ".pyd", ".dll", ".dylib", ".egg", ".whl", ".zip", ".pyz", ".jar", ".class")


class ReadableFiles:
    """Denies adding or changing binary files, and files that an interpreter can load but nobody can read."""

    id = "paths.binary"
    incremental = True

    def check(self, change: Change, context: Context) -> Denied | None:
        for path, file in change.files.items():
            if file.after is None or file.after == file.before or context.lifted(path):
                continue
            if b"\0" in file.after or path.lower().endswith(_LOADED_BY_IMPORT):
                hint = "change the sources: files built from them are not part of a repair"
                return Denied(self.id, DenialKind.INVARIANT, f"{path} is binary: nobody can read what it does", hint)
        return None
