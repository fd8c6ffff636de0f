"""A Python file as the search sees it: its sites, functions and scopes, and its text after an edit."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property

from planners.search import language
from planners.search.language import Definition, Neighbours, Replacement, SeenKinds, TextEdit
from planners.search.python.evidence import Evidence
from planners.search.python.operators.base import Site, parse_expression
from planners.search.python.scope import Scope
from planners.search.python.simplify import absurd, simplest
from planners.search.python.source import FUNCTIONS, Function, Source, fingerprint, load, parse

__all__ = ["PythonFile"]

_FIXED_FIELDS = frozenset({"annotation", "returns", "decorator_list", "type_params", "format_spec"})


class PythonFile:
    """A parsed file, with a scope for each requested function."""

    def __init__(self, source: Source, kinds: SeenKinds, neighbours: Neighbours, evidence: Evidence) -> None:
        self._source, self._kinds, self._neighbours, self._evidence = source, kinds, neighbours, evidence
        self._scopes: dict[ast.AST, Scope] = {}

    @property
    def functions(self) -> Iterator[language.Function]:
        """Every function and method, nested ones too, without their decorators."""
        for node in self._source.parents:
            if isinstance(node, FUNCTIONS) and node.end_lineno is not None:
                yield language.Function(node.name, node.lineno, range(node.body[0].lineno, node.end_lineno + 1))

    @property
    def definitions(self) -> Iterator[Definition]:
        """The variables of the module and of its classes."""
        readers: dict[str, set[int]] = defaultdict(set)
        for node in self._source.parents:
            if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
                readers[node.id if isinstance(node, ast.Name) else node.attr].add(node.lineno)
        for node, (parent, _) in self._source.parents.items():
            if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(parent, ast.Module | ast.ClassDef):
                bound = [
                    name for name in ast.walk(node) if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)
                ]
                lines = range(node.lineno, (node.end_lineno or 0) + 1)
                yield Definition(lines, frozenset[int]().union(*(readers.get(name.id, ()) for name in bound)))

    @property
    def sites(self) -> Iterator[Site]:
        """Every expression, statement and handler at which operators may apply."""
        for node in self._source.parents:
            if isinstance(node, ast.expr | ast.stmt | ast.excepthandler) and self._is_site(node):
                yield Site(self._source, node)

    def _is_site(self, site: ast.expr | ast.stmt | ast.excepthandler) -> bool:
        """Annotations, decorators, patterns and the plain parts of f-strings are not sites."""
        node: ast.AST = site
        if isinstance(site, ast.Constant | ast.FormattedValue) and isinstance(
            self._source.parents[site][0], ast.JoinedStr
        ):
            return False
        while not isinstance(node, ast.stmt | ast.excepthandler | ast.Module):
            parent, field = self._source.parents[node]
            if field in _FIXED_FIELDS or isinstance(parent, ast.pattern | ast.match_case | ast.TypeAlias):
                return False
            if isinstance(node, ast.FormattedValue) and not self._is_where_it_says(site):
                return False
            node = parent
        return True

    def _is_where_it_says(self, site: ast.AST) -> bool:
        """Inside f-strings some versions of the parser give wrong positions."""
        if not isinstance(site, ast.expr):
            return False
        start, end = self._source.span(site)
        parsed = parse_expression(self._source.text[start:end])
        return parsed is not None and fingerprint(parsed) == fingerprint(site)

    def scope(self, site: Site) -> Scope:
        """The scope of the function around a site."""
        return self._scope_of(self._source.function(site.node))

    def _scope_of(self, function: Function) -> Scope:
        known = self._scopes.get(function)
        if known is None:
            around = None if isinstance(function, ast.Module) else self._scope_of(self._source.function(function))
            seen = {} if isinstance(function, ast.Module) else self._kinds.get(function.name, {})
            known = self._scopes[function] = Scope(
                self._source, function, around, lambda: self._modules, seen, self._evidence
            )
        return known

    @cached_property
    def _modules(self) -> tuple[Scope, ...]:
        """The modules of other files that ingredients may come from, nearest first."""
        sources = [load(path, raw) for path, raw in self._neighbours()]
        return tuple(Scope(source, source.tree, None) for source in sources if source)

    def edited(self, region: ast.stmt | ast.excepthandler | ast.Module, replacement: Replacement) -> str:
        """The function after an edit of its blocks; for other edits the statement, or its header if it has a block."""
        text = self._source.text
        if replacement.block:
            start, end = self._source.span(region) if not isinstance(region, ast.Module) else (0, len(text))
            return _spliced(text, start, end, replacement)
        assert not isinstance(region, ast.Module)
        unit = self._source.unit(region)
        return unit.prefix + _spliced(text, unit.start, unit.end, replacement) + unit.suffix

    def simplest(self, region: ast.stmt | ast.excepthandler, replacement: Replacement) -> Replacement | None:
        """A replacement inside a statement in its simplest form; None if nobody would write what it makes."""
        unit = self._source.unit(region)
        before, after = self.edited(region, Replacement(())), self.edited(region, replacement)
        if absurd(before, after):
            return None
        simpler = simplest(before, after)
        if simpler == after:
            return replacement
        head = _common(before, simpler)
        tail = _common(before[head:][::-1], simpler[head:][::-1])
        start, end = unit.start - len(unit.prefix) + head, unit.end + len(unit.suffix) - tail
        return replacement._replace(edits=(TextEdit(start, end, simpler[head : len(simpler) - tail]),))

    def tree(self, text: str) -> str | None:
        """The fingerprint of the tree."""
        try:
            return fingerprint(parse(text))
        except (SyntaxError, ValueError, RecursionError):
            return None


def _common(one: str, other: str) -> int:
    """The number of characters that both texts begin with."""
    pairs = zip(one, other, strict=False)
    return next((place for place, (left, right) in enumerate(pairs) if left != right), min(len(one), len(other)))


def _spliced(text: str, start: int, end: int, replacement: Replacement) -> str:
    parts: list[str] = []
    at = start
    for edit in replacement.edits:
        parts += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join([*parts, text[at:end]])
