"""Which operators helped in earlier sessions: a table that outlives them. A session reads it once, at its start.

A repair needs nothing of this: a table that is locked, damaged or not writable only causes a warning.
"""

from __future__ import annotations

import sqlite3
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing

import structlog

from gate import Patch
from planners.observations import Batch, VerdictReached
from planners.search.experience import Experience, Tally, fingerprint
from planners.state import State
from planners.targets import targets_of
from rfsn.machine import home
from rfsn.sessions.events import Observed
from rfsn.sessions.projection import Projection, fold
from rfsn.sessions.record import Record

__all__ = ["recall", "remember"]

_log = structlog.get_logger("rfsn")

_READ_S, _WRITE_S = 5.0, 30.0
"""How long to wait for other sessions that write: longer to write, as the session's own outcomes would be lost."""

_PAUSE_S = 0.02
_OTHERS = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}

_MAX_ROWS = 2_000
"""The most rows of single fingerprints that a session reads, most recently used first; the sums hold all."""

_TABLE = """
CREATE TABLE IF NOT EXISTS outcomes (
    fingerprint TEXT NOT NULL, operator TEXT NOT NULL,
    tried INTEGER NOT NULL, helped INTEGER NOT NULL, at REAL NOT NULL,
    PRIMARY KEY (fingerprint, operator)
)
"""
_ADD = """
INSERT INTO outcomes VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE
SET tried = tried + excluded.tried, helped = helped + excluded.helped, at = excluded.at
"""
_OVERALL = "SELECT operator, sum(tried), sum(helped) FROM outcomes GROUP BY operator ORDER BY operator"
_ALIKE = "SELECT fingerprint, operator, tried, helped FROM outcomes ORDER BY at DESC, fingerprint, operator LIMIT ?"

type _Row = tuple[str, str, int, int]


def recall() -> Experience:
    """The experience of earlier sessions; empty if there were none, or the table cannot be read."""
    try:
        if not home.memory_file().exists():
            return Experience()
        with closing(_connect("rw", _READ_S)) as table:
            overall = {str(operator): _tally(tried, helped) for operator, tried, helped in table.execute(_OVERALL)}
            alike: dict[str, dict[str, Tally]] = defaultdict(dict)
            for failure, operator, tried, helped in table.execute(_ALIKE, (_MAX_ROWS,)):
                alike[str(failure)][str(operator)] = _tally(tried, helped)
    except (sqlite3.Error, OSError, ValueError) as error:
        _log.warning("the outcomes of earlier sessions are not used", file=str(home.memory_file()), why=str(error))
        return Experience()
    return Experience(overall, dict(alike))


def remember(record: Record) -> None:
    """Add how the operators did in a session that ended with a verified patch: all of it or, if killed, nothing."""
    rows = list(_rows(record))
    try:
        home.memory_file().parent.mkdir(parents=True, exist_ok=True)
        _patiently(_add, rows)
    except (sqlite3.Error, OSError) as error:
        _log.warning("the outcome of this session is not saved", file=str(home.memory_file()), why=str(error))


def _add(rows: Sequence[_Row], timeout_s: float) -> None:
    with closing(_connect("rwc", timeout_s)) as table:
        # A writer from the start: a reader that turns into a writer is refused, without waiting, if another is there.
        table.execute("BEGIN IMMEDIATE")
        table.execute(_TABLE)
        table.executemany(_ADD, [(*row, time.time()) for row in rows])
        table.execute("COMMIT")


def _patiently(write: Callable[[Sequence[_Row], float], None], rows: Sequence[_Row]) -> None:
    """Write, and try again if others prevent it: SQLite does not wait by itself in every such case."""
    deadline = time.monotonic() + _WRITE_S
    while True:
        try:
            return write(rows, max(0.0, deadline - time.monotonic()))
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in _OTHERS or time.monotonic() >= deadline:
                raise
            time.sleep(_PAUSE_S)


def _connect(mode: str, timeout_s: float) -> sqlite3.Connection:
    where = f"{home.memory_file().absolute().as_uri()}?mode={mode}"
    return sqlite3.connect(where, timeout=timeout_s, isolation_level=None, uri=True)


def _tally(tried: object, helped: object) -> Tally:
    """The counts as a tally; raises `ValueError` for invalid ones, as a damaged table may hold anything."""
    if not (isinstance(tried, int) and isinstance(helped, int) and min(tried, helped) >= 0):
        raise ValueError(f"{tried!r} and {helped!r} are not counts")
    return Tally(tried, helped)


def _rows(record: Record) -> Iterator[_Row]:
    """The tallies of each search that led to a patch that a verdict accepted or kept."""
    projection, tried = Projection(), Counter[str]()
    makers: dict[Patch, str] = {}
    for entry in record.entries():
        before = projection.state
        projection = fold(projection, entry.event)
        if not isinstance(entry.event, Observed):
            continue
        tried.update(entry.event.tried)
        match entry.event.observation:
            case Batch(plausible=plausible, partial=partial):
                makers |= {trial.patch: trial.operator for trial in plausible}
                makers |= {trial.patch: trial.operator for trial in partial}
            case VerdictReached(verdict) if before.applied is not None and (verdict.accepted or verdict.partly):
                yield from _tallied(_failure(before, record), tried, makers.get(before.applied, "").split("+"))
                tried.clear()


def _tallied(failure: str, tried: Counter[str], helped: Iterable[str]) -> Iterator[_Row]:
    for operator, count in sorted(tried.items()):
        yield failure, operator, count, int(operator in helped)


def _failure(state: State, record: Record) -> str:
    known = targets_of(state, record.blobs, record.config.target)
    left = set(known.left)
    return fingerprint(case for case in known.baseline.cases if case.id in left)
