"""The results of an evaluation on disk: one line an instance, written as it ends, so that a stopped batch goes on."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import Path
from threading import Lock
from typing import Any

from rfsn import __version__
from rfsn.config import Config
from rfsn.errors import UsageError
from rfsn.text import to_json

__all__ = ["Results", "summarize"]

_MODEL_NAME = "rfsn-search"


class Results:
    """`results.jsonl` and `predictions.jsonl` in one folder, bound to one configuration and data set."""

    def __init__(self, folder: Path, config: Config, dataset: Path) -> None:
        """Open or create the folder. Raises `UsageError` where it holds results of another configuration."""
        self._folder = folder
        self._lock = Lock()
        self.sessions().mkdir(parents=True, exist_ok=True)
        identity = {
            "version": __version__,
            "dataset": hashlib.sha256(dataset.read_bytes()).hexdigest(),
            "config": config.model_dump(mode="json"),
        }
        known = folder / "configuration.json"
        if known.exists() and json.loads(known.read_text()) != identity:
            raise UsageError(f"{folder} holds results of another data set or configuration: choose another --out")
        known.write_text(json.dumps(identity, indent=2) + "\n")

    def sessions(self) -> Path:
        """Where the sessions of this evaluation live."""
        return self._folder / "sessions"

    def load(self) -> dict[str, dict[str, Any]]:
        """The results so far by instance; a torn last line is left out, and the last result of an instance counts."""
        path = self._folder / "results.jsonl"
        if not path.exists():
            return {}
        data = path.read_bytes()
        whole = data[: data.rfind(b"\n") + 1]
        if whole != data:
            os.truncate(path, len(whole))
        return {row["instance_id"]: row for row in map(json.loads, whole.splitlines())}

    def keep_only(self, instances: Collection[str]) -> None:
        """Drop the results of every other instance, and have the predictions say what the results do."""
        rows = [row for id, row in self.load().items() if id in instances]
        for name, lines in (("results", rows), ("predictions", [_prediction(row) for row in rows])):
            partial = self._folder / f"{name}.partial"
            partial.write_text("".join(to_json(line) + "\n" for line in lines))
            partial.rename(self._folder / f"{name}.jsonl")

    def add(self, row: dict[str, Any]) -> None:
        """Append one result and its prediction, each on disk before this returns."""
        with self._lock:
            for name, line in (("results", row), ("predictions", _prediction(row))):
                with (self._folder / f"{name}.jsonl").open("a") as file:
                    file.write(to_json(line) + "\n")
                    file.flush()
                    os.fsync(file.fileno())


def _prediction(row: dict[str, Any]) -> dict[str, Any]:
    mode = {"mode": row["mode"]} if "mode" in row else {}
    return {
        "instance_id": row["instance_id"],
        "model_name_or_path": _MODEL_NAME,
        "model_patch": row["patch"] or "",
        **mode,
    }


def summarize(rows: Iterable[dict[str, Any]], seconds: float) -> dict[str, Any]:
    """Totals: how many instances ended with each status, and CPU seconds; `seconds` is the wall time of this run."""
    rows = list(rows)
    return {
        "total": len(rows),
        **dict(sorted(Counter(row["status"] for row in rows).items())),
        "seconds": round(seconds, 3),
        "cpu_seconds": round(sum(row["cpu_seconds"] for row in rows), 3),
    }
