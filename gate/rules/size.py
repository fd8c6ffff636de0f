"""A repair is small: a patch that changes half the project is not a repair."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from gate.decision import Context, DenialKind, Denied, SizeLimits
from gate.metadata import is_metadata
from gate.patch import Change, Edit, FileChange

__all__ = ["PatchSize"]

_LIFT = "--allow-large lifts this"


class PatchSize:
    """Denies patches that do nothing, and those that exceed the limits on files, lines and bytes.

    Files that the user lets patches change in any way do not count.
    """

    id = "bounds.size"
    incremental = True

    def check(self, change: Change, context: Context) -> Denied | None:
        if not change.files:
            return self._denied("the patch changes nothing", "change something")
        if self._excess(change.files.values(), context.limits) is None:
            return None
        counted = [file for path, file in change.files.items() if not _is_vouched_for(path, file, context)]
        return self._excess(counted, context.limits)

    def _excess(self, files: Collection[FileChange], limits: SizeLimits) -> Denied | None:
        if len(files) > limits.files:
            return self._denied(f"{len(files)} files", f"change at most {limits.files} files; {_LIFT}")
        size = sum(len(file.after or b"") - len(file.before or b"") for file in files)
        if abs(size) > limits.bytes:
            return self._denied(
                f"the tree would grow or shrink by {abs(size)} bytes", f"at most {limits.bytes}, {_LIFT}"
            )
        lines = sum(map(_changed_lines, files))
        if lines > limits.lines:
            return self._denied(f"{lines} changed lines", f"change at most {limits.lines} lines; {_LIFT}")
        return None

    def _denied(self, reason: str, hint: str) -> Denied:
        return Denied(self.id, DenialKind.BOUNDS, reason, hint)


def _is_vouched_for(path: str, file: FileChange, context: Context) -> bool:
    """Whether the user lets a patch change the file: tests that may change, and what belongs to a pull request."""
    return context.lifted(path) or (context.pull_request and is_metadata(path, file))


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
