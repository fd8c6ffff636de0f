"""Managing sessions: `rfsn report`, `rfsn sessions list` and `rfsn sessions prune`."""

from __future__ import annotations

import webbrowser
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from rfsn.cli.commands import guarded
from rfsn.errors import InfraError, OtherVersion
from rfsn.machine.terminal import give_json, say, tell
from rfsn.machine.text import one_line
from rfsn.models.recording import messages as messages_of
from rfsn.reporting.results import regenerate
from rfsn.sessions.leftovers import remove_leftovers
from rfsn.sessions.record import Record
from rfsn.sessions.retention import Listed, Pruned, choose, list_sessions, prune
from rfsn.sessions.session import session_folder
from sandbox import MARK

__all__ = ["list_all", "messages", "remove_left_behind", "remove_old", "report"]


def report(name: str, *, show: bool) -> int:
    """`rfsn report`: write the files of a session again and print the page's path."""

    def run() -> int:
        folder = session_folder(name)
        page = folder / "report.html"
        try:
            regenerate(folder)
        except OtherVersion as error:
            if not page.is_file():
                raise
            say(str(error))
        tell(str(page))
        if show and not webbrowser.open(page.as_uri()):
            say("no browser could be started: open the file yourself")
        return 0

    return _guarded(run, as_json=False)


def messages(name: str) -> int:
    """`rfsn report --messages`: what models were asked and answered, one call per line."""

    def run() -> int:
        for call in messages_of(Record.read(session_folder(name))):
            give_json(call)
        return 0

    return _guarded(run, as_json=False)


def list_all(*, as_json: bool) -> int:
    """`rfsn sessions list`."""

    def run() -> int:
        sessions = list_sessions()
        if as_json:
            give_json({"sessions": [_row(session) for session in sessions]})
        else:
            _show(sessions)
        return 0

    return _guarded(run, as_json=as_json)


def remove_left_behind(*, as_json: bool) -> int:
    """`rfsn sandbox prune`."""

    def run() -> int:
        removed = remove_leftovers()
        if as_json:
            give_json({"removed": removed})
        else:
            for line in removed or ["nothing was left behind"]:
                tell(line)
        return 0

    return _guarded(run, as_json=as_json)


def remove_old(keep: int, older_than: float, statuses: Collection[str], *, dry_run: bool, as_json: bool) -> int:
    """`rfsn sessions prune`."""

    def run() -> int:
        chosen = choose(list_sessions(), datetime.now(UTC), keep=keep, older_than=older_than, statuses=statuses)
        pruned = prune(chosen, dry_run=dry_run)
        if as_json:
            kinds = {"removed": pruned.removed, "in_use": pruned.in_use, "unmarked": pruned.unmarked}
            rows = {kind: [_row(session) for session in listed] for kind, listed in kinds.items()}
            give_json({**rows, "bytes": pruned.bytes, "dry_run": dry_run})
        else:
            _tell(pruned, dry_run=dry_run)
        return 0

    return _guarded(run, as_json=as_json)


def _guarded(command: Callable[[], int], *, as_json: bool) -> int:
    """Run a command; an error of the system is reported like any other error."""

    def run() -> int:
        try:
            return command()
        except OSError as error:
            raise InfraError(f"{error.filename}: {error.strerror}") from error

    return guarded(run, as_json=as_json)


def _row(session: Listed) -> dict[str, Any]:
    times = {"begun": session.begun.isoformat(), "last": session.last.isoformat()}
    return asdict(session) | times | {"folder": str(session.folder)}


def _show(sessions: Sequence[Listed]) -> None:
    if not sessions:
        say("there are no sessions")
    width = max((len(one_line(session.name)) for session in sessions), default=0)
    for session in sessions:
        facts = f"{session.status:<17} {session.seconds:8.1f} s {_megabytes(session.bytes):>10}"
        tell(f"{one_line(session.name):<{width}}  {session.begun:%Y-%m-%d %H:%M}  {facts}  {session.source}")


def _tell(pruned: Pruned, *, dry_run: bool) -> None:
    verb = "would remove" if dry_run else "removed"
    for session in pruned.removed:
        tell(f"{verb} {session.name}  ({session.status}, {_megabytes(session.bytes)})")
    for session in pruned.in_use:
        tell(f"kept {session.name}: it is in use")
    for session in pruned.unmarked:
        tell(f"kept {session.name}: rfsn did not make this folder (it has no {MARK}); remove it yourself")
    freed = "would be freed" if dry_run else "freed"
    tell(f"{len(pruned.removed)} sessions, {pruned.bytes} bytes ({_megabytes(pruned.bytes)}) {freed}")


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
