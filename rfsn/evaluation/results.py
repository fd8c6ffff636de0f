"""The results of an evaluation on disk: a line per instance, written as it ends, so that a batch can continue."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from rfsn.config import Config
from rfsn.errors import StorageError, UsageError
from rfsn.evaluation.claimed import ClaimedFolder
from rfsn.evaluation.rows import RESULTS, SESSIONS, is_solved, open_results, rows_in
from rfsn.machine.files import LineFile, is_short_of_room, usable, write_streamed, write_whole
from rfsn.machine.text import to_json
from sandbox import remove_unfinished

__all__ = ["REPORT", "Results", "Summary"]

REPORT = "report.json"
"""The file in an evaluation's folder with the report that the SWE-bench harness would write."""

_MODEL_NAME = "rfsn-search"


class Results:
    """`results.jsonl` and `predictions.jsonl` in one folder, bound to one configuration and data set.

    A lock keeps every other evaluation out of the folder until `close`.
    """

    def __init__(self, folder: Path, config: Config, identity: Mapping[str, Any]) -> None:
        """Open or create the folder of the evaluation of what `identity` names, with these settings.

        Raises `UsageError` if it holds results of another configuration or anything else, is in use, or cannot be
        created.
        """
        self._folder = folder
        self._claimed = ClaimedFolder(folder, config, identity, "eval")
        try:
            with usable(folder):
                self._prepare_sessions()
        except BaseException:
            self.close()
            raise

    def _prepare_sessions(self) -> None:
        sessions = self.sessions()
        sessions.mkdir(exist_ok=True)
        if sessions.is_symlink():
            raise UsageError(f"{sessions} is a symbolic link: choose another --out")
        remove_unfinished(sessions)

    def close(self) -> None:
        """Release the folder. Closing twice does nothing."""
        self._claimed.close()

    def sessions(self) -> Path:
        """The folder of this evaluation's sessions."""
        return self._folder / SESSIONS

    def statuses(self) -> dict[str, str]:
        """How each instance ended so far. A torn last line is left out, and the last result of an instance counts.

        Raises `UsageError` for an invalid line, and if the file is not a regular one.
        """
        return {row["instance_id"]: row["status"] for _, row in self._read()}

    def rows(self, instances: Collection[str]) -> Iterator[dict[str, Any]]:
        """The results of these instances, in the order in which they ended. Raises what `statuses` raises."""
        wanted = set(instances)
        last = {row["instance_id"]: place for place, row in self._read() if row["instance_id"] in wanted}
        return (row for place, row in self._read() if last.get(row["instance_id"]) == place)

    def keep_only(self, instances: Collection[str]) -> None:
        """Drop the results of every other instance, and make the predictions match the results."""
        for name, line_of in (("results", lambda row: row), ("predictions", _prediction)):
            lines = (to_json(line_of(row)).encode() + b"\n" for row in self.rows(instances))
            write_streamed(self._folder / f"{name}.jsonl", lines)

    def write_report(self, instances: Collection[str]) -> None:
        """Write `report.json`, in the harness's schema 2, on these instances: as the verdict or hidden tests say."""
        from rfsn.evaluation.grading.run_report import Ended, run_report  # noqa: PLC0415  # only at the end

        patches: dict[str, str | None] = {}
        ended: dict[str, Ended] = {}
        for row in self.rows(instances):
            lost = row["status"] == "infra_error"
            patches[row["instance_id"]] = "there" if row["patch"] else None
            ended[row["instance_id"]] = Ended(not lost, is_solved(row), "infra_failure" if lost else "", lost)
        write_whole(self._folder / REPORT, json.dumps(run_report(instances, patches, ended), indent=2) + "\n")

    def _read(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """The valid lines of the results by their numbers."""
        path = self._folder / RESULTS
        try:
            file = open_results(path, self._claimed.descriptor)
        except FileNotFoundError:
            return
        with file:
            yield from enumerate(rows_in(file, path))

    def add(self, row: dict[str, Any]) -> None:
        """Append one result and its prediction, each on disk before this returns.

        Raises `StorageError` if the disk is full: the same evaluation then runs that instance again.
        """
        for name, line in (("results", row), ("predictions", _prediction(row))):
            self._append(self._folder / f"{name}.jsonl", to_json(line).encode())

    @staticmethod
    def _append(path: Path, line: bytes) -> None:
        try:
            file = LineFile(path)
            try:
                file.append(line)
            finally:
                file.close()
        except OSError as error:
            remedy = "free some space" if is_short_of_room(error, path.parent) else "let it be written"
            raise StorageError(
                f"{path} cannot be written: {error.strerror}: {remedy}, then start the same command again"
            ) from error


def _prediction(row: dict[str, Any]) -> dict[str, Any]:
    mode = {"mode": row["mode"]} if "mode" in row else {}
    return {
        "instance_id": row["instance_id"],
        "model_name_or_path": "+".join((_MODEL_NAME, *row.get("models", ()))),
        "model_patch": row["patch"] or "",
        **mode,
    }


class Summary:
    """Totals: how many instances ended with each status, and what they took."""

    def __init__(self) -> None:
        self._statuses: Counter[str] = Counter()
        self._cpu_seconds = 0.0

    def add(self, row: Mapping[str, Any]) -> None:
        """Count a result."""
        self._statuses[row["status"]] += 1
        self._cpu_seconds += row["cpu_seconds"]

    def totals(self, seconds: float, spent_usd: float | None, chosen: int) -> dict[str, Any]:
        """The totals as JSON, with what models cost, if any may be asked.

        `seconds` is the wall time of this run. `spent_usd` is of all runs: rows say nothing of sessions that were
        killed. Instances among the `chosen` that have no result yet are `left`.
        """
        total = self._statuses.total()
        return {
            "total": total,
            **dict(sorted(self._statuses.items())),
            **({"left": chosen - total} if chosen > total else {}),
            "seconds": round(seconds, 3),
            "cpu_seconds": round(self._cpu_seconds, 3),
            **({} if spent_usd is None else {"cost_usd": round(spent_usd, 9)}),
        }
