"""A repair is small: what changes half the project is no repair."""

from __future__ import annotations

from gate.decision import Context, Denied, Rejection
from gate.patch import Change, FileChange

__all__ = ["PatchSize"]


class PatchSize:
    """Denies patches that do nothing, and those over the limits of files, lines and bytes."""

    id = "bounds.size"
    incremental = True

    def check(self, change: Change, context: Context) -> Denied | None:
        limits = context.limits
        if not change.files:
            return self._denied("the patch changes nothing", "change something")
        if len(change.files) > limits.files:
            return self._denied(f"{len(change.files)} files", f"change at most {limits.files} files")
        size = sum(len(file.after or b"") - len(file.before or b"") for file in change.files.values())
        if abs(size) > limits.bytes:
            return self._denied(f"the tree would grow or shrink by {abs(size)} bytes", f"at most {limits.bytes}")
        lines = sum(_changed_lines(file) for file in change.files.values())
        if lines > limits.lines:
            return self._denied(f"{lines} changed lines", f"change at most {limits.lines} lines")
        return None

    def _denied(self, reason: str, hint: str) -> Denied:
        return Denied(self.id, Rejection.BOUNDS, reason, hint)


def _changed_lines(file: FileChange) -> int:
    """Lines between the first and the last one that differ: an upper bound that needs no diff."""
    before, after = (file.before or b"").split(b"\n"), (file.after or b"").split(b"\n")
    shorter = min(len(before), len(after))
    head = next((at for at in range(shorter) if before[at] != after[at]), shorter)
    tail = next((at for at in range(shorter - head) if before[-1 - at] != after[-1 - at]), shorter - head)
    return max(len(before), len(after)) - head - tail
