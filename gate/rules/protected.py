"""Tests, runner configuration and lock files define what is right: a repair may not change them."""

from __future__ import annotations

from gate.decision import Context, DenialKind, Denied
from gate.metadata import is_metadata
from gate.patch import Change, FileChange

__all__ = ["ProtectedFiles", "is_protected"]


def is_protected(path: str, file: FileChange, context: Context) -> bool:
    """Whether a patch may not change a file as it does. A pull request may change metadata, but not how tests run."""
    if not context.protected(path) or context.lifted(path):
        return False
    return not (context.pull_request and is_metadata(path, file))


_HINT = (
    "change the source that the tests exercise, or allow what is meant: --pull-request for new tests and metadata, "
    "--allow-test-edits for any test, --allow-path {path} for whatever it is"
)


class ProtectedFiles:
    """Denies adding, changing or removing a protected file."""

    id = "tamper.protected"
    incremental = True

    def check(self, change: Change, context: Context) -> Denied | None:
        for path, file in change.files.items():
            if is_protected(path, file, context):
                return Denied(
                    self.id,
                    DenialKind.TAMPER,
                    f"{path} is protected: it belongs to the tests, their configuration or the dependencies",
                    _HINT.format(path=path),
                )
        return None
