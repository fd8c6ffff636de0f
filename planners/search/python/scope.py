"""The names at a site: which of them are visible there, and the kinds of their values."""

from __future__ import annotations

import ast
import builtins
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType

from planners.search.python.evidence import NO_EVIDENCE, Evidence
from planners.search.python.ingredients import Ingredients
from planners.search.python.kinds import note_kinds
from planners.search.python.known_guards import Guard, guards_of
from planners.search.python.source import FUNCTIONS, Function, Source

__all__ = ["Scope"]

_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_BUILTINS = frozenset(name for name in dir(builtins) if not name.startswith("_"))

_NOTHING_SEEN: Mapping[str, frozenset[str]] = MappingProxyType({})
_ROLES = frozenset({"index", "element"})


class Scope:
    """One function (or the module's own statements) with everything visible in it; the lists are in a fixed order."""

    def __init__(
        self,
        source: Source,
        function: Function,
        outer: Scope | None,
        others: Callable[[], Sequence[Scope]] = tuple,
        seen: Mapping[str, frozenset[str]] = _NOTHING_SEEN,
        evidence: Evidence = NO_EVIDENCE,
    ) -> None:
        """`others` gives the modules of other files that ingredients may come from.

        `seen` are the kinds of the variables' values in the failing tests; `evidence` is what these tests say.
        """
        self.source, self.function, self.outer, self.evidence = source, function, outer, evidence
        self._others = others
        self._seen = seen

    @cached_property
    def neighbours(self) -> Sequence[Scope]:
        """The modules of other files that ingredients may come from, the nearest first."""
        return self._others()

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Every node of the function in textual order; nested functions have their own scope."""
        nodes: list[ast.AST] = []
        stack: list[ast.AST] = list(reversed(list(ast.iter_child_nodes(self.function))))
        while stack:
            node = stack.pop()
            nodes.append(node)
            if not isinstance(node, (*FUNCTIONS, ast.ClassDef)):
                stack.extend(reversed(list(ast.iter_child_nodes(node))))
        return tuple(nodes)

    @cached_property
    def ingredients(self) -> Ingredients:
        """The ingredients in the function and its file."""
        return Ingredients(self.source, self.function, self.nodes)

    @cached_property
    def module(self) -> Scope:
        """The scope of the file."""
        return self.outer.module if self.outer else self

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """The function's own parameters, without `self` and `cls`."""
        if isinstance(self.function, ast.Module):
            return ()
        return tuple(name for name in _arguments(self.function.args) if name not in {"self", "cls"})

    @cached_property
    def bindings(self) -> dict[str, int]:
        """The line on which each variable is first bound; comprehension variables are not among them."""
        lines = dict.fromkeys(self.parameters, 0)
        for node in self.nodes:
            match node:
                case ast.Name(ctx=ast.Store()) if not self._in_comprehension(node):
                    lines.setdefault(node.id, node.lineno)
                case ast.ExceptHandler(name=str() as name):
                    lines.setdefault(name, node.lineno)
        return lines

    @cached_property
    def uses(self) -> dict[str, list[int]]:
        """The lines on which each name occurs."""
        lines: dict[str, list[int]] = defaultdict(list)
        for node in self.nodes:
            if isinstance(node, ast.Name):
                lines[node.id].append(node.lineno)
        return lines

    def names(self, node: ast.expr | ast.stmt) -> list[str]:
        """The variables that are bound at a node, nearest use first: own ones, then those of enclosing scopes."""
        inner = self._inner_names(node)
        own = [name for name, line in self.bindings.items() if line < node.lineno and name not in inner]
        own.sort(key=lambda name: min((abs(line - node.lineno) for line in self.uses.get(name, ())), default=999))
        visible = dict.fromkeys([*inner, *own])
        outer = self.outer
        while outer:
            visible.update(dict.fromkeys(name for name in outer.bindings if not name.startswith("__")))
            outer = outer.outer
        return [name for name in visible if name != "_"]

    def _inner_names(self, node: ast.AST) -> list[str]:
        """Variables of the comprehensions and lambdas around a node."""
        inner: list[str] = []
        while node is not self.function and not isinstance(node, ast.stmt):
            if isinstance(node, _COMPREHENSIONS):
                inner += [
                    name.id for part in node.generators for name in ast.walk(part.target) if isinstance(name, ast.Name)
                ]
            elif isinstance(node, ast.Lambda):
                inner += _arguments(node.args)
            node = self.source.parents[node][0]
        return inner

    def _in_comprehension(self, node: ast.AST) -> bool:
        while not isinstance(node, ast.stmt):
            if isinstance(node, ast.comprehension):
                return True
            node = self.source.parents[node][0]
        return False

    @cached_property
    def functions(self) -> tuple[str, ...]:
        """Plain names that can be called: functions and classes of the file, imported names, builtins in use."""
        names: dict[str, None] = {}
        scope: Scope | None = self
        while scope:
            for node in scope.nodes:
                match node:
                    case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                        names[node.name] = None
                    case ast.ImportFrom() if node.module != "typing":
                        names.update(dict.fromkeys(alias.asname or alias.name for alias in node.names))
                    case ast.Call(func=ast.Name(id=name)) if name in _BUILTINS:
                        names[name] = None
            scope = scope.outer
        if isinstance(self.function, FUNCTIONS) and not isinstance(self.source.parents[self.function][0], ast.ClassDef):
            names[self.function.name] = None
        names.pop("*", None)
        return tuple(names)

    def visible(self, node: ast.expr | ast.stmt) -> frozenset[str]:
        """Every name that may be read at a node: variables, functions, what the file imports, builtins."""
        owner = _arguments(self.function.args)[:1] if isinstance(self.function, FUNCTIONS) else []
        return frozenset([*self.names(node), *self.functions, *self.module.imported, *owner]) | _BUILTINS

    @cached_property
    def imported(self) -> tuple[str, ...]:
        """The names of the modules that the scope's own statements import."""
        aliases = [alias for node in self.nodes if isinstance(node, ast.Import) for alias in node.names]
        return tuple(alias.asname or alias.name.partition(".")[0] for alias in aliases)

    @cached_property
    def is_generator(self) -> bool:
        """Whether the function yields."""
        return any(isinstance(node, ast.Yield | ast.YieldFrom) for node in self.nodes)

    @cached_property
    def guards(self) -> tuple[tuple[Guard, int], ...]:
        """The guards of the file, each text once, with how often it occurs."""
        first: dict[str, Guard] = {}
        times: Counter[str] = Counter()
        for guard in guards_of(self.source):
            text = ast.unparse(guard.node)
            first.setdefault(text, guard)
            times[text] += 1
        return tuple((guard, times[text]) for text, guard in first.items())

    @cached_property
    def used_results(self) -> frozenset[str]:
        """The names of functions and methods of which a call in the file uses the result."""
        names: set[str] = set()
        for node, (parent, _) in self.source.parents.items():
            match node:
                case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if not isinstance(parent, ast.Expr):
                    names.add(name)
        return frozenset(names)

    @cached_property
    def arity(self) -> dict[str, int]:
        """How many positional parameters each function of the file has (a method's without `self`)."""
        arities: dict[str, int] = {}
        for node in self.source.parents:
            if isinstance(node, FUNCTIONS):
                names = [arg.arg for arg in [*node.args.posonlyargs, *node.args.args]]
                arities.setdefault(node.name, len([name for name in names if name not in {"self", "cls"}]))
        return arities

    @cached_property
    def kinds(self) -> dict[str, frozenset[str]]:
        """The kinds of each name: `number`, `sequence`, `set`, `object` or `callable` (perhaps several).

        Observed values decide, or else its use. Only its use shows that it is an `index` or an `element`.
        """
        by_use: dict[str, set[str]] = defaultdict(set)
        for node in self.nodes:
            note_kinds(node, by_use)
        used = {name: frozenset(kinds) for name, kinds in by_use.items()}
        seen = {
            name: kinds | (used.get(name, frozenset()) & _ROLES) | ({"sequence"} if "set" in kinds else frozenset())
            for name, kinds in self._seen.items()
        }
        return used | seen

    def kind(self, name: str) -> frozenset[str]:
        """The kinds of a name here, or in the enclosing scopes if it is theirs; empty if they are unknown."""
        own = self.kinds.get(name, frozenset())
        return own if self.outer is None or name in self.bindings else own | self.outer.kind(name)

    def alike(self, first: str, second: str) -> bool:
        """Whether two names may have values of the same kind."""
        first_kind, second_kind = self.kind(first), self.kind(second)
        return not first_kind or not second_kind or bool(first_kind & second_kind)


def _arguments(arguments: ast.arguments) -> list[str]:
    listed = [*arguments.posonlyargs, *arguments.args, arguments.vararg, *arguments.kwonlyargs, arguments.kwarg]
    return [argument.arg for argument in listed if argument]
