"""Reading files of a repository by name, through descriptors, and the names that git reserves."""

from __future__ import annotations

import os
import re
import stat

from rfsn.errors import UsageError
from sandbox.folders import PLAIN, drain, kind_of

__all__ = ["is_git_name", "read_plain"]

_SHORT_NAMES = {".git", "git~1"}
_HIDDEN = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")


def read_plain(name: str, at: int, limit: int, what: str) -> bytes | None:
    """The content of the regular file `name` in an open folder; None if there is no such file.

    Raises `UsageError`, calling it `what`, if it cannot be read or is longer than `limit` bytes.
    """
    if kind_of(name, at) != stat.S_IFREG:
        return None
    try:
        fd = os.open(name, PLAIN, dir_fd=at)
    except OSError as error:
        raise UsageError(f"{what} cannot be read: {error.strerror}") from error
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            return None
        content = b"".join(drain(fd, limit + 1))
    finally:
        os.close(fd)
    if len(content) > limit:
        raise UsageError(f"{what} is larger than {limit} bytes, which no repository needs: check this file")
    return content


def is_git_name(name: str) -> bool:
    """Whether git, or some file system, may take a file's name for `.git`: such a file is never written."""
    for part in name.split("\\"):
        plain = _HIDDEN.sub("", part.partition(":")[0]).rstrip(" .").casefold()
        if plain in _SHORT_NAMES:
            return True
    return False
