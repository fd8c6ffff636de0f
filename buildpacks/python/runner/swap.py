"""Puts a changed source file into a process that has already imported the old one.

If only bodies of functions differ, the live function objects get the new code. If anything else differs (a default, a
decorator, a class body, a module constant), or if a function that differs was called while the tree was imported (its
results are still in use), the file has to be imported again: `NeedsImport`. A function around one that differs, such as
a decorator, may have been called: the functions that it made are live, and get the new code too. Functions that every
target runs itself (`ran`) have to be imported again only for a candidate that is tried afresh, and so do those that get
plain values for defaults.
"""

import dis
import gc
import types
from typing import Any, Dict, FrozenSet, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Set, Tuple

from .sources import NewDefaults

_CO_OPTIMIZED = 0x1  # set for functions, not for modules and class bodies


class Replacement(NamedTuple):
    """A live function, its new code and its new defaults."""

    function: types.FunctionType
    code: types.CodeType
    defaults: Optional[Tuple[Any, ...]]
    keywords: Optional[Dict[str, Any]]

    @classmethod
    def of(cls, function: types.FunctionType, code: Optional[types.CodeType] = None) -> "Replacement":
        """What a function is, or would be with other code."""
        return cls(function, code or function.__code__, function.__defaults__, function.__kwdefaults__)

    def put(self) -> None:
        """Make the function so."""
        function, code, defaults, keywords = self
        function.__code__, function.__defaults__, function.__kwdefaults__ = code, defaults, keywords


INVALID = (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError)
"""The exceptions of the compiler for invalid source."""


class NeedsImport(Exception):
    """The change reaches beyond function bodies."""


class LiveFunctions:
    """Every function object of a tree, by its file and its code."""

    def __init__(self, root: str, called: Set[types.CodeType]) -> None:
        """Find the functions; `called` is the code that ran during the import."""
        self._called = called
        self.ran: FrozenSet[types.CodeType] = frozenset()
        self._by_code: Dict[Tuple[str, types.CodeType], List[types.FunctionType]] = {}
        for thing in gc.get_objects():
            if type(thing) is types.FunctionType and thing.__code__.co_filename.startswith(root):
                self._by_code.setdefault((thing.__code__.co_filename, thing.__code__), []).append(thing)

    def all(self) -> List[types.FunctionType]:
        """All functions, in a stable order."""
        return [function for functions in self._by_code.values() for function in functions]

    def code(self) -> Iterator[types.CodeType]:
        """The code of all functions."""
        return (code for _, code in self._by_code)

    def replacements(
        self, filename: str, old: types.CodeType, new: types.CodeType, *, afresh: bool
    ) -> Iterator[Replacement]:
        """The replacements for the functions of `filename` that differ between two compiled versions of it.

        Raises `NeedsImport`, also if there are none.
        """
        changed = dict(_changed(old, new))
        for before, after in changed.items():
            called = before in self._called and (afresh or before not in self.ran)
            if called and (after is None or _shell(before) != _shell(after)):
                raise NeedsImport(filename)
        pairs = [
            (function, code)
            for before, code in changed.items()
            for function in self._by_code.get((filename, before), ())
        ]
        if not pairs:
            raise NeedsImport(filename)
        for function, code in pairs:
            if code is None or code.co_freevars != function.__code__.co_freevars:
                raise NeedsImport(filename)
            yield Replacement.of(function, code)

    def with_defaults(self, filename: str, changes: Iterable[NewDefaults]) -> Iterator[Replacement]:
        """The replacements for functions of `filename` that get other defaults. Raises `NeedsImport`."""
        for change in changes:
            place = filename, change.name, change.line
            changed = [code for file, code in self._by_code if (file, code.co_name, code.co_firstlineno) == place]
            if not changed or any(code in self._called and code not in self.ran for code in changed):
                raise NeedsImport(filename)
            for function in (function for code in changed for function in self._by_code[filename, code]):
                defaults, keywords = list(function.__defaults__ or ()), dict(function.__kwdefaults__ or {})
                if not all(at < len(defaults) for at in change.values) or not change.keywords.keys() <= keywords.keys():
                    raise NeedsImport(filename)
                for at, value in change.values.items():
                    defaults[at] = value
                keywords.update(change.keywords)
                yield Replacement(function, function.__code__, tuple(defaults) or None, keywords or None)


def put(replacements: Sequence[Replacement]) -> List[Replacement]:
    """Give functions their new code, and return the replacements that restore the old code."""
    undo = [Replacement.of(function) for function, *_ in replacements]
    for replacement in replacements:
        replacement.put()
    return undo


def _changed(old: types.CodeType, new: types.CodeType) -> Iterator[Tuple[types.CodeType, Optional[types.CodeType]]]:
    """Pairs of old and new code of the functions that differ; a code object equals only itself at the same place.

    A function inside a rearranged one has no counterpart: None.
    """
    old_parts, new_parts = _nested(old), _nested(new)
    same = _shell(old) == _shell(new) and len(old_parts) == len(new_parts)
    if not old.co_flags & _CO_OPTIMIZED:
        if not same:
            raise NeedsImport(old.co_filename)
    elif old != new:
        yield old, new
    if same:
        for old_part, new_part in zip(old_parts, new_parts):
            yield from _changed(old_part, new_part)
    else:
        yield from ((part, None) for part in _all_nested(old))


def lines_of(code: types.CodeType) -> Set[Tuple[str, int]]:
    """The lines of a function and of its nested functions, with their file."""
    own = {(code.co_filename, line) for _, line in dis.findlinestarts(code) if line}
    return own.union(*map(lines_of, _nested(code)))


def own_lines_of(code: types.CodeType) -> Set[Tuple[str, int]]:
    """The lines that run only if the function itself does: not its first, nor those of nested functions."""
    inside: Set[Tuple[str, int]] = set().union(*map(lines_of, _nested(code)))
    return lines_of(code) - inside - {(code.co_filename, code.co_firstlineno)}


def _nested(code: types.CodeType) -> List[types.CodeType]:
    return [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]


def _all_nested(code: types.CodeType) -> Iterator[types.CodeType]:
    for part in _nested(code):
        yield part
        yield from _all_nested(part)


def _shell(code: types.CodeType) -> Tuple[Any, ...]:
    """What a code object itself does, without its nested code and its line numbers."""
    constants = [
        (type(constant).__name__, "code" if isinstance(constant, types.CodeType) else repr(constant))
        for constant in code.co_consts
    ]
    return (
        code.co_code,
        constants,
        code.co_names,
        code.co_varnames,
        code.co_freevars,
        code.co_cellvars,
        code.co_flags,
        code.co_argcount,
        code.co_kwonlyargcount,
        getattr(code, "co_posonlyargcount", 0),  # since 3.8
        getattr(code, "co_exceptiontable", b""),  # its try blocks, since 3.11
    )
