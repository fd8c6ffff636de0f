"""Tests, runner configuration and lock files define what is right: a repair may not change them."""

from __future__ import annotations

from gate.decision import Context, DenialKind, Denied
from gate.patch import Change

__all__ = ["ProtectedFiles"]


class ProtectedFiles:
    """Denies adding, changing or removing a protected file."""

    id = "tamper.protected"
    incremental = True

    def check(self, change: Change, context: Context) -> Denied | None:
        for path in change.files:
            if context.protected(path) and not context.lifted(path):
                return Denied(
                    self.id,
                    DenialKind.TAMPER,
                    f"{path} is protected: it belongs to the tests, their configuration or the dependencies",
                    "change the source that the tests exercise",
                )
        return None
