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
from rfsn.source.folders import read_plain
from sandbox.folders import kind_of

__all__ = ["ClaimedFolder"]

_CONFIGURATION = "configuration.json"
_MAX_BYTES = 16 << 20


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
        elif _decoded(read_plain(known.name, self.descriptor, _MAX_BYTES, str(known))) != identity:
            what = "another data set or configuration, or other predictions"
            raise UsageError(f"{self.path} holds results of {what}: choose another --out")

    def close(self) -> None:
        """Release the folder. Closing twice does nothing."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


def _decoded(content: bytes | None) -> object:
    try:
        return json.loads(content or b"")
    except (ValueError, RecursionError):
        return None
