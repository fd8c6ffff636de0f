"""What the names of a module stand for: `x` after `from os import _exit as x` is `os._exit`."""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from types import MappingProxyType

from gate.languages.python.assignments import values_given
from gate.languages.python.capabilities import STANDARD
from gate.languages.python.folding import fold_text

__all__ = ["BUILTINS", "IMPORTERS", "READERS", "Names", "hidden", "imports_of", "is_own_module"]

BUILTINS = frozenset(dir(builtins))
READERS = frozenset({
    "builtins.getattr", "builtins.hasattr", "builtins.setattr", "builtins.delattr", "inspect.getattr_static",
    "builtins.object.__getattribute__", "builtins.type.__getattribute__", "types.ModuleType.__getattribute__",
    *(f"{holder}.{method}" for holder in ("builtins.object", "builtins.type", "types.ModuleType")
      for method in ("__setattr__", "__delattr__")),
})  # fmt: skip
"""Functions that take an object and the name of an attribute."""

IMPORTERS = frozenset({"builtins.__import__", "importlib.import_module", "importlib.__import__"})
"""Functions that take the name of a module."""

_OWN_MODULE = frozenset({"__name__", "__module__"})
_SHARED = frozenset({"decimal.getcontext", "_decimal.getcontext", "_pydecimal.getcontext"})
"""Functions without arguments that give an object of the whole process, whose attributes are those of a module."""

_LOWER_CLASSES = frozenset({"collections.deque", "collections.defaultdict", "array.array"})
_MAX_DEPTH = 50
_MOST_PARTS = 12


def imports_of(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    """The names that an import binds, each with the dotted name that it stands for; relative ones begin with a dot."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield (alias.asname, alias.name) if alias.asname else (alias.name.partition(".")[0],) * 2
        return
    module = "." * node.level + (node.module or "")
    for alias in node.names:
        yield alias.asname or alias.name, f"{module}.{alias.name}"


class Names:
    """The imports of a module, the values that it gives to names, and the built-in names that it rebinds.

    Scopes do not count: a name stands for everything that it is given anywhere.
    """

    def __init__(
        self,
        imported: dict[str, frozenset[str]],
        bound: frozenset[str] = frozenset(),
        given: Mapping[str, frozenset[ast.expr]] = MappingProxyType({}),
    ) -> None:
        self._imported = imported
        self._bound = bound
        self._given = given
        self._followed: dict[str, frozenset[str]] = {}
        self._classes: dict[str, frozenset[str]] = {}

    @classmethod
    def of(cls, tree: ast.Module) -> Names:
        """Every import and assignment of a module, wherever it is, and every built-in name that the module rebinds."""
        nodes = list(ast.walk(tree))
        return cls(*_bindings(nodes), values_given(nodes))

    def with_imports(self, trees: Iterable[ast.AST]) -> Names:
        """These names, and what some new code imports and assigns. Other names that it binds do not hide built-ins."""
        nodes = [node for tree in trees for node in ast.walk(tree)]
        imported, _ = _bindings(nodes)
        given = values_given(nodes)
        if not imported and not given:
            return self
        return Names(_merged(self._imported, imported), self._bound, _merged(self._given, given))

    def without(self, later: Names) -> Names:
        """These names as they are for later code: what no longer hides a built-in is the built-in again."""
        kept = {
            name: targets
            for name, targets in self._imported.items()
            if name not in BUILTINS or name in later._imported or name in later._bound
        }
        return Names(kept, self._bound & (later._bound | later._imported.keys()), self._given)

    def given_to(self, later: Names, modules: frozenset[str]) -> bool:
        """Whether a name imported or assigned here stands for one of `modules`, or a part of one, only in `later`."""
        if later is self:
            return False
        changed = [name for name in self._imported if later._imported.get(name) is not self._imported[name]]
        changed += [name for name in self._given if later._given.get(name) is not self._given[name]]
        return any(
            component in modules
            for name in changed
            for target in later.resolve(ast.Name(name)) - self.resolve(ast.Name(name))
            for component in target.split(".")
        )

    @cached_property
    def modules(self) -> frozenset[str]:
        """Everything that is imported, and the packages that contain it."""
        return frozenset(
            ".".join(parts[:count])
            for targets in self._imported.values()
            for target in targets
            for parts in [target.split(".")]
            for count in range(1, len(parts) + 1)
        )

    def resolve(self, node: ast.expr, depth: int = 0) -> frozenset[str]:
        """The dotted names of modules or built-ins that an expression may stand for."""
        if depth > _MAX_DEPTH:
            return frozenset()
        match node:
            case ast.Name(id=name):
                return self._named(name)
            case ast.Attribute(value=value, attr=attr):
                found = frozenset(f"{base}.{attr}" for base in self.resolve(value, depth + 1))
                return found | self._class_of(value, depth + 1) if attr == "__class__" else found
            case ast.Call(func=func, args=[]):
                return self.resolve(func, depth + 1) & _SHARED
            case ast.Call(func=func, args=args):
                return self._called(self.resolve(func, depth + 1), args, depth)
            case ast.Subscript(value=value, slice=key):
                return self._entry(self.resolve(value, depth + 1), fold_text(key))
            case ast.NamedExpr(value=value):
                return self.resolve(value, depth + 1)
            case ast.IfExp(body=first, orelse=second):
                return self.resolve(first, depth + 1) | self.resolve(second, depth + 1)
            case ast.BoolOp(values=values):
                return frozenset[str]().union(*(self.resolve(one, depth + 1) for one in values))
        return frozenset()

    def held(self, node: ast.expr) -> frozenset[str]:
        """The parts of modules of the standard library that an expression stands for, classes and modules left out.

        A plain name counts for what it is assigned, since one that is imported may be a variable elsewhere.
        """
        if isinstance(node, ast.Name):
            found = self._follow(node.id) if node.id in self._given else frozenset[str]()
        else:
            found = self.resolve(node)
        return frozenset(target for target in found if _is_part(target))

    def leads_through(self, node: ast.expr, attributes: frozenset[str]) -> bool:
        """Whether an expression, or a value that is given to its name, reads one of some attributes on its way."""
        for value in self._given_to(node):
            one = value
            while isinstance(one, ast.Attribute | ast.Subscript | ast.Call):
                if isinstance(one, ast.Attribute) and one.attr in attributes:
                    return True
                one = one.func if isinstance(one, ast.Call) else one.value
        return False

    def _given_to(self, node: ast.expr) -> Iterator[ast.expr]:
        """An expression, the values of the name at its beginning, those of the names at theirs, and so on."""
        waiting, seen = [node], set[str]()
        while waiting:
            node = waiting.pop()
            yield node
            while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
                node = node.func if isinstance(node, ast.Call) else node.value
            if isinstance(node, ast.Name) and node.id not in seen:
                seen.add(node.id)
                waiting += self.values(node.id)

    def values(self, name: str) -> frozenset[ast.expr]:
        """The expressions that are given to a name."""
        return self._given.get(name, frozenset())

    def _named(self, name: str) -> frozenset[str]:
        known = self._imported.get(name)
        found = frozenset(target for target in known if not target.startswith(".")) if known else frozenset[str]()
        if name in self._given:
            found |= self._follow(name)
        if known is None and name in BUILTINS and name not in self._bound:
            found |= {f"builtins.{name}"}
        if known is None and not found and "*" in self._imported and name in sys.stdlib_module_names:
            return frozenset({name})  # a module that another one, of which everything is imported, may have imported
        return found

    def _follow(self, name: str) -> frozenset[str]:
        """What the values of a name stand for. A name that is given itself adds nothing."""
        known = self._followed.get(name)
        if known is None:
            self._followed[name] = frozenset()
            found = (target for value in self._given[name] for target in self.resolve(value))
            known = self._followed[name] = frozenset(target for target in found if target.count(".") < _MOST_PARTS)
        return known

    def _class_of(self, node: ast.expr, depth: int) -> frozenset[str]:
        """What makes an object: for one that is called into being, its class."""
        if isinstance(node, ast.Call):
            return self.resolve(node.func, depth + 1)
        if not isinstance(node, ast.Name):
            return frozenset()
        known = self._classes.get(node.id)
        if known is None:
            self._classes[node.id] = frozenset()
            calls = (one.func for one in self.values(node.id) if isinstance(one, ast.Call))
            known = frozenset[str]().union(*(self.resolve(function, depth + 1) for function in calls))
            self._classes[node.id] = known
        return known

    def _called(self, functions: frozenset[str], args: list[ast.expr], depth: int) -> frozenset[str]:
        if not functions:
            return functions
        if "builtins.type" in functions and len(args) == 1:
            return self._class_of(args[0], depth + 1)
        if functions & READERS and len(args) > 1 and (attribute := fold_text(args[1])) is not None:
            return frozenset(f"{base}.{attribute}" for base in self.resolve(args[0], depth + 1))
        if functions & IMPORTERS and (module := fold_text(args[0])) is not None:
            return frozenset({module})
        if "builtins.vars" in functions:
            return frozenset(f"{base}.__dict__" for base in self.resolve(args[0], depth + 1))
        if "sys.modules.get" in functions and (module := fold_text(args[0])) is not None:
            return frozenset({module})
        if "functools.partial" in functions:
            return self.resolve(args[0], depth + 1)
        if (attribute := fold_text(args[0])) is not None:  # `module.__getattribute__("name")`
            readers = (name for name in functions if name.endswith(".__getattribute__"))
            return frozenset(f"{name.removesuffix('.__getattribute__')}.{attribute}" for name in readers)
        return frozenset()

    @staticmethod
    def _entry(holders: frozenset[str], key: str | None) -> frozenset[str]:
        if key is None:
            return frozenset()
        of_modules = {key} if "sys.modules" in holders else set()
        return frozenset(of_modules) | {
            f"{holder.removesuffix('.__dict__')}.{key}" for holder in holders if holder.endswith(".__dict__")
        }


def hidden(trees: Iterable[ast.AST]) -> frozenset[str]:
    """The built-in names that some code binds or imports."""
    imported, bound = _bindings(node for tree in trees for node in ast.walk(tree))
    return bound | (imported.keys() & BUILTINS)


def _bindings(nodes: Iterable[ast.AST]) -> tuple[dict[str, frozenset[str]], frozenset[str]]:
    imported: dict[str, frozenset[str]] = {}
    bound: set[str] = set()
    for node in nodes:
        match node:
            case ast.Import() | ast.ImportFrom():
                for name, target in imports_of(node):
                    imported[name] = imported.get(name, frozenset()) | {target}
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                bound.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                bound.add(name)
    return imported, frozenset(bound & BUILTINS)


def _merged[Item](
    first: Mapping[str, frozenset[Item]], second: Mapping[str, frozenset[Item]]
) -> dict[str, frozenset[Item]]:
    merged = dict(first)
    for name, more in second.items():
        merged[name] = merged[name] | more if name in merged else more
    return merged


def _is_part(target: str) -> bool:
    module, _, rest = target.partition(".")
    last = rest.rpartition(".")[2]
    is_class = last[:1].isupper() or target in _LOWER_CLASSES
    return module in sys.stdlib_module_names - {"builtins"} and bool(rest) and not is_class and last not in STANDARD


def is_own_module(key: ast.expr) -> bool:
    """`sys.modules[__name__]` and `sys.modules[cls.__module__]` are the module that contains the code."""
    return (isinstance(key, ast.Name) and key.id in _OWN_MODULE) or (
        isinstance(key, ast.Attribute) and key.attr in _OWN_MODULE
    )
