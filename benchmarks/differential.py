"""Compare two versions of a file's functions on inputs that its tests do not have. Runs inside the sandbox.

    python differential.py SEED INPUTS TEST-ARGUMENT...      versions.json beside it: {path: [reference, other text]}

The tests are run on the reference (which the tree contains), and the arguments of every call from outside the file are
recorded. Both versions get mutated copies of them. Whatever holds for every recorded call (a type, a sign, an order, a
kind of character) holds for the mutated ones too, because a function need not handle inputs outside its domain; if the
reference itself raises an exception that it never raised in the tests, or takes too long, the input is left out. The
runner's `inputs.py` makes the inputs; objects, and more traits of texts, come here. Results, exceptions and the
arguments after the call are compared by their structure. Prints one JSON object.
"""

from __future__ import annotations

import contextlib
import copy
import io
import json
import os
import random
import resource
import select
import signal
import string
import sys
import types
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

TOOL = 4
MAX_CALLS = 200
LIMIT_S = 0.2
MAX_TIMEOUTS = 10
"""How many calls may take too long: the rest of the inputs is left out then."""
OF_PLAIN_DATA = 0.3
"""How often the plain data of a call are changed where there are objects as well."""
type Call = tuple[list[Any], dict[str, Any]]
type Inputs = dict[str, list[Call]]
type Functions = dict[str, Callable[..., Any]]


class OverLimit(BaseException):
    """A call took too long."""


class Recorder:
    """A pytest plugin that records the arguments of calls to a file's functions from outside it."""

    def __init__(self, path: str) -> None:
        self._path = os.path.realpath(path)
        self.module: types.ModuleType | None = None
        self.inputs: Inputs = {}

    def pytest_collection_finish(self) -> None:
        """Watch the functions, which are imported by now."""
        modules = list(sys.modules.values())
        matching = [
            module for module in modules if os.path.realpath(getattr(module, "__file__", None) or "/") == self._path
        ]
        if not matching:
            return
        self.module = matching[0]
        monitoring = sys.monitoring
        monitoring.use_tool_id(TOOL, "differential")
        monitoring.register_callback(TOOL, monitoring.events.PY_START, self._note)
        for function in functions_of(vars(self.module), self.module.__name__).values():
            monitoring.set_local_events(TOOL, function.__code__, monitoring.events.PY_START)

    def _note(self, code: types.CodeType, _offset: int) -> None:
        frame = sys._getframe(1)  # noqa: SLF001  # where the arguments are
        if frame.f_back and frame.f_back.f_code.co_filename == code.co_filename:
            return
        calls = self.inputs.setdefault(code.co_name, [])
        if len(calls) < MAX_CALLS:
            names = code.co_varnames
            count, words = code.co_argcount, code.co_kwonlyargcount
            values = [frame.f_locals[name] for name in names[:count]]
            if code.co_flags & 4:
                values += frame.f_locals[names[count + words]]
            given = {name: frame.f_locals[name] for name in names[count : count + words]}
            with contextlib.suppress(Exception):
                calls.append(copy.deepcopy((values, given)))


def functions_of(namespace: dict[str, Any], module: str) -> Functions:
    """The functions that a module defines itself."""
    kind = types.FunctionType
    return {name: value for name, value in namespace.items() if isinstance(value, kind) and value.__module__ == module}


# Mutated inputs


def traits_of_text(value: Any) -> Iterator[str]:
    """What is true of a text, beside what is looked at of any value: what it has nothing of, and whether it reads."""
    if not isinstance(value, str):
        return
    classes = {"letter": str.isalpha, "digit": str.isdigit, "space": str.isspace, "upper": str.isupper}
    yield from (f"has no {name}" for name, test in classes.items() if not any(map(test, value)))
    yield from (f"has no {sign!r}" for sign in string.punctuation if sign not in value)
    yield from (f"balances {one}{two}" for one, two in ("()", "[]", "{}") if value.count(one) == value.count(two))
    with contextlib.suppress(ValueError):
        float(value)
        yield "is a number"


def attributes(value: Any, seen: dict[int, Any]) -> Iterator[tuple[Any, str]]:
    """The attributes of the objects inside a value, as object and name, that show what kind of thing they hold."""
    if id(value) in seen or isinstance(value, str | bytes | int | float | type | types.FunctionType):
        return
    seen[id(value)] = value
    inner: list[Any] = []
    if isinstance(value, dict):
        inner = [*value.keys(), *value.values()]
    elif isinstance(value, list | tuple | set | frozenset):
        inner = list(value)
    elif hasattr(value, "__dict__"):
        told = {name: held for name, held in vars(value).items() if held or isinstance(held, bool | int | float | str)}
        yield from ((value, name) for name in told)
        inner = list(told.values())
    for one in inner:
        yield from attributes(one, seen)


def mutated(call: Call, pool: dict[type, list[Any]], chance: random.Random) -> Call:
    """A copy of a call with changes in its plain data or in the objects there, which are shared as they were."""
    from rfsn_runner.inputs import changed, changed_call  # noqa: PLC0415  # the runner is beside this file in a sandbox

    call = copy.deepcopy(call)
    places = list(attributes(call, {}))
    if not places or chance.random() < OF_PLAIN_DATA:
        return changed_call(call, pool, chance)
    for _ in range(chance.choice((1, 1, 2, 3))):
        holder, name = chance.choice(places)
        setattr(holder, name, changed(getattr(holder, name), pool, chance))
    return call


def inputs_like(calls: list[Call], count: int, chance: random.Random) -> list[Call]:
    """The recorded calls and mutated ones for which the same holds."""
    from rfsn_runner.inputs import changed_like  # noqa: PLC0415  # the same

    return calls + changed_like(calls, count, 10 * count, chance, change=mutated, further=traits_of_text, spelled=shape)


# Running both versions


def shape(value: Any, seen: tuple[int, ...] = ()) -> str:
    """A text that is equal for equal values, even for instances of the two versions' own classes."""
    if id(value) in seen:
        return f"<again {len(seen) - seen.index(id(value))}>"
    inner = (*seen, id(value))
    match value:
        case bool() | int():
            return str(int(value))
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.9g}"
        case list() | tuple():
            return f"{type(value).__name__}({', '.join(shape(element, inner) for element in value)})"
        case set() | frozenset():
            return f"set({', '.join(sorted(shape(element, inner) for element in value))})"
        case dict():
            return f"dict({', '.join(sorted(f'{shape(k, inner)}: {shape(v, inner)}' for k, v in value.items()))})"
        case str() | bytes() | None | complex():
            return repr(value)
        case Iterator():
            return f"iterator({', '.join(shape(element, inner) for element in islice(value, 1000))})"
    if hasattr(value, "__dict__") and not callable(value):
        return f"{type(value).__name__}({shape(vars(value), inner)})"
    return f"<{type(value).__name__}>"


def outcome(function: Callable[..., Any], call: Call) -> tuple[str, str]:
    """How a call ended (returned, raised or timeout), and the shape of its result."""
    values, words = copy.deepcopy(call)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            result = shape(function(*values, **words))
    except OverLimit:
        return "timeout", ""
    except MemoryError:
        return "timeout", ""
    except Exception as error:  # noqa: BLE001  # whatever the function raises is an outcome
        return "raised", type(error).__name__
    return "returned", f"{result} after {shape(values)}"


def outcomes(functions: Functions, inputs: list[tuple[str, Call]], limit: float) -> list[tuple[str, str]]:
    """The outcome of every call, in forked children, so that a call that hangs or dies costs only its own outcome."""
    known: list[tuple[str, str]] = []
    while len(known) < len(inputs):
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            work(functions, inputs[len(known) :], limit, writing)
        os.close(writing)
        data = b""
        while select.select([reading], [], [], 10 * limit + 5)[0] and (part := os.read(reading, 1 << 16)):
            data += part
        os.close(reading)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        lines = data[: data.rfind(b"\n") + 1].splitlines()
        known += [tuple(json.loads(line)) for line in lines]
        if len(known) < len(inputs):
            known.append(("timeout", ""))
        if sum(kind == "timeout" for kind, _ in known) >= MAX_TIMEOUTS:
            known += [("timeout", "")] * (len(inputs) - len(known))
    return known


def work(functions: Functions, inputs: list[tuple[str, Call]], limit: float, writing: int) -> None:
    """In a child: write the outcomes of as many calls as possible."""

    def stop(_number: int, _frame: object) -> None:
        raise OverLimit

    late = 0
    try:
        resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
        signal.signal(signal.SIGPROF, stop)
        signal.signal(signal.SIGALRM, stop)
        for name, call in inputs:
            signal.setitimer(signal.ITIMER_PROF, limit)
            signal.setitimer(signal.ITIMER_REAL, 10 * limit)
            try:
                answer = outcome(functions[name], call) if name in functions else ("raised", "NameError")
            except OverLimit:
                answer = ("timeout", "")
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.setitimer(signal.ITIMER_REAL, 0)
            os.write(writing, json.dumps(answer).encode() + b"\n")
            late += answer[0] == "timeout"
            if late >= MAX_TIMEOUTS:
                break
    finally:
        os._exit(0)


def compare(path: str, texts: list[str], arguments: list[str], seed: int, count: int) -> dict[str, Any]:
    """Record, mutate, and run both versions."""
    recorder = Recorder(path)
    with contextlib.redirect_stdout(io.StringIO()):
        pytest.main([*arguments, "-p", "no:cacheprovider"], plugins=[recorder])
    calls = {name: recorded for name, recorded in recorder.inputs.items() if recorded}
    if recorder.module is None or not calls:
        return {"inputs": 0, "differ": 0}
    name = recorder.module.__name__
    versions: list[Functions] = []
    for text in texts:
        module = types.ModuleType(name)
        module.__file__, module.__package__ = path, recorder.module.__package__
        exec(compile_(text, path), vars(module))  # noqa: S102  # this is what the sandbox is for
        versions.append(functions_of(vars(module), name))
    chance = random.Random(seed)  # noqa: S311  # reproducible, not secret
    share = max(20, count // len(calls))
    inputs = [(name, call) for name, known in sorted(calls.items()) for call in inputs_like(known, share, chance)]
    recorded = {shape(call) for known in calls.values() for call in known}
    first = outcomes(versions[0], inputs, LIMIT_S)
    # The exceptions that the tests themselves provoke.
    usual = {(name, *got) for (name, call), got in zip(inputs, first, strict=True) if shape(call) in recorded}
    compared = [
        (pair, got)
        for pair, got in zip(inputs, first, strict=True)
        if got[0] == "returned" or (got[0] == "raised" and (pair[0], *got) in usual)
    ]
    second = outcomes(versions[1], [pair for pair, _ in compared], 4 * LIMIT_S)
    differ = [
        {"call": f"{name}{shape(call[0])}"[:300], "reference": got, "repaired": other}
        for ((name, call), got), other in zip(compared, second, strict=True)
        if got != other
    ]
    example = min(differ, key=lambda difference: len(str(difference)), default=None)
    return {"inputs": len(compared), "differ": len(differ), "example": example}


def compile_(text: str, path: str) -> types.CodeType:
    """Compile a version under the file's own name."""
    return compile(text, path, "exec", dont_inherit=True)


def main() -> None:
    """Print the comparison of each file."""
    seed, count, arguments = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    sys.path.insert(0, str(Path.cwd()))
    sys.setrecursionlimit(3000)
    versions: dict[str, list[str]] = json.loads(Path(__file__).with_name("versions.json").read_text(encoding="utf-8"))
    found = {path: compare(path, texts, arguments, seed, count) for path, texts in versions.items()}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
