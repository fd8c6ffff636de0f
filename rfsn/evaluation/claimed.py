"""A folder of results that belongs to one run: of one data set, with one configuration."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rfsn import __version__
from rfsn.config import Config
from rfsn.errors import UsageError
from rfsn.machine.files import remove_partials, usable, write_whole
from rfsn.machine.text import to_json
from rfsn.source.folders import read_plain
from sandbox.folders import kind_of

__all__ = ["ClaimedFolder"]

_CONFIGURATION = "configuration.json"
_MAX_BYTES = 16 << 20
_MAX_SHOWN = 80
_OTHERS = ("predictions", "tests")
"""What else may differ between two runs of one command."""


class ClaimedFolder:
    """The folder, new or of an earlier run of the same; a lock keeps every other run out until `close`.

    `descriptor` is the open folder, for names within it.
    """

    def __init__(self, path: Path, config: Config, identity: Mapping[str, Any], command: str) -> None:
        """Open or create the folder of what `identity` names, for a `command` of rfsn.

        Raises `UsageError` if it is another run's or holds anything else, is in use, or cannot be created.
        """
        self.path = path
        with usable(path):
            path.mkdir(parents=True, exist_ok=True)
            self.descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with usable(path):
                self._claim({"version": __version__, **identity, "config": config.model_dump(mode="json")}, command)
        except BlockingIOError as error:
            self.close()
            raise UsageError(f"{path} is in use by another 'rfsn {command}': wait, or choose another --out") from error
        except BaseException:
            self.close()
            raise

    def _claim(self, identity: Mapping[str, Any], command: str) -> None:
        remove_partials(self.path)
        known = self.path / _CONFIGURATION
        there = kind_of(known.name, self.descriptor)
        if not there and any(self.path.iterdir()):
            raise UsageError(f"{self.path} is not empty and not from 'rfsn {command}': choose a new or an empty --out")
        if not there:
            write_whole(known, json.dumps(identity, indent=2) + "\n")
            return
        before = _decoded(read_plain(known.name, self.descriptor, _MAX_BYTES, str(known)))
        if before != identity:
            raise UsageError(f"{self.path} holds results of {_difference(before, identity)}: choose another --out")

    def close(self) -> None:
        """Release the folder. Closing twice does nothing."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


def _difference(before: object, now: Mapping[str, Any]) -> str:
    """What is not the same in a folder as in this run, in words: its settings by name, with both values."""
    if not isinstance(before, dict) or not isinstance(before.get("config"), dict):
        return "what is unknown: its configuration.json cannot be read"
    there = before["config"]
    settings = [
        f"{name} {_worded(there.get(name))}, not {_worded(value)}"
        for name, value in now["config"].items()
        if there.get(name) != value
    ]
    if before.get("version") != now["version"]:
        return f"rfsn {before.get('version')}"
    others = [f"other {name}" for name in _OTHERS if name in now and before.get(name) != now[name]]
    data = ["another data set or other environments"] if before.get("dataset") != now.get("dataset") else []
    return "; ".join([*data, *others, *settings]) or "another configuration"


def _worded(value: object) -> str:
    return to_json(value)[:_MAX_SHOWN]


def _decoded(content: bytes | None) -> object:
    try:
        return json.loads(content or b"")
    except (ValueError, RecursionError):
        return None
