"""Where rfsn keeps its data on this machine."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import gettempdir

import platformdirs

from sandbox import discard, make_marked
from sandbox.maker import Maker

__all__ = [
    "TEMPORARY",
    "cache_home",
    "config_file",
    "memory_file",
    "resume_command",
    "sessions_home",
    "temporary_folder",
    "working_folder",
    "working_home",
]

TEMPORARY = "rfsn-"
"""How the names of temporary folders begin; their maker follows."""


def sessions_home() -> Path:
    """The folder of all sessions: below `$RFSN_HOME`, by default the platform's folder for user data."""
    return _data_home() / "sessions"


def resume_command(folder: Path) -> str:
    """The command that continues the session in `folder`, from anywhere; in rfsn's own folder its name is enough."""
    folder = folder.resolve()
    name = folder.name if folder.parent == sessions_home().resolve() else str(folder)
    return f"rfsn resume {shlex.quote(name)}"


def memory_file() -> Path:
    """The database of how operators did in earlier sessions, beside the folder of all sessions."""
    return _data_home() / "memory.sqlite"


def cache_home() -> Path:
    """The folder of caches: below `$RFSN_HOME` if that is set, by default the platform's folder for caches."""
    home = os.environ.get("RFSN_HOME")
    return Path(home) / "cache" if home else Path(platformdirs.user_cache_dir("rfsn"))


@contextmanager
def temporary_folder() -> Iterator[str]:
    """A marked folder for the block; if we are killed meanwhile, its name shows that its maker is gone."""
    with _own_folder(Path(gettempdir())) as folder:
        yield str(folder)


def working_home() -> Path:
    """The folder for what exists only while an environment is made: on the disk of the caches, which has space."""
    return cache_home() / "working"


@contextmanager
def working_folder() -> Iterator[Path]:
    """A marked folder in `working_home` for the block: what untrusted code writes belongs in folders within it."""
    working_home().mkdir(parents=True, exist_ok=True)
    with _own_folder(working_home()) as folder:
        yield folder


@contextmanager
def _own_folder(parent: Path) -> Iterator[Path]:
    folder = parent / f"{TEMPORARY}{Maker.own()}.{os.urandom(8).hex()}"
    make_marked(folder, 0o700)
    try:
        yield folder
    finally:
        discard(folder)


def _data_home() -> Path:
    return Path(os.environ.get("RFSN_HOME") or platformdirs.user_data_dir("rfsn"))


def config_file() -> Path:
    """The user's `rfsn.toml`."""
    return Path(platformdirs.user_config_dir("rfsn")) / "rfsn.toml"
