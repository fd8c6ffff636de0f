"""How to set back the contents of an object, by identity, to what they are now.

`restorer_of` remembers contents, and its result sets them back or raises whatever prevents it. That it returns is no
proof: whoever calls it compares the state afterwards.
"""

import collections
import functools
import gc
import operator
import os
import random
import sys
import types
from typing import Any, Callable, Dict, Optional

from .parts import CELL, attributes_of, members_of

Restorer = Callable[[], None]

_LRU_CACHE = type(functools.lru_cache()(len))
_NOTHING = object()
_CONTAINERS = (collections.OrderedDict, dict, list, set, collections.deque)


def restorer_of(thing: Any, kind: type) -> Restorer:
    """Remember the contents of an object of that type."""
    if kind in _RESTORERS:
        return _RESTORERS[kind](thing)
    if issubclass(kind, type):
        return _of_class(thing)
    return _of_instance(thing, kind)


def restorer_of_process() -> Restorer:
    """Remember the state of the process that can be set back; threads and children cannot."""
    folder, variables, numbers = os.getcwd(), dict(os.environ), random.getstate()
    recursion, tracing, profiling, collecting = (
        sys.getrecursionlimit(), sys.gettrace(), sys.getprofile(), gc.isenabled()
    )  # fmt: skip
    streams = sys.stdin, sys.stdout, sys.stderr

    def restore() -> None:
        os.chdir(folder)
        random.setstate(numbers)
        sys.setrecursionlimit(recursion)
        sys.settrace(tracing)
        sys.setprofile(profiling)
        (gc.enable if collecting else gc.disable)()
        sys.stdin, sys.stdout, sys.stderr = streams
        for name in [name for name in os.environ if name not in variables]:
            del os.environ[name]
        for name, value in variables.items():
            if os.environ.get(name) != value:
                os.environ[name] = value

    return restore


def restorer_of_value(thing: Any, kind: type) -> Optional[Restorer]:
    """Remember the value of an object that has no references to compare; None if it cannot be set back."""
    if kind is _LRU_CACHE:
        return thing.cache_clear if thing.cache_info().currsize == 0 else None
    if kind is bytearray:
        content = bytes(thing)
        return lambda: thing.__setitem__(slice(None), content)
    if issubclass(kind, random.Random):
        numbers = random.Random.getstate(thing)
        return lambda: random.Random.setstate(thing, numbers)
    return None


def _of_dict(thing: Dict[Any, Any]) -> Restorer:
    return functools.partial(_refill_dict, thing, dict(thing))


def _refill_dict(thing: Dict[Any, Any], content: Dict[Any, Any]) -> None:
    for key in [key for key in thing if key not in content]:
        dict.__delitem__(thing, key)
    dict.update(thing, content)
    if len(thing) != len(content) or not all(map(operator.is_, thing, content)):  # another order, or equal keys
        dict.clear(thing)
        dict.update(thing, content)


def _of_ordered_dict(thing: Any) -> Restorer:
    content = list(collections.OrderedDict.items(thing))

    def restore() -> None:
        collections.OrderedDict.clear(thing)
        for key, value in content:
            collections.OrderedDict.__setitem__(thing, key, value)

    return restore


def _of_list(thing: Any) -> Restorer:
    content = list(thing)
    return lambda: list.__setitem__(thing, slice(None), content)


def _of_set(thing: Any) -> Restorer:
    content = set(thing)

    def restore() -> None:
        set.clear(thing)
        set.update(thing, content)

    return restore


def _of_deque(thing: Any) -> Restorer:
    content = list(thing)

    def restore() -> None:
        collections.deque.clear(thing)
        collections.deque.extend(thing, content)

    return restore


def _of_function(function: types.FunctionType) -> Restorer:
    defaults, by_name, attributes = function.__defaults__, function.__kwdefaults__, dict(function.__dict__)

    def restore() -> None:
        function.__defaults__, function.__kwdefaults__ = defaults, by_name
        _refill_dict(function.__dict__, attributes)

    return restore


def _of_cell(cell: Any) -> Restorer:
    try:
        content = cell.cell_contents
    except ValueError:  # it is empty
        return lambda: cell.__delattr__("cell_contents")

    def restore() -> None:
        cell.cell_contents = content

    return restore


def _of_class(kind: type) -> Restorer:
    attributes = dict(vars(kind))

    def restore() -> None:
        now = dict(vars(kind))
        for name in now.keys() - attributes.keys():
            type.__delattr__(kind, name)
        for name, value in attributes.items():
            if now.get(name, attributes) is not value:
                type.__setattr__(kind, name, value)

    return restore


def _of_instance(thing: Any, kind: type) -> Restorer:
    container = next((base for base in _CONTAINERS if issubclass(kind, base)), None)
    elements = _RESTORERS[container](thing) if container else None
    attributes = dict(attributes_of(thing)) if kind.__dictoffset__ != 0 else None
    members = members_of(kind)
    held = [member.__get__(thing, kind) if _has(member, thing, kind) else _NOTHING for member in members]

    def restore() -> None:
        if type(thing) is not kind:
            object.__setattr__(thing, "__class__", kind)
        if elements:
            elements()
        if attributes is not None:
            _refill_dict(attributes_of(thing), attributes)
        for member, value in zip(members, held):
            if value is not _NOTHING:
                member.__set__(thing, value)
            elif _has(member, thing, kind):
                member.__delete__(thing)

    return restore


def _has(member: Any, thing: Any, kind: type) -> bool:
    try:
        member.__get__(thing, kind)
    except AttributeError:  # a slot without a value
        return False
    return True


_RESTORERS: Dict[type, Callable[[Any], Restorer]] = {
    collections.OrderedDict: _of_ordered_dict,
    dict: _of_dict,
    list: _of_list,
    set: _of_set,
    collections.deque: _of_deque,
    types.FunctionType: _of_function,
    CELL: _of_cell,
}
