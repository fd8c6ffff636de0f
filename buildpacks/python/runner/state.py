"""Detects that a test or a candidate left something behind in this process.

There are two watches, both by identity: `TreeState` follows all references of the modules of the tree, deeply, and is
fast enough to check after every candidate; `OtherModules` is shallow and covers all other modules. Neither sees state
inside C extensions, nor attributes that were set on classes of other packages.
"""

import builtins
import collections
import logging
import operator
import os
import sys
import types
import warnings
from typing import Any, Callable, Dict, FrozenSet, Iterable, Iterator, List, NamedTuple, Optional, Set, Tuple

from .parts import (
    CELL,
    Parts,
    instances_of,
    modules,
    of_cell,
    of_class,
    of_dict,
    of_function,
    of_process,
    top_level,
    value_of,
)
from .restore import Restorer, restorer_of, restorer_of_process, restorer_of_value

_MOST_THINGS = 20_000
_ATOMS = frozenset(
    (
        *(int, float, complex, bool, str, bytes, range, type(None), type(Ellipsis), type(NotImplemented)),
        *(types.ModuleType, types.CodeType, types.FrameType, types.TracebackType, types.BuiltinFunctionType),
        *(type(str.join), type(object.__str__), types.GetSetDescriptorType, types.MemberDescriptorType),
    )
)
_IMMUTABLE = (tuple, frozenset)
_CHANGED_BY_FORK = frozenset(["threading"])


class TooMuchState(Exception):
    """More objects can be reached than can be watched in reasonable time."""


class Watched(NamedTuple):
    """An object, how to get what is compared of it, what that was, and how to set it back, if it is known."""

    get: Callable[[Any], Any]
    thing: Any
    was: Any
    restore: Optional[Restorer]


class Mark(NamedTuple):
    """What was watched before `TreeState.accept`: how many objects, those that it replaced, and modules."""

    references: int
    values: int
    walked: int
    changed: Dict[int, Watched]
    other: Dict[int, Watched]
    loaded: FrozenSet[str]
    names: FrozenSet[str]


class TreeState:
    """Everything that the modules below a folder and `roots` refer to, and the state of the process itself."""

    def __init__(self, folder: str, roots: Iterable[object]) -> None:
        """Remember the current state. Raises `TooMuchState`."""
        self._folder = folder
        self._references: List[Watched] = []
        self._values: List[Watched] = []
        self._walked: List[int] = []
        self._seen: Set[int] = set()
        self._known: Set[int] = set()  # the places of references that were set back before
        self._loaded = frozenset(sys.modules)
        self._names = frozenset(name for name in self._loaded if in_folder(name, folder))
        shared = [builtins.__dict__, os.environ, sys.path, sys.meta_path, sys.path_hooks, warnings.filters]
        shared.append(logging.root.handlers)
        self._walk([*(sys.modules[name].__dict__ for name in sorted(self._names)), *shared, *roots])
        self._references.append(Watched(modules, sorted(self._names), modules(sorted(self._names)), None))
        self._values.append(Watched(of_process, None, of_process(None), restorer_of_process()))

    def changed(self) -> str:
        """What has changed, in a few words; empty if nothing has."""
        for _, watched, _ in self._changes():
            return _in_words(watched.thing)
        return self._imported()

    def restore(self) -> str:
        """Set back what has changed; what is different even then, in a few words."""
        for kind, watched, place in list(self._changes()):
            if not _restored(watched):
                return _in_words(watched.thing)
            if kind is self._references:
                self._known.add(place)
        return self.changed()

    def restore_known(self) -> bool:
        """Set back what was set back before, and look at nothing else; False if it cannot be."""
        known = (self._references[place] for place in self._known)
        changed = (watched for watched in known if _differs(watched.get(watched.thing), watched.was))
        return all(map(_restored, changed))

    def accept(self) -> Mark:
        """Take the current state for the one to watch. Raises `TooMuchState`."""
        counts = len(self._references), len(self._values), len(self._walked)
        mark = Mark(*counts, {}, {}, self._loaded, self._names)
        changes = list(self._changes())
        self._loaded = frozenset(sys.modules)
        new = frozenset(name for name in self._loaded - mark.loaded if in_folder(name, self._folder))
        self._names |= new
        for kind, watched, place in changes:
            (mark.changed if kind is self._references else mark.other)[place] = watched
            thing, restorer = watched.thing, watched.restore
            if restorer and kind is self._references:
                restorer = restorer_of(thing, type(thing))
            elif restorer:
                restorer = restorer_of_value(thing, type(thing)) if thing is not None else restorer_of_process()
            kind[place] = Watched(watched.get, thing, watched.get(thing), restorer)
        self._walk([sys.modules[name].__dict__ for name in sorted(new)])
        for place in mark.changed:
            self._walk(list(self._references[place].was))
        return mark

    def revert(self, mark: Mark) -> None:
        """Watch the state again that was watched before it was given up for the current one."""
        self._seen.difference_update(self._walked[mark.walked :])
        del self._references[mark.references :], self._values[mark.values :], self._walked[mark.walked :]
        for place, watched in mark.changed.items():
            self._references[place] = watched
        for place, watched in mark.other.items():
            self._values[place] = watched
        self._loaded, self._names = mark.loaded, mark.names

    def _changes(self) -> Iterator[Tuple[List[Watched], Watched, int]]:
        for place, (get, thing, was, _) in enumerate(self._references):
            if _differs(get(thing), was):
                yield self._references, self._references[place], place
        for place, (get, thing, was, _) in enumerate(self._values):
            if get(thing) != was:
                yield self._values, self._values[place], place

    def _imported(self) -> str:
        """Modules that disappeared, and new ones of the tree; other new modules have no effect on a test."""
        if len(sys.modules) == len(self._loaded):
            return ""
        loaded = frozenset(sys.modules)
        new = (name for name in loaded - self._loaded if in_folder(name, self._folder))
        return ", ".join(sorted([*new, *(self._loaded - loaded)]))

    def _walk(self, things: List[Any]) -> None:
        while things:
            thing = things.pop()
            kind = type(thing)
            if kind in _ATOMS or id(thing) in self._seen:
                continue
            self._seen.add(id(thing))
            self._walked.append(id(thing))
            if len(self._seen) > _MOST_THINGS:
                raise TooMuchState(f"the tests reach more than {_MOST_THINGS} objects")
            value = value_of(kind)  # type: ignore[arg-type]  # mypy: classes are hashable
            if value is not None:
                self._values.append(Watched(value, thing, value(thing), restorer_of_value(thing, kind)))
            if kind in _IMMUTABLE:
                things.extend(thing)
                continue
            parts = self._parts_of(thing, kind)
            if parts is not None:
                held = parts(thing)
                self._references.append(Watched(parts, thing, held, restorer_of(thing, kind)))
                things.extend(held)

    def _parts_of(self, thing: Any, kind: type) -> Any:
        """How to list the references of an object; None if they are not watched."""
        if kind is dict:
            return of_dict
        if kind in (list, set, collections.deque):
            return tuple
        if kind is types.FunctionType:
            return of_function if thing.__code__.co_filename.startswith(self._folder) else None
        if issubclass(kind, type):
            return of_class if thing.__module__ in self._names else None
        if kind is CELL:
            return of_cell
        return instances_of(kind)  # type: ignore[arg-type]  # the same


class OtherModules:
    """The values at the top level of the modules outside a folder."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._modules = {
            name: (module, tuple(top_level(module)))
            for name, module in list(sys.modules.items())
            if type(module) is types.ModuleType and name not in _CHANGED_BY_FORK and not in_folder(name, folder)
        }

    def changed(self) -> FrozenSet[str]:
        """The names of the modules that have changed."""
        return frozenset(name for name, (module, was) in self._modules.items() if self._differs(name, module, was))

    def ignore(self, names: Iterable[str]) -> None:
        """Stop watching these modules."""
        for name in names:
            self._modules.pop(name, None)

    def _differs(self, name: str, module: types.ModuleType, was: Parts) -> bool:
        if sys.modules.get(name) is not module:
            return True
        now = top_level(module)  # new values come last, and most are modules that were just imported
        return len(now) < len(was) or not all(map(operator.is_, was, now))


def _differs(now: Parts, was: Parts) -> bool:
    return len(now) != len(was) or not all(map(operator.is_, now, was))


def _restored(watched: Watched) -> bool:
    """Whether an object takes its former contents back: a class may refuse what its instances are given."""
    try:
        if watched.restore is not None:
            watched.restore()
    except Exception:  # noqa: BLE001
        return False
    return watched.restore is not None


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
