"""How to see what a thing holds: what it refers to, by identity, and its value where that has none.

State inside of C extensions is not seen, nor are attributes that were put on other people's classes.
"""

from __future__ import annotations

import collections
import functools
import gc
import os
import random
import sys
import types
from typing import Any, Collection, Dict, List, Tuple

Parts = Tuple[Any, ...]

_LARGEST_BUFFER = 1 << 16
_LRU_CACHE = type(functools.lru_cache()(len))
# Instances of what these modules define never change, or change by being used without any effect on a test.
_STEADY = frozenset(
    [
        "_abc",
        "_pytest",
        "_thread",
        "_weakref",
        "abc",
        "ast",
        "datetime",
        "decimal",
        "fractions",
        "importlib",
        "inspect",
        "ipaddress",
        "logging",
        "pathlib",
        "pluggy",
        "pytest",
        "re",
        "rfsn_runner",
        "threading",
        "typing",
        "uuid",
        "weakref",
    ]
)
# Attributes that are kept by Python, or in unittest's case classes, for themselves.
_NO_STATE = frozenset(
    (
        *("__builtins__", "__warningregistry__", "__annotations__", "__annotations_cache__", "__annotate_func__"),
        *("_abc_impl", "tearDown_exceptions"),
    )
)


def top_level(module: types.ModuleType) -> Collection[Any]:
    """What a module has at its top level."""
    if module is sys:  # pytest leaves the last failure in it
        return [value for name, value in vars(sys).items() if not name.startswith("last_")]
    return vars(module).values()


def of_dict(thing: Dict[Any, Any]) -> Parts:
    """The keys and values of a dictionary, or the values of a module's."""
    if "__name__" in thing and "__builtins__" in thing:  # a module
        return tuple(value for name, value in thing.items() if name not in _NO_STATE)
    return (*thing, *thing.values())


def of_function(function: types.FunctionType) -> Parts:
    """The defaults, the attributes and the closure of a function."""
    attributes = function.__dict__.values()
    return (function.__defaults__, function.__kwdefaults__, *attributes, *(function.__closure__ or ()))


def of_class(kind: type) -> Parts:
    """The attributes of a class, past what Python keeps there for itself."""
    return tuple(value for name, value in vars(kind).items() if name not in _NO_STATE)


def of_cell(cell: Any) -> Parts:
    """What a closure's cell has, if anything."""
    try:
        return (cell.cell_contents,)
    except ValueError:  # it is empty
        return ()


@functools.lru_cache(maxsize=4096)
def instances_of(kind: type) -> Any:
    """How to see what instances of a class refer to: elements, attributes and slots, past what the class overrides."""
    if kind.__module__.partition(".")[0] in _STEADY:
        return None
    members = [
        one
        for base in kind.__mro__
        for name, one in vars(base).items()
        if type(one) is types.MemberDescriptorType and not name.endswith("offset__")
    ]
    containers = [base for base in (dict, list, tuple, set, frozenset, collections.deque) if issubclass(kind, base)]
    has_dict = kind.__dictoffset__ != 0

    def parts(thing: Any) -> Parts:
        found: List[Any] = [type(thing)]
        for base in containers:
            found += base.__iter__(thing)
            found += dict.values(thing) if base is dict else ()
        if has_dict:
            attributes = object.__getattribute__(thing, "__dict__")
            found += attributes
            found += attributes.values()
        for member in members:
            try:
                found.append(member.__get__(thing, kind))
            except AttributeError:  # a slot without a value
                found.append(None)
        return tuple(found)

    return parts if containers or has_dict or members else None


def modules(names: List[str]) -> Parts:
    """The modules of these names, as they are imported now."""
    return tuple(map(sys.modules.get, names))


# What things hold that has no identity


@functools.lru_cache(maxsize=4096)
def value_of(kind: type) -> Any:
    """How to see the value that instances of a class hold; None where what they refer to is all."""
    if kind is _LRU_CACHE:
        return _LRU_CACHE.cache_info
    if kind is bytearray:
        return bytes
    if issubclass(kind, random.Random):
        return random.Random.getstate
    if kind is types.GeneratorType:
        return _of_generator
    if kind.__module__ in ("builtins", "itertools") and hasattr(kind, "__next__"):
        return _of_iterator
    if hasattr(kind, "tobytes"):
        return _of_buffer
    return None


def _of_generator(generator: Any) -> int:
    return -2 if generator.gi_frame is None else int(generator.gi_frame.f_lasti)


def _of_iterator(iterator: Any) -> str:
    try:
        parts = iterator.__reduce__()
    except TypeError:
        return ""
    flat = [inner for part in parts[1:] for inner in (part if type(part) is tuple else (part,))]
    return repr([part for part in flat if type(part) is int])


def _of_buffer(buffer: Any) -> int:
    small = len(buffer) * getattr(buffer, "itemsize", 1) <= _LARGEST_BUFFER if hasattr(buffer, "__len__") else False
    return hash(buffer.tobytes()) if small else 0


def of_process(_: None) -> Parts:
    """What the process itself has that a test may change: folder, threads, children, streams and the like."""
    return (
        os.getcwd(),
        len(sys._current_frames()),  # noqa: SLF001  # the one way to count threads that no module of Python knows of
        _has_children(),
        sys.getrecursionlimit(),
        sys.gettrace(),
        sys.getprofile(),
        gc.isenabled(),
        (sys.stdin, sys.stdout, sys.stderr),
        random.getstate(),
    )


def _has_children() -> bool:
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True
