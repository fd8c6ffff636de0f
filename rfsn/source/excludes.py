"""What the user has git ignore in all repositories."""

from __future__ import annotations

import os
from pathlib import Path

from rfsn.source.gitconfig import parse_config
from rfsn.source.ignore import Rules

__all__ = ["users_rules"]

_MAX_BYTES = 256 << 10


def users_rules() -> Rules | None:
    """The rules of `core.excludesFile`, or those where git looks for them by default; None if there are none.

    Only the user's own configuration is asked, without the files that it includes: a repository could name any file.
    """
    home = Path(os.environ.get("HOME") or "/")
    folder = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "git"
    configured = os.environ.get("GIT_CONFIG_GLOBAL")
    named = [Path(configured)] if configured else [folder / "config", home / ".gitconfig"]
    values = [value for path in named for value in parse_config(_content(path)).get("core.excludesfile", ())]
    chosen = values[-1] if values else str(folder / "ignore")
    if not chosen:
        return None
    rules = Rules(_content(home / chosen.removeprefix("~/")))
    return rules or None


def _content(path: Path) -> bytes:
    """The content of a file of the user's; empty if it cannot be read."""
    try:
        if not path.is_file():  # opening a FIFO would wait
            return b""
        with path.open("rb") as file:
            return file.read(_MAX_BYTES)
    except (OSError, ValueError):
        return b""
