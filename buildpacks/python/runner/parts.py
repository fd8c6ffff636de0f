"""How to list the contents of an object: its references, by identity, and its value if that has no identity.

State inside C extensions is not visible, nor are attributes that were set on classes of other packages.
"""

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
# Instances of classes of these modules never change, or their use changes them without any effect on a test.
_STEADY = frozenset(
    [
        "_abc",
        "_pytest",
        "_sre",
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
# Attributes that Python, or a case class of unittest, keeps for itself.
_NO_STATE = frozenset(
    (
        *("__builtins__", "__warningregistry__", "__annotations__", "__annotations_cache__", "__annotate_func__"),
        *("_abc_impl", "tearDown_exceptions"),
        # the same before 3.7
        *("_abc_registry", "_abc_cache", "_abc_negative_cache", "_abc_negative_cache_version"),
    )
)


def _cell(held: object) -> Any:
    return (lambda: held).__closure__[0]  # type: ignore[index]  # it has one


CELL = type(_cell(None))
"""The type of the variables in a closure; types.CellType is newer than 3.7."""


def top_level(module: types.ModuleType) -> Collection[Any]:
    """The values at a module's top level."""
    if module is sys:  # pytest stores the last failure in it
        return [value for name, value in vars(sys).items() if not name.startswith("last_")]
    return vars(module).values()


def of_dict(thing: Dict[Any, Any]) -> Parts:
    """The keys and values of a dictionary, or only the values if it is a module's."""
    if "__name__" in thing and "__builtins__" in thing:  # a module
        return tuple(value for name, value in thing.items() if name not in _NO_STATE)
    return (*thing, *thing.values())


def of_function(function: types.FunctionType) -> Parts:
    """The defaults, the attributes and the closure of a function."""
    attributes = function.__dict__.values()
    return (function.__defaults__, function.__kwdefaults__, *attributes, *(function.__closure__ or ()))


def of_class(kind: type) -> Parts:
    """The attributes of a class, except those that Python keeps for itself."""
    return tuple(value for name, value in vars(kind).items() if name not in _NO_STATE)


def of_cell(cell: Any) -> Parts:
    """The content of a closure's cell, if it has any."""
    try:
        return (cell.cell_contents,)
    except ValueError:  # it is empty
        return ()


@functools.lru_cache(maxsize=4096)
def instances_of(kind: type) -> Any:
    """How to list the references of a class's instances: elements, attributes and slots, bypassing overrides."""
    if kind.__module__.partition(".")[0] in _STEADY:
        return None
    members = members_of(kind)
    containers = [base for base in (dict, list, tuple, set, frozenset, collections.deque) if issubclass(kind, base)]
    has_dict = kind.__dictoffset__ != 0

    def parts(thing: Any) -> Parts:
        held: List[Any] = [type(thing)]
        for base in containers:
            held += base.__iter__(thing)
            held += dict.values(thing) if base is dict else ()
        if has_dict:
            attributes = attributes_of(thing)
            held += attributes
            held += attributes.values()
        for member in members:
            try:
                held.append(member.__get__(thing, kind))
            except AttributeError:  # a slot without a value
                held.append(None)
        return tuple(held)

    return parts if containers or has_dict or members else None


@functools.lru_cache(maxsize=4096)
def members_of(kind: type) -> List[types.MemberDescriptorType]:
    """The slots of a class's instances."""
    return [
        attribute
        for base in kind.__mro__
        for name, attribute in vars(base).items()
        if type(attribute) is types.MemberDescriptorType and not name.endswith("offset__")
    ]


def attributes_of(thing: Any) -> Dict[str, Any]:
    """The attributes of an instance in its own dictionary, bypassing overrides."""
    try:
        attributes: Dict[str, Any] = object.__getattribute__(thing, "__dict__")
    except AttributeError:  # a class in C may have it and not show it
        return {}
    return attributes


def modules(names: List[str]) -> Parts:
    """The modules of these names, as they are imported now."""
    return tuple(map(sys.modules.get, names))


# Values without an identity


@functools.lru_cache(maxsize=4096)
def value_of(kind: type) -> Any:
    """How to get the value of a class's instances; None if their references are everything."""
    if kind is _LRU_CACHE:
        return _of_cache
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


def _of_cache(cache: Any) -> Tuple[int, int]:
    """What changes if the content does: hits leave it alone, and so do misses that store nothing."""
    info = cache.cache_info()
    return info.misses if info.currsize else 0, info.currsize


def _of_generator(generator: Any) -> int:
    return -2 if generator.gi_frame is None else int(generator.gi_frame.f_lasti)


def _of_iterator(iterator: Any) -> str:
    try:
        parts = iterator.__reduce__()
    except TypeError:
        return ""
    flat = [inner for part in parts[1:] for inner in (part if type(part) is tuple else (part,))]
    return repr([part for part in flat if type(part) in (int, range)])


def _of_buffer(buffer: Any) -> int:
    small = len(buffer) * getattr(buffer, "itemsize", 1) <= _LARGEST_BUFFER if hasattr(buffer, "__len__") else False
    return hash(buffer.tobytes()) if small else 0


def of_process(_: None) -> Parts:
    """State of the process itself that a test may change: its folder, threads, children, streams and so on."""
    return (
        os.getcwd(),
        len(sys._current_frames()),  # noqa: SLF001  # the only way to count threads that no module of Python started
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
