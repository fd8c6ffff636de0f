"""A patch contains no credentials: they would stay in the repository for good."""

from __future__ import annotations

from collections import Counter

from gate.credentials import credentials
from gate.decision import Context, DenialKind, Denied
from gate.patch import Change, FileChange

__all__ = ["NoSecrets"]


class NoSecrets:
    """Denies added lines that have a credential in a known format, which it never shows."""

    id = "secrets.added"
    incremental = False

    def check(self, change: Change, context: Context) -> Denied | None:
        del context
        for path, file in change.files.items():
            if found := next(credentials(_added(file)), None):
                reason = f"{path}: an added line looks like a credential ({found.type})"
                hint = "read the credential from the environment, or use a value that is not a credential"
                return Denied(self.id, DenialKind.INVARIANT, reason, hint)
        return None


def _added(file: FileChange) -> str:
    """The lines that occur more often than before."""
    if file.edits is not None and file.after is not None:
        return b"\n".join(edit.text for edit in file.edits).decode("utf-8", "replace")
    lines = Counter((file.after or b"").splitlines()) - Counter((file.before or b"").splitlines())
    return b"\n".join(lines).decode("utf-8", "replace")
