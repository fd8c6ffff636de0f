"""The issue that a repair is for: a text of the user's, kept in the session's folder as it was when it began."""

from __future__ import annotations

import hashlib
from pathlib import Path

from rfsn.errors import JournalError, UsageError
from rfsn.sessions.record import Record
from sandbox import UnsafePath, read_beneath

__all__ = ["ISSUE", "issue_of", "read_issue"]

ISSUE = "issue.md"
"""The file in a session's folder with the text of the issue."""

_MAX_BYTES = 128 << 10
"""The longest issue: more than any tracker stores, and less than a model's window."""


def read_issue(path: Path) -> bytes:
    """The text of an issue, from a file. Raises `UsageError` if it is missing, empty, too long, or not UTF-8."""
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"--issue {path}: the file cannot be read: {error.strerror}") from error
    if len(content) > _MAX_BYTES:
        raise UsageError(f"--issue {path}: the file is larger than {_MAX_BYTES >> 10} KiB: keep what describes the bug")
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise UsageError(f"--issue {path}: the file is not UTF-8: save it as UTF-8") from error
    if not text.strip() or "\0" in text:
        raise UsageError(f"--issue {path}: the file is empty or not a text")
    return content


def issue_of(record: Record) -> str:
    """The issue of a session; empty if it has none. Raises `JournalError` if it is not the one the journal names."""
    if record.config.issue is None:
        return ""
    try:
        content = read_beneath(record.folder, ISSUE, _MAX_BYTES + 1)
    except (OSError, UnsafePath):
        content = b""
    if hashlib.sha256(content).hexdigest() != record.config.issue:
        raise JournalError(f"{record.folder / ISSUE} is not the text that the journal names")
    return content.decode()
