"""What a worker is given and what it tells: messages of JSON, the same between processes and between machines."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rfsn.config import Config
from rfsn.evaluation.formats import InlineInstance, Instance, RepositoryInstance

__all__ = ["Job", "lost_row", "source_of"]


def source_of(id: str) -> str:
    """What the session of an instance is told that it repairs: by that it is known again."""
    return f"instance {id}"


@dataclass(frozen=True, slots=True)
class Job:
    """An instance to repair: with which settings, in which folder, and whether an earlier session there goes on.

    `repos` is the folder of clones, `hidden` whether the failing tests stay hidden, `sessions` how many run at a time.
    """

    instance: Instance
    config: Config
    folder: Path
    repos: Path | None = None
    hidden: bool = False
    resumed: bool = False
    sessions: int = 1

    @property
    def id(self) -> str:
        """The id of the instance."""
        return self.instance.instance_id

    @property
    def source(self) -> str:
        """What its session is told that it repairs."""
        return source_of(self.id)

    def message(self) -> dict[str, Any]:
        """The job as JSON."""
        return {
            "inline": isinstance(self.instance, InlineInstance),
            "instance": self.instance.model_dump(mode="json", by_alias=True),
            "config": self.config.model_dump(mode="json"),
            "folder": str(self.folder),
            "repos": None if self.repos is None else str(self.repos),
            "hidden": self.hidden,
            "resumed": self.resumed,
            "sessions": self.sessions,
        }

    @classmethod
    def of(cls, message: dict[str, Any]) -> Job:
        """The job that a message is."""
        kind = InlineInstance if message["inline"] else RepositoryInstance
        return cls(
            kind.model_validate(message["instance"]),
            Config.model_validate(message["config"]),
            Path(message["folder"]),
            None if message["repos"] is None else Path(message["repos"]),
            message["hidden"],
            message["resumed"],
            message["sessions"],
        )


def lost_row(job: Job, reason: str, seconds: float) -> dict[str, Any]:
    """The row of an instance whose worker is gone: nothing that it did counts."""
    return {
        "instance_id": job.id,
        "status": "infra_error",
        "seconds": round(seconds, 3),
        "cpu_seconds": 0.0,
        "candidates": 0,
        "patch": None,
        "reason": reason,
        "session": str(job.folder),
        "seed": job.config.seed,
    }
