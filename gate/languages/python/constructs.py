"""The constructs of Python code that rules may forbid, as a multiset: how often each occurs, not where."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterable
from typing import ClassVar

from gate.languages.api import Construct, Kind
from gate.languages.python.annotations import code_of
from gate.languages.python.belonging import BASES, CLASS_CHECKS, last_name, too_broad
from gate.languages.python.capabilities import DECODERS, HARD_MODULES, STANDARD, inner_names
from gate.languages.python.equality import compares_little
from gate.languages.python.folding import fold_text
from gate.languages.python.literals import COMPARISONS, answered_literals, is_truth
from gate.languages.python.mains import FATAL, SOFT_EXITS, is_main_guard, is_program
from gate.languages.python.names import IMPORTERS, READERS, Names, imports_of, is_own_module
from gate.languages.python.patterns import names_read
from gate.languages.python.tables import entries_of
from gate.languages.python.values import fold_value, spelled

__all__ = ["SENSITIVE", "constructs_of"]

SENSITIVE = HARD_MODULES | {"importlib", "inspect", "gc", "os", "signal", "sys", "threading", "_thread"}
"""Modules through which code can reach its own process, the test runner or the outside world."""

_NAMESPACES = frozenset({"builtins.globals", "builtins.locals", "builtins.vars"})
_LISTERS = _NAMESPACES | {"builtins.dir", "inspect.getmembers", "inspect.getmembers_static"}
_WRITERS = frozenset(name for name in READERS if name.endswith(("setattr", "delattr", "setattr__", "delattr__")))
_CHANGERS = frozenset({
    "__delattr__", "__delitem__", "__iadd__", "__ior__", "__setattr__", "__setitem__", "add", "append", "appendleft",
    "clear", "difference_update", "discard", "extend", "insert", "intersection_update", "pop", "popitem", "remove",
    "reverse", "setdefault", "sort", "symmetric_difference_update", "update",
})  # fmt: skip
_GETTERS = frozenset({"operator.attrgetter", "operator.methodcaller"})
_BY_NAME = (READERS | IMPORTERS | _GETTERS) - {"builtins.hasattr", "builtins.__import__"}
_HARMLESS_NAMESPACES = frozenset({"math", "cmath", "operator", "string"})
_FIELDS = re.compile(r"\{[^{}!:]*?((?:\.\w+|\[[^\]{}]*\])+)[^{}]*\}")
_RESOLVED = re.compile(r"([^\W\d]\w*)(?:[.:][^\W\d]\w*)+")
_CHANGING = frozenset(f"operator.{name}" for name in ("setitem", "delitem", "ior", "iadd", "iconcat"))
_LEAST_DECODED = 16


def constructs_of(statements: Iterable[ast.AST], names: Names, *, main: bool = False) -> Counter[Construct]:
    """The constructs of some statements; `main` says whether they are part of a main program."""
    walk = _Walk(names)
    walk.run(statements, main=main)
    return walk.constructs


class _Walk:
    def __init__(self, names: Names) -> None:
        self._names = names
        self._stack: list[tuple[ast.AST, bool]] = []
        self.constructs: Counter[Construct] = Counter()

    def run(self, statements: Iterable[ast.AST], *, main: bool) -> None:
        self._stack += [(statement, main) for statement in statements]
        while self._stack:
            node, main = self._stack.pop()
            visit = self._visits.get(type(node))
            if visit is None:
                self._push(node, main)
            else:
                visit(self, node, main)

    def _add(self, kind: Kind, name: str) -> None:
        self.constructs[Construct(kind, name)] += 1

    def _push(self, node: ast.AST, main: bool) -> None:  # noqa: FBT001
        """Visit the children, except operators and contexts (faster than `ast.iter_child_nodes`)."""
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, list):
                self._stack += [(child, main) for child in value if isinstance(child, ast.AST)]
            elif isinstance(value, ast.expr | ast.stmt | ast.arguments | ast.arg | ast.pattern):
                self._stack.append((value, main))

    # Names and attributes

    def _name(self, node: ast.Name, main: bool) -> None:  # noqa: FBT001
        if isinstance(node.ctx, ast.Load):
            self._internal(node)
            for target in self._names.resolve(node):
                self._use(target, main)
                if target in SENSITIVE or target in _BY_NAME:
                    self._add(Kind.COMPUTED, f"with {target} as a value")
        elif node.id in {"__builtins__", "pytest_plugins", "collect_ignore", "collect_ignore_glob"}:
            self._add(Kind.DEFINE, node.id)
        elif node.id == "__name__":
            self._add(Kind.COMPUTED, "another module under __name__")

    def _internal(self, node: ast.Name) -> None:
        if node.id in {"__builtins__", "__loader__"}:
            self._add(Kind.COMPUTED, f"through {node.id}")

    def _attribute(self, node: ast.Attribute, main: bool) -> None:  # noqa: FBT001
        """A chain of attributes is one use; its base is visited unless it is a plain name."""
        targets = self._names.resolve(node)
        kind = Kind.USE if isinstance(node.ctx, ast.Load) else Kind.STORE
        for target in targets:
            self._use(target, main) if kind is Kind.USE else self._add(kind, target)
        if kind is Kind.USE and node.attr in _CHANGERS:
            self._changed(node.value)
        elif kind is Kind.STORE:
            self._base_class(node.value)
        parts: list[str] = []
        base: ast.expr = node
        while isinstance(base, ast.Attribute):
            self._add(Kind.ATTRIBUTE, base.attr)
            parts.append(base.attr)
            base = base.value
        if not targets:  # something that nobody knows may have a module too
            self._path([*parts[:0:-1]], parts[0], main)
        if not isinstance(base, ast.Name):
            self._stack.append((base, main))
        else:
            self._internal(base)

    def _path(self, parts: list[str], last: str, main: bool) -> None:  # noqa: FBT001
        """A path of attributes that leads through a module to its `last` component."""
        for place, part in enumerate(parts):
            module = part if part in SENSITIVE else part.lstrip("_")
            if module in SENSITIVE:
                self._use(".".join([module, *parts[place + 1 :], last]), main)

    def _use(self, target: str, main: bool) -> None:  # noqa: FBT001
        if target in SOFT_EXITS:
            if not main:
                self._add(Kind.EXIT, target.removeprefix("builtins."))
            return
        self._add(Kind.USE, target)
        module, namespace, _ = target.partition(".__dict__")
        if namespace and module in STANDARD - _HARMLESS_NAMESPACES:
            self._add(Kind.COMPUTED, f"the names of the module {module}")
        for inner in inner_names(target):
            if inner in SOFT_EXITS:
                self._use(inner, main)
                continue
            self._add(Kind.USE, inner)
            if inner in SENSITIVE:
                self._add(Kind.COMPUTED, f"with the module {inner} from {target}")

    def _said(self, text: str) -> None:
        """A text, which may read attributes when it is formatted, or name something for others to look up."""
        self._add(Kind.TEXT, text)
        if "{" in text:
            for path in _FIELDS.findall(text):
                for attribute in re.findall(r"\.(\w+)", path):
                    self._add(Kind.ATTRIBUTE, attribute)
        elif (name := _RESOLVED.fullmatch(text)) and name[1] in SENSITIVE:
            self._add(Kind.USE, text.replace(":", "."))

    def _subscript(self, node: ast.Subscript, main: bool) -> None:  # noqa: FBT001
        kind = Kind.USE if isinstance(node.ctx, ast.Load) else Kind.STORE
        for target in self._names.resolve(node):
            self._use(target, main) if kind is Kind.USE else self._add(kind, target)
        if (text := fold_text(node)) is not None:
            self._said(text)
        holders = self._names.resolve(node.value)
        if "sys.modules" in holders and is_own_module(node.slice):
            return
        if kind is Kind.STORE:
            self._changed(node.value)
        if isinstance(node.value, ast.Call) and self._names.resolve(node.value.func) & _NAMESPACES:
            self._add(Kind.COMPUTED, "a variable by its name")
        if isinstance(node.value, ast.Dict):
            self._answers(node)
        self._push(node, main)

    def _base_class(self, holder: ast.expr) -> None:
        """An attribute is set of a class that is reached from another one, by its place: it may be of any library."""
        if self._names.leads_through(holder, BASES):
            self._add(Kind.COMPUTED, "a base class by its place")

    def _changed(self, holder: ast.expr) -> None:
        """An object of the standard library is changed in its place."""
        for target in self._names.held(holder):
            self._add(Kind.STORE, target)
            if target in {"os.environ", "os.environb"}:
                self._use("os.environ.__setitem__", main=False)

    # Calls

    def _call(self, node: ast.Call, main: bool) -> None:  # noqa: FBT001
        if (text := fold_text(node)) is not None:
            self._said(text)
        self._number(node)
        functions = self._names.resolve(node.func)
        if functions & READERS and len(node.args) > 1:
            self._reader(node, functions, main)
            return
        if functions & (_GETTERS | IMPORTERS) and node.args:
            self._getter(node, main) if functions & _GETTERS else self._importer(node)
            for target in functions:
                self._use(target, main)
            self._stack += [(child, main) for child in (*node.args, *node.keywords)]
            return
        if isinstance(node.func, ast.Attribute):
            if node.func.attr in {"__setattr__", "__delattr__"} and node.args:
                name = fold_text(node.args[0]) or "?"
                for target in self._names.resolve(node.func.value):
                    self._add(Kind.STORE, f"{target}.{name}")
            if node.func.attr in {"get", "pop"}:
                self._answers(node)
            elif node.func.attr == "register":
                self._given(node)
        if functions & _CHANGING and node.args:
            self._changed(node.args[0])
        self._entries(node)
        self._decoded(node, functions)
        for target in self._names.resolve(node):
            self._use(target, main)
        if functions & _LISTERS and node.args:
            for target in self._names.resolve(node.args[0]) & (STANDARD | SENSITIVE) - _HARMLESS_NAMESPACES:
                self._add(Kind.COMPUTED, f"the names of the module {target}")
        self._push(node, main)

    def _getter(self, node: ast.Call, main: bool) -> None:  # noqa: FBT001
        """`operator.attrgetter` and `methodcaller`: attributes whose paths are strings."""
        for argument in node.args[:1] if "methodcaller" in ast.dump(node.func) else node.args:
            path = fold_text(argument)
            if path is None:
                self._add(Kind.COMPUTED, "the name of an attribute")
                continue
            *parts, last = path.split(".")
            for attribute in (*parts, last):
                self._add(Kind.ATTRIBUTE, attribute)
            self._path(parts, last, main)

    def _importer(self, node: ast.Call) -> None:
        """A module that is imported by its name."""
        module = fold_text(node.args[0])
        if module is None:
            self._add(Kind.COMPUTED, "the name of a module to import")
        elif not module.startswith("."):
            self._add(Kind.IMPORT, module)
        if module is not None and not isinstance(node.args[0], ast.Constant):
            self._add(Kind.COMPUTED, f"the name {module} from pieces")
        for target in self._names.resolve(node):
            self._use(target, False)  # noqa: FBT003

    def _decoded(self, node: ast.Call, functions: frozenset[str]) -> None:
        """A text in the source that only a decoder makes readable."""
        given = node.args[:1] if functions & DECODERS else node.args[1:]
        if functions & DECODERS or any(self._names.resolve(argument) & DECODERS for argument in node.args):
            nodes = [one for argument in given for one in ast.walk(argument)]
            nodes += [value for one in nodes if isinstance(one, ast.Name) for value in self._names.values(one.id)]
            texts = (fold_text(one) for one in nodes if isinstance(one, ast.expr))
            if any(text is not None and len(text) >= _LEAST_DECODED for text in texts):
                self._add(Kind.COMPUTED, "a text that the source has encoded")

    def _reader(self, node: ast.Call, functions: frozenset[str], main: bool) -> None:  # noqa: FBT001
        """`getattr` and the like: an attribute whose name is a string."""
        holder, name = node.args[0], fold_text(node.args[1])
        if functions & _WRITERS:
            self._base_class(holder)
        bases = self._names.resolve(holder)
        if name is not None:
            self._add(Kind.ATTRIBUTE, name)
            for base in bases:
                if functions & _WRITERS:
                    self._add(Kind.STORE, f"{base}.{name}")
                else:
                    self._use(f"{base}.{name}", main)
            if not isinstance(node.args[1], ast.Constant):
                self._add(Kind.COMPUTED, f"the name {name} from pieces")
            if functions & _WRITERS and name in COMPARISONS:
                self._add(Kind.ALWAYS, name)
        else:
            for base in bases:
                if not base.startswith("builtins."):
                    self._add(Kind.COMPUTED, f"the name of an attribute of {base}")
        rest: list[ast.AST] = [*node.args[1:], *node.keywords]
        if not isinstance(holder, ast.Name | ast.Attribute) or not bases:
            rest.append(holder)
        self._stack += [(child, main) for child in rest]

    # Imports and definitions

    def _import(self, node: ast.Import, _main: bool) -> None:  # noqa: FBT001
        for alias in node.names:
            self._add(Kind.IMPORT, alias.name)

    def _import_from(self, node: ast.ImportFrom, main: bool) -> None:  # noqa: FBT001
        if node.level or not node.module:
            return
        self._add(Kind.IMPORT, node.module)
        if node.module in SENSITIVE and node.names[0].name == "*":
            self._add(Kind.COMPUTED, f"names with all of the module {node.module}")
        for _, target in imports_of(node):
            if target not in SOFT_EXITS:  # only calls of it count
                self._use(target, main)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef, main: bool) -> None:  # noqa: FBT001
        self._add(Kind.DEFINE, node.name)
        if node.name in CLASS_CHECKS or (node.name in COMPARISONS and is_truth(node.body, COMPARISONS[node.name])):
            self._add(Kind.ALWAYS, node.name)
        elif node.name in {"__eq__", "__ne__"} and compares_little(node):
            self._add(Kind.PARTIAL, node.name)
        self._block(node, main or is_program(node))

    def _class(self, node: ast.ClassDef, main: bool) -> None:  # noqa: FBT001
        self._add(Kind.DEFINE, node.name)
        self._block(node, main)

    def _block(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, main: bool) -> None:  # noqa: FBT001
        body = node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body
        rest = [child for child in ast.iter_child_nodes(node) if child not in node.body]
        if (returns := getattr(node, "returns", None)) is not None:
            rest += code_of(returns)
        self._stack += [(child, main) for child in (*rest, *body)]

    def _assign(self, node: ast.Assign, main: bool) -> None:  # noqa: FBT001
        """A comparison method may be assigned from another class, but not from a function made for something else.

        `__match_args__` names the attributes that patterns read.
        """
        for target in node.targets:
            name = last_name(target)
            if name in {"__eq__", "__ne__"} and getattr(node.value, "attr", "") != name:
                self._add(Kind.ALWAYS, name)
            if name == "__match_args__":
                texts = (fold_text(one) for one in ast.walk(node.value) if isinstance(one, ast.expr))
                self.constructs.update(Construct(Kind.ATTRIBUTE, text) for text in texts if text is not None)
        self._given(node)
        self._container(node, main)

    def _bound(self, node: ast.NamedExpr | ast.For | ast.comprehension, main: bool) -> None:  # noqa: FBT001
        self._given(node)
        self._push(node, main)

    def _given(self, node: ast.AST) -> None:
        for name in too_broad(node, self._names):
            self._add(Kind.ALWAYS, name)

    def _annotated(self, node: ast.arg | ast.AnnAssign, main: bool) -> None:  # noqa: FBT001
        """An annotation may be code in a string."""
        self._given(node)
        if getattr(node, "arg", "") == "__name__":
            self._add(Kind.COMPUTED, "another module under __name__")
        if node.annotation is not None:
            self._stack += [(code, main) for code in code_of(node.annotation)]
        self._push(node, main)

    def _match(self, node: ast.Match, main: bool) -> None:  # noqa: FBT001
        """A pattern reads attributes, and entries of namespaces."""
        subjects = self._names.resolve(node.subject)
        for case in node.cases:
            for attribute, targets in names_read(case.pattern, subjects):
                self._add(Kind.ATTRIBUTE, attribute)
                for target in targets:
                    self._use(target, main)
        self._push(node, main)

    def _raise(self, node: ast.Raise, main: bool) -> None:  # noqa: FBT001
        raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        for target in self._names.resolve(raised) & FATAL if raised is not None else ():
            self._add(Kind.EXIT, target.removeprefix("builtins."))
        self._push(node, main)

    def _dict(self, node: ast.Dict, main: bool) -> None:  # noqa: FBT001
        for key in node.keys:
            if isinstance(key, ast.Constant) and isinstance(key.value, str) and key.value in COMPARISONS:
                self._add(Kind.ALWAYS, key.value)
        self._container(node, main)

    # Texts and branches

    def _expression(self, node: ast.Expr, main: bool) -> None:  # noqa: FBT001
        if not isinstance(node.value, ast.Constant):  # a string on its own does nothing
            self._push(node, main)

    def _text(self, node: ast.expr, main: bool) -> None:  # noqa: FBT001
        text = fold_text(node)
        if text is not None:
            self._said(text)
        else:
            self._number(node)
            self._container(node, main)

    def _number(self, node: ast.expr) -> None:
        folded = fold_value(node)
        if folded and isinstance(folded[0], int | float) and (number := spelled(folded[0])) is not None:
            self._add(Kind.NUMBER, number)

    def _if(self, node: ast.If, main: bool) -> None:  # noqa: FBT001
        self._answers(node)
        self._push(node, main or is_main_guard(node.test))

    def _branch(self, node: ast.AST, main: bool) -> None:  # noqa: FBT001
        self._answers(node)
        self._push(node, main)

    def _answers(self, node: ast.AST) -> None:
        for literal in answered_literals(node):
            self._add(Kind.ANSWER, literal)
        self._entries(node)

    def _entries(self, node: ast.AST) -> None:
        for name in entries_of(node):
            self._add(Kind.ENTRY, name)

    def _container(self, node: ast.AST, main: bool) -> None:  # noqa: FBT001
        self._entries(node)
        self._push(node, main)

    _visits: ClassVar[dict[type[ast.AST], Callable[..., None]]] = {
        ast.Name: _name,
        ast.Attribute: _attribute,
        ast.Subscript: _subscript,
        ast.Call: _call,
        ast.Import: _import,
        ast.ImportFrom: _import_from,
        ast.FunctionDef: _function,
        ast.AsyncFunctionDef: _function,
        ast.ClassDef: _class,
        ast.Assign: _assign,
        ast.NamedExpr: _bound,
        ast.For: _bound,
        ast.comprehension: _bound,
        ast.Raise: _raise,
        ast.Dict: _dict,
        ast.Expr: _expression,
        ast.Constant: _text,
        ast.BinOp: _text,
        ast.JoinedStr: _text,
        ast.If: _if,
        ast.IfExp: _branch,
        ast.match_case: _branch,
        ast.Match: _match,
        ast.arg: _annotated,
        ast.AnnAssign: _annotated,
        ast.BoolOp: _container,
        ast.List: _container,
        ast.Tuple: _container,
        ast.Set: _container,
    }
