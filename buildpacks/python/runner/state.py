"""Noticing that a test or a candidate left something behind in this process.

Two watches, both by identity: `TreeState` follows everything that the modules of the tree refer to, deeply, and is
quick enough to be asked after every candidate; `OtherModules` is shallow and covers the modules of everybody else.
Neither sees the state inside of C extensions, nor attributes that were put on other people's classes.
"""

from __future__ import annotations

import builtins
import collections
import functools
import gc
import operator
import os
import random
import sys
import types
import warnings
from typing import Any, Callable, Collection, Dict, FrozenSet, Iterable, List, Set, Tuple

Parts = Tuple[Any, ...]

_MOST_THINGS = 20_000
_LARGEST_BUFFER = 1 << 16
_LRU_CACHE = type(functools.lru_cache()(len))
_ATOMS = frozenset(
    (
        *(int, float, complex, bool, str, bytes, range, type(None), type(Ellipsis), type(NotImplemented)),
        *(types.ModuleType, types.CodeType, types.FrameType, types.TracebackType, types.BuiltinFunctionType),
        *(types.MethodDescriptorType, types.WrapperDescriptorType, types.GetSetDescriptorType),
        types.MemberDescriptorType,
    )
)
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
_CHANGED_BY_FORK = frozenset(["threading"])
# Attributes that are kept by Python, or in unittest's case classes, for themselves.
_NO_STATE = frozenset(
    (
        *("__builtins__", "__warningregistry__", "__annotations__", "__annotations_cache__", "__annotate_func__"),
        *("_abc_impl", "tearDown_exceptions"),
    )
)


class TooMuchState(Exception):
    """More can be reached than can be watched in reasonable time."""


class TreeState:
    """What can be reached from the modules below a folder and from `roots`, and what the process itself has."""

    def __init__(self, folder: str, roots: Iterable[object]) -> None:
        """Raises `TooMuchState`."""
        self._folder = folder
        self._references: List[Tuple[Callable[[Any], Parts], Any, Parts]] = []
        self._values: List[Tuple[Callable[[Any], Any], Any, Any]] = []
        self._loaded = frozenset(sys.modules)
        self._names = frozenset(name for name in self._loaded if in_folder(name, folder))
        shared = [builtins.__dict__, os.environ, sys.path, sys.meta_path, sys.path_hooks, warnings.filters]
        self._walk([*(sys.modules[name].__dict__ for name in sorted(self._names)), *shared, *roots])
        self._references.append((_modules, sorted(self._names), _modules(sorted(self._names))))
        self._values.append((_of_process, None, _of_process(None)))

    def changed(self) -> str:
        """What is another than it was, in a few words; empty where nothing is."""
        for parts, thing, was in self._references:
            now = parts(thing)
            if len(now) != len(was) or not all(map(operator.is_, now, was)):
                return _in_words(thing)
        for value, thing, held in self._values:
            if value(thing) != held:
                return _in_words(thing)
        return self._imported()

    def _imported(self) -> str:
        """Modules that are gone or are new ones of the tree; that others are new has no effect on a test."""
        if len(sys.modules) == len(self._loaded):
            return ""
        loaded = frozenset(sys.modules)
        new = (name for name in loaded - self._loaded if in_folder(name, self._folder))
        return ", ".join(sorted([*new, *(self._loaded - loaded)]))

    def _walk(self, things: List[Any]) -> None:
        seen: Set[int] = set()
        while things:
            thing = things.pop()
            kind = type(thing)
            if kind in _ATOMS or id(thing) in seen:
                continue
            seen.add(id(thing))
            if len(seen) > _MOST_THINGS:
                raise TooMuchState(f"the tests reach more than {_MOST_THINGS} objects")
            value = _value_of(kind)  # type: ignore[arg-type]  # mypy: classes are hashable
            if value is not None:
                self._values.append((value, thing, value(thing)))
            parts = self._parts_of(thing, kind)
            if parts is not None:
                found = parts(thing)
                self._references.append((parts, thing, found))
                things.extend(found)

    def _parts_of(self, thing: Any, kind: type) -> Any:
        """How to see what a thing refers to; None where that is of no interest."""
        if kind is dict:
            return _of_dict
        if kind in (list, tuple, set, frozenset, collections.deque):
            return tuple
        if kind is types.FunctionType:
            return _of_function if thing.__code__.co_filename.startswith(self._folder) else None
        if issubclass(kind, type):
            return _of_class if thing.__module__ in self._names else None
        if kind is types.CellType:
            return _of_cell
        return _instances_of(kind)  # type: ignore[arg-type]  # the same


class OtherModules:
    """What the modules outside of a folder have at their top level."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._modules = {
            name: (module, tuple(_top_level(module)))
            for name, module in list(sys.modules.items())
            if type(module) is types.ModuleType and name not in _CHANGED_BY_FORK and not in_folder(name, folder)
        }

    def changed(self) -> FrozenSet[str]:
        """The names of those that are not as they were."""
        return frozenset(name for name, (module, was) in self._modules.items() if self._differs(name, module, was))

    def ignore(self, names: Iterable[str]) -> None:
        """Watch these no more."""
        for name in names:
            self._modules.pop(name, None)

    def _differs(self, name: str, module: types.ModuleType, was: Parts) -> bool:
        if sys.modules.get(name) is not module:
            return True
        now = _top_level(module)  # what is new comes last, and is most often a module that was imported just now
        return len(now) < len(was) or not all(map(operator.is_, was, now))


def _in_words(thing: object) -> str:
    if type(thing) is dict and type(thing.get("__name__")) is str:
        return "the module " + str(thing["__name__"])
    name = getattr(thing, "__qualname__", None) if isinstance(thing, (type, types.FunctionType)) else None
    return f"{name}" if name else "the process" if thing is None else f"an object of type {type(thing).__name__}"


def in_folder(name: str, folder: str) -> bool:
    """Whether an imported module comes from a file below a folder."""
    module = sys.modules.get(name)
    file = getattr(module, "__file__", None) if type(module) is types.ModuleType else None
    return isinstance(file, str) and file.startswith(folder)


# What things refer to, by identity


def _top_level(module: types.ModuleType) -> Collection[Any]:
    if module is sys:  # pytest leaves the last failure in it
        return [value for name, value in vars(sys).items() if not name.startswith("last_")]
    return vars(module).values()


def _of_dict(thing: Dict[Any, Any]) -> Parts:
    if "__name__" in thing and "__builtins__" in thing:  # a module
        return tuple(value for name, value in thing.items() if name not in _NO_STATE)
    return (*thing, *thing.values())


def _of_function(function: types.FunctionType) -> Parts:
    attributes = function.__dict__.values()
    return (function.__defaults__, function.__kwdefaults__, *attributes, *(function.__closure__ or ()))


def _of_class(kind: type) -> Parts:
    return tuple(value for name, value in vars(kind).items() if name not in _NO_STATE)


def _of_cell(cell: Any) -> Parts:
    try:
        return (cell.cell_contents,)
    except ValueError:  # it is empty
        return ()


@functools.lru_cache(maxsize=4096)
def _instances_of(kind: type) -> Any:
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


def _modules(names: List[str]) -> Parts:
    return tuple(map(sys.modules.get, names))


# What things hold that has no identity


@functools.lru_cache(maxsize=4096)
def _value_of(kind: type) -> Any:
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


def _of_process(_: None) -> Parts:
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
