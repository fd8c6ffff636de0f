"""A repair is small: a patch that changes half the project is not a repair."""

from __future__ import annotations

from collections import Counter

from gate.decision import Context, DenialKind, Denied
from gate.patch import Change, Edit, FileChange

__all__ = ["PatchSize"]

_LIFT = "--allow-large lifts this"


class PatchSize:
    """Denies patches that do nothing, and those that exceed the limits on files, lines and bytes."""

    id = "bounds.size"
    incremental = True

    def check(self, change: Change, context: Context) -> Denied | None:
        limits = context.limits
        if not change.files:
            return self._denied("the patch changes nothing", "change something")
        if len(change.files) > limits.files:
            return self._denied(f"{len(change.files)} files", f"change at most {limits.files} files; {_LIFT}")
        size = sum(len(file.after or b"") - len(file.before or b"") for file in change.files.values())
        if abs(size) > limits.bytes:
            return self._denied(
                f"the tree would grow or shrink by {abs(size)} bytes", f"at most {limits.bytes}, {_LIFT}"
            )
        lines = sum(_changed_lines(file) for file in change.files.values())
        if lines > limits.lines:
            return self._denied(f"{lines} changed lines", f"change at most {limits.lines} lines; {_LIFT}")
        return None

    def _denied(self, reason: str, hint: str) -> Denied:
        return Denied(self.id, DenialKind.BOUNDS, reason, hint)


def _changed_lines(file: FileChange) -> int:
    """How many lines differ from before; lines that only move inside an edit do not count."""
    before, after = file.before or b"", file.after or b""
    edits = file.edits if file.edits is not None else (Edit(0, len(before), after),)
    return sum(_replaced_lines(before[edit.start : edit.end], edit.text) for edit in edits)


def _replaced_lines(old: bytes, new: bytes) -> int:
    if b"\n" not in old and b"\n" not in new:
        return 1 if old != new else 0
    was, is_now = Counter(old.splitlines()), Counter(new.splitlines())
    return max((was - is_now).total(), (is_now - was).total())
