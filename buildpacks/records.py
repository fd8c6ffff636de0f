"""The results of a cold run: signed lines on the runner's own standard output, the same for every language.

A runner reads one JSON object from its standard input, with `key` (hex), `canaries` (whether to add some) and
whatever else its pack has to say, before any code of the tree runs. It keeps its standard output for itself, closed
to children, gives the tests another one, and writes lines of `MAC RECORD`: the record is JSON, and the MAC is HMAC-
SHA256 (hex, RFC 2104) under the key of the number of the line (from 0, eight bytes, big-endian) and the record.
Records are:

- `{"canary": id}`: a test of that id, which no file of the tree has, is made to fail; before all others.
- `{"case": id, "outcome": outcome, "duration_s": s, "message": text}`; an id may come again: the worst outcome counts.
- `{"end": code}`: the last line; the exit code that follows.

Texts are taken as `buildpacks.text.spelled` spells them, and a run is asked for tests by those ids.

So what anyone else writes there, or leaves out, shows. Code in the runner's own process could still find the key:
that is for the gate's rules and the canaries to tell.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import math
from dataclasses import dataclass
from typing import Any

from buildpacks.results import CaseResult, Outcome
from buildpacks.text import spelled

__all__ = ["RecordError", "Records", "read_records"]

_MAX_MESSAGE = 2_000
_MAX_ID = 10_000
_WORST_FIRST = (Outcome.ERROR, Outcome.FAILED, Outcome.TIMEOUT, Outcome.XPASSED, Outcome.XFAILED, Outcome.SKIPPED)


class RecordError(ValueError):
    """The lines are not those that the runner wrote."""


@dataclass(frozen=True, slots=True)
class Records:
    """What a runner wrote: the cases, the canaries among them apart, and the exit code that it was about to end with.

    `end` is None where the runner did not come to its end.
    """

    cases: tuple[CaseResult, ...]
    canaries: tuple[CaseResult, ...]
    end: int | None


def read_records(data: bytes, key: bytes) -> Records:
    """Check and read the lines of one run. Raises `RecordError` where a line is not the runner's own."""
    *lines, rest = data.split(b"\n")
    if rest:
        raise RecordError("the results end in the middle of a line")
    cases: dict[str, CaseResult] = {}
    canaries: set[str] = set()
    end: int | None = None
    for number, line in enumerate(lines):
        mac, _, record = line.partition(b" ")
        if not hmac.compare_digest(mac, _mac(key, number, record)):
            raise RecordError(f"line {number + 1} of the results was not written by the test runner")
        if end is not None:
            raise RecordError("there are results after their end")
        told = _decode(record)
        if "canary" in told:
            canaries.add(_text(told["canary"]))
        elif type(told.get("end")) is int:
            end = told["end"]
        else:
            case = _case(told)
            known = cases.get(case.id)
            if known is None or _rank(case.outcome) < _rank(known.outcome):
                cases[case.id] = case
    return Records(
        tuple(case for case in cases.values() if case.id not in canaries),
        tuple(cases.get(id, CaseResult(id, Outcome.MISSING)) for id in sorted(canaries)),
        end,
    )


def _mac(key: bytes, number: int, record: bytes) -> bytes:
    return hmac.new(key, number.to_bytes(8, "big") + record, hashlib.sha256).hexdigest().encode()


def _decode(record: bytes) -> dict[str, Any]:
    try:
        told = json.loads(record)
    except (ValueError, RecursionError) as error:
        raise RecordError(f"unreadable results: {error}") from error
    if not isinstance(told, dict):
        raise RecordError("a record is no object")
    return told


def _case(told: dict[str, Any]) -> CaseResult:
    try:
        id, outcome, duration = _text(told["case"]), Outcome(told["outcome"]), float(told["duration_s"])
    except (KeyError, OverflowError, TypeError, ValueError) as error:
        raise RecordError(f"a record is no case: {error}") from error
    if len(id) > _MAX_ID or not math.isfinite(duration):
        raise RecordError("the id of a case is too long, or its duration without end")
    return CaseResult(id, outcome, duration, _text(told.get("message", ""))[:_MAX_MESSAGE])


def _text(value: object) -> str:
    return spelled(str(value))


def _rank(outcome: Outcome) -> int:
    return _WORST_FIRST.index(outcome) if outcome in _WORST_FIRST else len(_WORST_FIRST)
