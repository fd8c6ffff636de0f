"""The protocol of warm runners, the same for every language: JSON lines, one answer per request, in order.

A runner first sends `{"ready": [test ids], "errors": collection errors, "imported": {path: [line, ...]}}`; `imported`
has the lines of functions that were called while it collected the tests. Then it gets requests:

- `{"op": "plan", "targets": [[id, limit], ...], "tests": [[id, limit], ...]}`: the failing tests that candidates are to
  repair and the passing ones that they must not break, in the order to run them, with the CPU seconds that each may
  use; answered by `{"planned": n, "screened": m, "why": text}`: how many of the tests it knows, how many of these it
  can run for one candidate after another in one process, and why not the others.
- `{"op": "trace", "id": id, "limit": s, "kinds": bool}`: run one test on the base and report the lines that it
  executes; answered by its `outcome`, `cpu_s`, `message`, `frames` (path, line, function) and `lines` (path ->
  numbers); if `kinds` are requested, also by those of the variables (path -> function -> name -> `number`, `sequence`,
  `set`, `callable` or `object`).
- `{"op": "try", "screen": bool, "candidates": [{"index": n, "files": {path: [[start, end, text], ...]}, "probes": [id,
  ...], "afresh": bool}, ...]}`: for each candidate, apply its edits (byte offsets on the base) and run the `probes`,
  some of the targets, until one passes; then all other targets, then the tests until the first that does not pass. Each
  is answered, in order, by `index`, `outcome`, the `id` of a test that did not pass, the name of the `exception` that
  it raised and its `lines` in the test's own file, the outermost first; if the outcome is `passed` and some targets do
  not pass, also by the targets that do, `fixed`. With `screen` the runner may find failing candidates quickly, in any
  way that gives the same outcomes, but for one thing unless they are tried `afresh`: what functions did while the tests
  were loaded may stand as on the base, if every target runs those that the candidate changes. Without `screen`, each
  candidate has a process of its own. Any request that is sent before the last answer ends this one. A path that the
  base does not have is a new file, with one edit. The outcome `unknown` is for a candidate that needs a cold run.
- `{"op": "observe", "files": {path: [[start, end, text], ...]}}`: call the functions that the targets call under one
  candidate, with a series of inputs like those of the tests, the same for every candidate of a plan; answered by
  `behaviour`: `i` and a digest of the inputs, then a word for each input: `r` and a digest of the result, `e` and a
  digest of the exception, `t` for one over the limit, `x` if the process ended, `-` if it was not tried. It is empty
  if the candidate cannot be observed. `calls` and `answers` show people each input and what comes of it, in order.
- `{"op": "repeat", "targets": [[id, limit], ...], "tests": [[id, limit], ...]}`: find the calls that targets make of
  functions of the tree, and other tests make of the same, that can be repeated; answered by `repeated`: for each call
  a text that names it in any version of the tree, one for people, the word of an `observe`, and what comes of it. The
  runner is not planned for this; its tree may have a candidate applied. `{"op": "repeat", "calls": [text, ...], "near":
  bool}` is answered likewise: for these calls, or for new ones near them.
- `{"op": "spent"}`: where the time of the candidates of this plan went; answered by `spent`, wall-clock seconds by
  kind, which the runner names as it likes.
- `{"op": "end"}`: sent to end a `try` early; answered by `{"ended": true}`, after the answers that were under way.

Every answer comes out of a sandbox and is hostile: decoding checks it and raises `ProtocolError`. Its texts are escaped
by `buildpacks.text.spelled`; `Ready.own` has the runner's own form of each id that escaping changes.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from buildpacks.results import CaseTrace, Frame, Kinds, Outcome
from buildpacks.text import spelled

__all__ = [
    "Behaviour",
    "Edits",
    "Planned",
    "ProtocolError",
    "Ready",
    "Repeated",
    "WarmResult",
    "decode_behaviour",
    "decode_planned",
    "decode_ready",
    "decode_repeated",
    "decode_result",
    "decode_spent",
    "decode_trace",
    "encode_end",
    "encode_observe",
    "encode_plan",
    "encode_recorded",
    "encode_repeat",
    "encode_spent",
    "encode_trace",
    "encode_try",
    "is_end",
]

type Edits = Mapping[str, Sequence[tuple[int, int, bytes]]]
"""The edits of each path: (start, end, text), with byte offsets on the base."""

_OUTCOMES = frozenset({"passed", "failed", "error", "skipped", "xfailed", "xpassed", "timeout", "missing"})
_MAX_LINES, _MAX_KINDS, _MAX_SPENT = 5, 8, 20
_MAX_INPUTS, _MAX_SHOWN, _MAX_CALL = 150, 400, 1 << 20
_SERIES = re.compile("i[0-9a-f]{5}")
_DIGEST = re.compile("[re][0-9a-f]{5}|[tx-]")
_TRIED = _OUTCOMES | {"invalid", "crashed", "unknown"}


class ProtocolError(ValueError):
    """An answer of a warm runner does not follow the protocol."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What a candidate does on inputs that no test has: the words of an `observe`.

    `calls` and `answers` show each input and what comes of it; they are empty if the runner shows none.
    """

    words: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Repeated:
    """A call in one version of the tree: its name for every version, how people read it, and what came of it."""

    call: str
    shown: str
    word: str
    answer: str


@dataclass(frozen=True, slots=True)
class Ready:
    """The runner has collected these tests, and could not collect `errors` files.

    `imported` are the lines, by path, of the functions that were called meanwhile. `own` are the runner's own forms of
    ids, by their escaped form, if that differs.
    """

    ids: frozenset[str]
    errors: int
    imported: Mapping[str, frozenset[int]] = field(default_factory=dict)
    own: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Planned:
    """The runner knows this many of the planned tests; `screened` of them may share a process, not all if `why`."""

    tests: int
    screened: int = 0
    why: str = ""


@dataclass(frozen=True, slots=True)
class WarmResult:
    """How the planned tests ended under one candidate; `id` is the first test that did not pass, if any.

    `exception` is the name of the exception in it, and `lines` are its lines in the test's own file, the outermost
    first. `passed` means that no passing test broke and that the targets `fixed` pass; None stands for all of them.
    """

    index: int
    outcome: str
    id: str = ""
    fixed: tuple[str, ...] | None = None
    exception: str = ""
    lines: tuple[int, ...] = ()


def encode_plan(targets: Sequence[tuple[str, float]], tests: Sequence[tuple[str, float]]) -> bytes:
    """The request that sets the targets, the other tests and their limits (CPU seconds)."""
    return _line({"op": "plan", "targets": _rounded(targets), "tests": _rounded(tests)})


def _rounded(tests: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    return [(id, round(limit, 3)) for id, limit in tests]


def encode_trace(id: str, limit: float, *, kinds: bool) -> bytes:
    """The request to trace one test on the base, with or without the kinds of the variables' values."""
    return _line({"op": "trace", "id": id, "limit": round(limit, 3), "kinds": kinds})


def encode_try(candidates: Iterable[tuple[int, Edits, Sequence[str], bool]], *, screen: bool) -> bytes:
    """The request to try candidates, each with its index, its edits, its probes, and whether it is loaded `afresh`."""
    encoded = [
        {"index": index, "files": _texts(files), "probes": probes, "afresh": afresh}
        for index, files, probes, afresh in candidates
    ]
    return _line({"op": "try", "screen": screen, "candidates": encoded})


def encode_observe(files: Edits) -> bytes:
    """The request to see what a candidate does with inputs that the tests do not have."""
    return _line({"op": "observe", "files": _texts(files)})


def encode_recorded(
    targets: Sequence[tuple[str, float]], tests: Sequence[tuple[str, float]], files: Edits | None = None
) -> bytes:
    """The request for the calls that tests make, with edits or without."""
    return _line({"op": "repeat", "targets": _rounded(targets), "tests": _rounded(tests), "files": _texts(files or {})})


def encode_repeat(calls: Sequence[str], *, near: bool, files: Edits | None = None) -> bytes:
    """The request to repeat calls, or to make new ones `near` them, with edits or without."""
    return _line({"op": "repeat", "calls": list(calls), "near": near, "files": _texts(files or {})})


def encode_spent() -> bytes:
    """The request to say where the time of candidates went."""
    return _line({"op": "spent"})


def encode_end() -> bytes:
    """The request that ends a `try` early."""
    return _line({"op": "end"})


def is_end(line: bytes) -> bool:
    """Whether a line is the answer to an `end`. Any lines before it belong to the request that was ended."""
    try:
        return bool(_object(line).get("ended"))
    except ProtocolError:
        return False


def _texts(files: Edits) -> Mapping[str, object]:
    return {
        path: [[start, end, text.decode("utf-8", "surrogateescape")] for start, end, text in edits]
        for path, edits in files.items()
    }


def decode_ready(line: bytes) -> Ready:
    """The runner's first line."""
    data = _object(line)
    ids = data.get("ready")
    if not isinstance(ids, list) or not all(isinstance(id, str) for id in ids):
        raise ProtocolError("not a list of test ids")
    own = {spelled(id): id for id in ids if spelled(id) != id}
    return Ready(
        frozenset(map(spelled, ids)), _number(data.get("errors", 0), int), _lines(data.get("imported", {})), own
    )


def decode_planned(line: bytes) -> Planned:
    """The answer to a `plan`."""
    data = _object(line)
    screened = _number(data.get("screened", 0), int)
    return Planned(_number(data.get("planned"), int), screened, _text(data.get("why", ""), 1000))


def decode_result(line: bytes) -> WarmResult:
    """The answer to a `try`."""
    data = _object(line)
    outcome = data.get("outcome")
    if outcome not in _TRIED:
        raise ProtocolError(f"not an outcome: {outcome!r:.80}")
    fixed = tuple(_text(id) for id in _list(data["fixed"])) if "fixed" in data else None
    return WarmResult(
        _number(data.get("index"), int),
        outcome,
        _text(data.get("id", ""), 1000),
        fixed,
        _text(data.get("exception", ""), 200),
        tuple(_number(line, int) for line in _list(data.get("lines", []))[:_MAX_LINES]),
    )


def decode_behaviour(line: bytes) -> Behaviour:
    """The answer to an `observe`."""
    data = _object(line)
    words = _list(data.get("behaviour"))
    forms = [_SERIES, *[_DIGEST] * (len(words) - 1)]
    if len(words) > 1 + _MAX_INPUTS or not all(isinstance(word, str) for word in words):
        raise ProtocolError("not a list of digests")
    if not all(form.fullmatch(word) for form, word in zip(forms, words, strict=False)):
        raise ProtocolError(f"not digests: {words!r:.80}")
    calls, answers = (
        tuple(_text(text, _MAX_SHOWN) for text in _list(data.get(key, []))[:_MAX_INPUTS])
        for key in ("calls", "answers")
    )
    whole = len(calls) == len(answers) == len(words) - 1
    return Behaviour(tuple(words), calls if whole else (), answers if whole else ())


def decode_repeated(line: bytes) -> tuple[Repeated, ...]:
    """The answer to a `repeat`."""
    return tuple(map(_repeated, _list(_object(line).get("repeated"))[:_MAX_INPUTS]))


def _repeated(data: object) -> Repeated:
    match data:
        case [str(call), str(shown), str(word), str(answer)] if _DIGEST.fullmatch(word) and len(call) <= _MAX_CALL:
            return Repeated(call, _text(shown, _MAX_SHOWN), word, _text(answer, _MAX_SHOWN))
    raise ProtocolError(f"not a repeated call: {data!r:.80}")


def decode_spent(line: bytes) -> dict[str, float]:
    """The answer to a `spent`: seconds by kind."""
    kinds = list(_dict(_object(line).get("spent")).items())[:_MAX_SPENT]
    return {_text(kind, 40): _number(seconds, float) for kind, seconds in kinds}


def decode_trace(line: bytes) -> CaseTrace:
    """The answer to a `trace`. A test that crashed or was killed leaves no lines."""
    data = _object(line)
    outcome = data.get("outcome")
    if outcome == "crashed":
        outcome = "error"
    if outcome not in _OUTCOMES:
        raise ProtocolError(f"not an outcome: {outcome!r:.80}")
    return CaseTrace(
        id=_text(data.get("id", "")),
        outcome=Outcome(outcome),
        cpu_s=_number(data.get("cpu_s", 0.0), float),
        lines=_lines(data.get("lines", {})),
        frames=tuple(_frame(frame) for frame in _list(data.get("frames", []))),
        message=_text(data.get("message", ""), 2000),
        kinds=_kinds(data.get("kinds", {})),
    )


def _lines(data: object) -> dict[str, frozenset[int]]:
    return {_text(path): frozenset(_number(line, int) for line in _list(lines)) for path, lines in _dict(data).items()}


def _kinds(data: object) -> Kinds:
    return {
        _text(path): {
            _text(function): {
                _text(name): frozenset(map(_text, _list(kinds)[:_MAX_KINDS])) for name, kinds in _dict(names).items()
            }
            for function, names in _dict(functions).items()
        }
        for path, functions in _dict(data).items()
    }


def _text(data: object, limit: int | None = None) -> str:
    return spelled(str(data))[:limit]


def _dict(data: object) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise ProtocolError(f"not an object: {data!r:.80}")
    return data


def _frame(data: object) -> Frame:
    match data:
        case [str(path), int(line), str(function)]:
            return Frame(_text(path), line, _text(function))
    raise ProtocolError(f"not a frame: {data!r:.80}")


def _list(data: object) -> list[Any]:
    if not isinstance(data, list):
        raise ProtocolError(f"not a list: {data!r:.80}")
    return data


def _number[Number: (int, float)](data: object, kind: type[Number]) -> Number:
    if isinstance(data, bool) or not isinstance(data, int | float) or not _is_sane(data):
        raise ProtocolError(f"not a number: {data!r:.80}")
    return kind(data)


def _is_sane(number: float) -> bool:
    """Whether every format can represent a number: it is finite and fits into 64 bits."""
    return abs(number) < 1 << 63 if isinstance(number, int) else math.isfinite(number) and abs(number) < 1 << 63


def _line(data: Mapping[str, object]) -> bytes:
    return json.dumps(data, separators=(",", ":")).encode() + b"\n"


def _object(line: bytes) -> dict[str, Any]:
    try:
        data = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"not JSON: {line[:80]!r}") from error
    if not isinstance(data, dict):
        raise ProtocolError(f"not an object: {line[:80]!r}")
    return data
