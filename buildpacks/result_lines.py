"""The results of a cold run: signed lines on the runner's own standard output, the same for every language.

A runner reads one JSON object from its standard input before any code of the tree runs. The object has `key` (hex),
`canaries` (whether to add some) and whatever else the pack passes to its runner. The runner keeps its standard output
for itself, closes it in child processes, gives the tests another one, and writes lines of `MAC RESULT`. A result is a
JSON object; its MAC is HMAC-SHA256 (hex, RFC 2104), under the key, of the number of the line (from 0, eight bytes,
big-endian) and the result. Results are:

- `{"canary": id}`: a test with that id, which no file of the tree has, is made to fail; before all other results.
- `{"case": id, "outcome": outcome, "duration_s": s, "message": text}`; if an id is repeated, the worst outcome counts.
  With `"frames": [[path, line, function], ...]` it says where in the tree it failed, outermost first; with
  `"misfit": true`, that the environment seems to be why a file of tests cannot be loaded.
  With `"places"` of the same form it says where in the tests' own code.
- `{"finding": id, "about": name, "message": text}`: why a result of that test does not count (see `Finding`).
- `{"touched": {...}}`: files of the tree, by the names that `buildpacks.results.Touched` has.
- `{"end": code}`: the last line; the exit code that follows.

Texts are escaped by `buildpacks.text.spelled`, and a run is asked for tests by the escaped ids.

So lines that are forged or missing are detected. Code in the runner's own process could still find the key: the gate's
rules and the canaries are there for that.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import math
from dataclasses import dataclass, field
from typing import Any

from buildpacks.results import CaseResult, Finding, Frame, Outcome, Touched
from buildpacks.text import spelled

__all__ = ["ResultLineError", "ResultLines", "read_result_lines"]

_MAX_MESSAGE = 2_000
_MAX_ID = 10_000
_MAX_FRAMES = 100
_MAX_FINDINGS = 100
_MAX_SHOWN = 80
_MAX_TOUCHED = 5_000
_WORST_FIRST = (Outcome.ERROR, Outcome.FAILED, Outcome.TIMEOUT, Outcome.XPASSED, Outcome.XFAILED, Outcome.SKIPPED)


class ResultLineError(ValueError):
    """The lines are not what the runner wrote."""


@dataclass(frozen=True, slots=True)
class ResultLines:
    """The results that a runner wrote: the cases, the canaries apart from them, and the exit code that it announced.

    `end` is that exit code; None if the runner did not finish. `findings` are each there once.
    """

    cases: tuple[CaseResult, ...]
    canaries: tuple[CaseResult, ...]
    end: int | None
    findings: tuple[Finding, ...] = ()
    touched: Touched = field(default_factory=Touched)


def read_result_lines(data: bytes, key: bytes) -> ResultLines:
    """Check and read the lines of one run. Raises `ResultLineError` if a line is not the runner's own."""
    *lines, rest = data.split(b"\n")
    if rest:
        raise ResultLineError("the results end in the middle of a line")
    cases: dict[str, CaseResult] = {}
    canaries: set[str] = set()
    findings: dict[Finding, None] = {}
    end: int | None = None
    touched = Touched()
    for number, line in enumerate(lines):
        mac, _, encoded = line.partition(b" ")
        if not hmac.compare_digest(mac, _mac(key, number, encoded)):
            start = f"it starts with {line[:_MAX_SHOWN]!r}"
            raise ResultLineError(f"line {number + 1} of the results was not written by the test runner: {start}")
        if end is not None:
            raise ResultLineError("there are results after the last line")
        result = _decode(encoded)
        if "canary" in result:
            canaries.add(_text(result["canary"]))
        elif "finding" in result:
            findings[_finding(result)] = None
        elif type(result.get("end")) is int:
            end = result["end"]
        elif "touched" in result:
            touched = _touched(result["touched"])
        else:
            case = _case(result)
            known = cases.get(case.id)
            if known is None or _rank(case.outcome) < _rank(known.outcome):
                cases[case.id] = case
    return ResultLines(
        tuple(case for case in cases.values() if case.id not in canaries),
        tuple(cases.get(id, CaseResult(id, Outcome.MISSING)) for id in sorted(canaries)),
        end,
        tuple(findings)[:_MAX_FINDINGS],
        touched,
    )


def _mac(key: bytes, number: int, encoded: bytes) -> bytes:
    return hmac.new(key, number.to_bytes(8, "big") + encoded, hashlib.sha256).hexdigest().encode()


def _decode(encoded: bytes) -> dict[str, Any]:
    try:
        result = json.loads(encoded)
    except (ValueError, RecursionError) as error:
        raise ResultLineError(f"unreadable results: {error}") from error
    if not isinstance(result, dict):
        raise ResultLineError("a result is not an object")
    return result


def _case(result: dict[str, Any]) -> CaseResult:
    try:
        id, outcome, duration = _text(result["case"]), Outcome(result["outcome"]), float(result["duration_s"])
    except (KeyError, OverflowError, TypeError, ValueError) as error:
        raise ResultLineError(f"a result is not a case: {error}") from error
    if len(id) > _MAX_ID or not math.isfinite(duration):
        raise ResultLineError("a case has an id that is too long, or an infinite duration")
    message, misfit = _text(result.get("message", ""))[:_MAX_MESSAGE], result.get("misfit") is True
    places = _frames(result.get("places", ()))
    return CaseResult(id, outcome, duration, message, _frames(result.get("frames", ())), misfit=misfit, places=places)


def _finding(result: dict[str, Any]) -> Finding:
    about, message = (_text(result.get(key, ""))[:_MAX_MESSAGE] for key in ("about", "message"))
    return Finding(_text(result["finding"])[:_MAX_ID], about, message)


def _frames(given: Any) -> tuple[Frame, ...]:
    try:
        frames = tuple(Frame(_text(path), int(line), _text(name)) for path, line, name in given)
    except (OverflowError, TypeError, ValueError) as error:
        raise ResultLineError(f"a case has frames that are none: {error}") from error
    return frames[-_MAX_FRAMES:]


def _touched(told: Any) -> Touched:
    def paths(name: str) -> tuple[str, ...]:
        return tuple(_text(path)[:_MAX_ID] for path in told[name][:_MAX_TOUCHED])

    def pairs(name: str) -> tuple[tuple[str, str], ...]:
        return tuple((_text(path)[:_MAX_ID], _text(by)[:_MAX_ID]) for path, by in told[name][:_MAX_TOUCHED])

    try:
        return Touched(paths("collected"), paths("plugins"), pairs("imported"), pairs("opened"), paths("written"))
    except (KeyError, TypeError, ValueError) as error:
        raise ResultLineError(f"the files of a run are none: {error}") from error


def _text(value: object) -> str:
    return spelled(str(value))


def _rank(outcome: Outcome) -> int:
    return _WORST_FIRST.index(outcome) if outcome in _WORST_FIRST else len(_WORST_FIRST)
