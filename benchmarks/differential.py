"""Compare two versions of a file's functions on inputs that its tests do not have. Runs inside the sandbox.

    python differential.py SEED INPUTS TEST-ARGUMENT...      /compare/versions.json: {path: [reference, other text]}

The tests are run on the reference (which the tree contains), and the arguments of every call from outside the file are
recorded. Both versions get mutated copies of them. Whatever holds for every recorded call (a type, a sign, an order, a
kind of character) holds for the mutated ones too, because a function need not handle inputs outside its domain; if the
reference itself raises an exception that it never raised in the tests, or takes too long, the input is left out.
Results, exceptions and the arguments after the call are compared by their structure. Prints one JSON object.
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
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import pytest

TOOL = 4
MAX_CALLS = 200
LIMIT_S = 0.2
MAX_TIMEOUTS = 10
"""How many calls may take too long before the rest of the inputs is left out."""
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


def facts(value: Any, place: str, found: set[str]) -> None:
    """Add to `found`, as texts, what is true of a value, and what is true of all elements of a collection."""
    found.add(f"{place} is {type(value).__name__}")
    if isinstance(value, int | float):
        found.update(f"{place} >= {least}" for least in (0, 1, 2) if value >= least)
        found.update([f"{place} > 0"] if value > 0 else [])
        found.update(f"{place} <= {most}" for most in (0, 10, 100, 1000, 10**6) if value <= most)
    elif isinstance(value, str):
        classes = {"letter": str.isalpha, "digit": str.isdigit, "space": str.isspace, "upper": str.isupper}
        found.update(f"{place} has no {name}" for name, test in classes.items() if not any(map(test, value)))
        others = set(value) - set(string.ascii_letters + string.digits + " ")
        found.update(f"{place} has no {sign!r}" for sign in string.punctuation if sign not in others)
        found.update([f"{place} is not empty"] if value else [])
        with contextlib.suppress(ValueError):
            float(value)
            found.add(f"{place} is a number")
        balance = [value.count(opening) == value.count(closing) for opening, closing in ("()", "[]", "{}")]
        found.update(f"{place} balances {number}" for number, balanced in enumerate(balance) if balanced)
    elif isinstance(value, list | tuple | set | dict):
        found.update([f"{place} is not empty"] if value else [])
        inner = []
        for element in value.items() if isinstance(value, dict) else value:
            inner.append(set[str]())
            facts(element, f"{place}[]", inner[-1])
        found.update(set.intersection(*inner) if inner else ())
        if isinstance(value, list | tuple):
            with contextlib.suppress(TypeError):
                found.update([f"{place} is sorted"] if all(left <= right for left, right in pairwise(value)) else [])
                found.update([f"{place} is distinct"] if len(set(value)) == len(value) else [])
                found.update([f"{place} counts"] if sorted(value) == list(range(len(value))) else [])
            lengths = {len(element) for element in value if isinstance(element, list | tuple)}
            found.update([f"{place} has one width"] if len(lengths) == 1 else [])


def facts_of(call: Call) -> set[str]:
    """What is true of the arguments of a call, individually and in pairs."""
    found: set[str] = set()
    values = [*call[0], *call[1].values()]
    for place, value in enumerate(values):
        facts(value, str(place), found)
        for other, second in enumerate(values):
            if isinstance(value, int | float) and isinstance(second, int | float) and value >= second:
                found.add(f"{place} >= {other}")
            sized = list | tuple | str | dict
            if isinstance(value, sized) and isinstance(second, sized) and len(value) == len(second):
                found.add(f"{place} is as long as {other}")
            if isinstance(value, int) and isinstance(second, list | tuple | str) and value <= len(second):
                found.add(f"{place} fits {other}")
            with contextlib.suppress(TypeError):
                found.update([f"{place} in {other}"] if isinstance(second, list | tuple) and value in second else [])
    return found


def vacuous(fact: str, call: Call) -> bool:
    """Whether a fact about elements is missing only because there are no elements."""
    place = fact.partition(" ")[0].split("[]")[0]
    values = [*call[0], *call[1].values()]
    return "[]" in fact and place.isdigit() and int(place) < len(values) and not values[int(place)]


def sites(value: Any, seen: dict[int, Any]) -> Iterator[tuple[Any, Any]]:
    """Every place inside a value that holds another value: (list, index), (dict, key), (object, attribute)."""
    if id(value) in seen or isinstance(value, str | bytes | int | float | type | types.FunctionType):
        return
    seen[id(value)] = value
    entries: list[tuple[Any, Any]] = []
    if isinstance(value, list):
        entries = list(enumerate(value))
    elif isinstance(value, dict):
        entries = list(value.items())
    elif hasattr(value, "__dict__"):
        entries = list(vars(value).items())
    for key, inner in entries:
        yield value, key
        yield from sites(inner, seen)


def mutated(call: Call, pool: dict[type, list[Any]], chance: random.Random) -> Call:
    """A copy of a call with one to three changes somewhere in its arguments."""
    call = copy.deepcopy(call)
    for _ in range(chance.choice((1, 1, 2, 3))):
        places = list(sites(call[0], {})) + list(sites(call[1], {}))
        if not places:
            break
        holder, key = chance.choice(places)
        plain = isinstance(holder, list | dict)
        value = holder[key] if plain else getattr(holder, key)
        new = changed(value, pool, chance)
        if plain:
            holder[key] = new
        else:
            setattr(holder, key, new)
    return call


def changed(value: Any, pool: dict[type, list[Any]], chance: random.Random) -> Any:
    """Another value of the same type."""
    if chance.random() < 0.15 and pool.get(type(value)):
        return copy.deepcopy(chance.choice(pool[type(value)]))
    match value:
        case bool():
            return not value
        case int():
            return chance.choice((value + 1, value - 1, 0, -value, value * 2, value + chance.randint(-9, 9)))
        case float():
            return chance.choice((value + 1, value - 1, 0.0, -value, value / 2, value + round(chance.random(), 2)))
        case str():
            letters = "".join(pool.get(str, [])) or string.ascii_letters
            return "".join(rearranged(list(value), lambda: chance.choice(letters), chance))
        case list():
            return rearranged(value, lambda: element_like(value, pool, chance), chance)
        case tuple() | set() | frozenset():
            return type(value)(rearranged(sorted(value, key=repr), lambda: element_like(value, pool, chance), chance))
    return value


def element_like(values: Any, pool: dict[type, list[Any]], chance: random.Random) -> Any:
    """A value like those in a collection."""
    known = list(values) or [0]
    example = chance.choice(known)
    if hasattr(example, "__dict__"):
        return example
    return changed(example, pool, chance)


def rearranged(items: list[Any], element: Callable[[], Any], chance: random.Random) -> list[Any]:
    """The items with one element added, removed, repeated or replaced, two exchanged, or all shuffled."""
    items = list(items)
    at = chance.randrange(len(items)) if items else 0
    kind = chance.choice(("add", "add", "remove", "twice", "other", "other", "exchange", "shuffle"))
    if kind == "add" or not items:
        items.insert(chance.randint(0, len(items)), element())
    elif kind == "remove":
        del items[at]
    elif kind == "twice":
        items.insert(at, items[at])
    elif kind == "other":
        items[at] = element()
    elif kind == "exchange":
        other = chance.randrange(len(items))
        items[at], items[other] = items[other], items[at]
    else:
        chance.shuffle(items)
    return items


def pooled(value: Any, pool: dict[type, list[Any]]) -> None:
    """Collect the numbers and texts inside a value."""
    if isinstance(value, bool | int | float | str):
        pool.setdefault(type(value), []).append(value)
    elif isinstance(value, list | tuple | set | dict):
        for element in value.items() if isinstance(value, dict) else value:
            pooled(element, pool)


def inputs_like(calls: list[Call], count: int, chance: random.Random) -> list[Call]:
    """The recorded calls, and mutated ones for which the same facts hold."""
    described = [(facts_of(call), call) for call in calls]
    every = set.union(*(known for known, _ in described))
    common = {fact for fact in every if all(fact in known or vacuous(fact, call) for known, call in described)}
    pool: dict[type, list[Any]] = {}
    for call in calls:
        pooled([*call[0], *call[1].values()], pool)
    inputs, seen = list(calls), {shape(call) for call in calls}
    for _ in range(count * 10):
        if len(inputs) >= count + len(calls):
            break
        mutant = mutated(chance.choice(calls), pool, chance)
        known = facts_of(mutant)
        if all(fact in known or vacuous(fact, mutant) for fact in common) and shape(mutant) not in seen:
            seen.add(shape(mutant))
            inputs.append(mutant)
    return inputs


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
    sys.path[0] = str(Path.cwd())
    sys.setrecursionlimit(3000)
    versions: dict[str, list[str]] = json.loads(Path("/compare/versions.json").read_text(encoding="utf-8"))
    print(json.dumps({path: compare(path, texts, arguments, seed, count) for path, texts in versions.items()}))


if __name__ == "__main__":
    main()
