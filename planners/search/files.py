"""One suspicious file during a search: its sites by line, and which edits of it are new and parse."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from hashlib import blake2b

from planners.search.operators.base import Replacement, Site, parse_expression
from planners.search.scope import FUNCTIONS, Scope
from planners.search.source import Source, fingerprint, parse

__all__ = ["SearchedFile"]

_FIXED_FIELDS = frozenset({"annotation", "returns", "decorator_list", "type_params", "format_spec"})

_SAME_FUNCTION = 0.4
"""The suspiciousness, at least, of the lines that failing tests ran, relative to the worst line of their function.

A condition that lets the wrong line run is run by passing tests as well.
"""

_SIGNATURE = 0.5
"""The suspiciousness of a function's header relative to its worst line: tests run it when they import the file."""

_DEFINITION = 0.5
"""The same of a variable of the module or of a class relative to the worst line that reads it."""

_UNCOVERED = 0.25
"""The same for lines of a suspicious function that no failing test ran; only the widened search looks at them."""


class SearchedFile:
    """A source file with the suspiciousness of its lines. `core` holds the lines of the normal search."""

    def __init__(
        self,
        source: Source,
        scores: Mapping[int, float],
        core: frozenset[int],
        others: Callable[[], Sequence[Scope]],
        kinds: Mapping[str, Mapping[str, frozenset[str]]],
    ) -> None:
        """`others` gives the modules of other files that ingredients may come from.

        `kinds` are those of the variables' values that were seen, by the names of the functions.
        """
        self.source = source
        self._others = others
        self._kinds = kinds
        self._covered = scores
        self._seen: defaultdict[ast.AST, set[bytes]] = defaultdict(set)
        self._remembered: set[tuple[ast.AST, bool]] = set()
        self._originals: dict[ast.AST, str] = {}
        self._scopes: dict[ast.AST, Scope] = {}
        signatures, covered, uncovered = self._around(scores, core)
        signatures = {**self._definitions(scores), **signatures}
        self.core = {line: scores[line] for line in sorted(core)} | {
            line: score for line, score in signatures.items() if line not in scores
        }
        self.core |= {line: max(score, scores[line]) for line, score in covered.items()}
        self.scores = {**uncovered, **scores, **self.core}

    def _around(
        self, scores: Mapping[int, float], core: frozenset[int]
    ) -> tuple[dict[int, float], dict[int, float], dict[int, float]]:
        """Scores for what lies in suspicious functions: headers, and lines that failing tests ran or did not run.

        The lines that they ran are those of functions with lines of the normal search, which all of them belong to.
        """
        signatures: dict[int, float] = {}
        covered: dict[int, float] = {}
        uncovered: dict[int, float] = {}
        for node in self.source.parents:
            if isinstance(node, FUNCTIONS) and node.end_lineno is not None:
                body = range(node.body[0].lineno, node.end_lineno + 1)
                worst = max((scores.get(line, 0.0) for line in body), default=0.0)
                if worst:
                    signatures[node.lineno] = worst * _SIGNATURE
                    uncovered |= dict.fromkeys(body, worst * _UNCOVERED)
                if not core.isdisjoint(body):
                    covered |= {line: worst * _SAME_FUNCTION for line in body if line in scores}
        return signatures, covered, uncovered

    def _definitions(self, scores: Mapping[int, float]) -> dict[int, float]:
        """Scores for variables of the module and of its classes, from the suspicious lines that read them.

        They got their values when the file was imported, before any test ran: no spectrum has their lines.
        """
        readers: dict[str, float] = defaultdict(float)
        for node in self.source.parents:
            if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
                name = node.id if isinstance(node, ast.Name) else node.attr
                readers[name] = max(readers[name], scores.get(node.lineno, 0.0))
        found: dict[int, float] = {}
        for node, (parent, _) in self.source.parents.items():
            if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(parent, ast.Module | ast.ClassDef):
                bound = [one for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)]
                worst = max((readers[one.id] for one in bound if one.id in readers), default=0.0)
                if worst:
                    found |= dict.fromkeys(range(node.lineno, (node.end_lineno or 0) + 1), worst * _DEFINITION)
        return found

    @cached_property
    def sites(self) -> Mapping[int, list[Site]]:
        """Every node that operators are asked about, by the line whose suspiciousness counts for it."""
        sites: dict[int, list[Site]] = defaultdict(list)
        for node in self.source.parents:
            if isinstance(node, ast.expr | ast.stmt | ast.excepthandler) and self._is_site(node):
                sites[self._line(node)].append(Site(self.source, node))
        return sites

    def _is_site(self, site: ast.expr | ast.stmt | ast.excepthandler) -> bool:
        """Annotations, decorators and patterns are left alone, and so are the plain parts of an f-string."""
        node: ast.AST = site
        if isinstance(site, ast.Constant | ast.FormattedValue) and isinstance(
            self.source.parents[site][0], ast.JoinedStr
        ):
            return False
        while not isinstance(node, ast.stmt | ast.excepthandler | ast.Module):
            parent, field = self.source.parents[node]
            if field in _FIXED_FIELDS or isinstance(parent, ast.pattern | ast.match_case | ast.TypeAlias):
                return False
            if isinstance(node, ast.FormattedValue) and not self._is_where_it_says(site):
                return False
            node = parent
        return True

    def _is_where_it_says(self, site: ast.AST) -> bool:
        """Inside f-strings some versions of the parser are wrong about positions."""
        if not isinstance(site, ast.expr):
            return False
        start, end = self.source.span(site)
        parsed = parse_expression(self.source.text[start:end])
        return parsed is not None and fingerprint(parsed) == fingerprint(site)

    def _line(self, node: ast.expr | ast.stmt | ast.excepthandler) -> int:
        """The node's own line, or that of its statement where a continuation line has no coverage."""
        if node.lineno in self._covered or not isinstance(node, ast.expr):
            return node.lineno
        statement = self.source.statement(node)
        return statement.lineno if statement else node.lineno

    def scope(self, node: ast.AST) -> Scope:
        """The scope of the function around a node; the default values of a function belong to it, itself does not."""
        return self._scope_at(self.source.parents[node][0] if isinstance(node, FUNCTIONS) else node)

    def _scope_at(self, node: ast.AST) -> Scope:
        """The scope of the innermost function that a node is or lies in, else of the module."""
        while not isinstance(node, (*FUNCTIONS, ast.Module)):
            node = self.source.parents[node][0]
        known = self._scopes.get(node)
        if known is None:
            outer = None if isinstance(node, ast.Module) else self._scope_at(self.source.parents[node][0])
            seen = {} if isinstance(node, ast.Module) else self._kinds.get(node.name, {})
            known = self._scopes[node] = Scope(self.source, node, outer, self._others, seen)
        return known

    @cached_property
    def _core_sites(self) -> Mapping[ast.AST, list[Site]]:
        """The sites of the normal search by statement, and the statements by function."""
        found: dict[ast.AST, list[Site]] = defaultdict(list)
        for line in self.core:
            for site in self.sites.get(line, ()):
                for block in (False, True):
                    region = self.region(site, block=block)
                    if region and not (block and isinstance(site.node, ast.expr)):
                        found[region].append(site)
        return found

    def unremembered(self, site: Site, *, block: bool) -> list[Site]:
        """The sites whose normal replacements may be the same as one of this site's; none when asked again."""
        region = self.region(site, block=block)
        if region is None or (region, block) in self._remembered:
            return []
        self._remembered.add((region, block))
        return [other for other in self._core_sites.get(region, []) if self.region(other, block=block) is region]

    def region(self, site: Site, *, block: bool) -> ast.AST | None:
        """Where two replacements can make the same tree: the statement, or for edits of blocks the function."""
        return self.scope(site.node).function if block else self.source.statement(site.node)

    def accept(self, site: Site, replacement: Replacement) -> bool:
        """Whether a replacement parses, changes the tree, and makes none that was made before."""
        region = self.region(site, block=replacement.block)
        result = self._moved(region, replacement) if replacement.block else self._judged(region, replacement)
        return region is not None and result is not None and self._is_new(region, result)

    def _is_new(self, region: ast.AST, made: str) -> bool:
        """Whether a text or a tree of a region is there for the first time; digests stand for the many there are."""
        digest = blake2b(made.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        seen = self._seen[region]
        if digest in seen:
            return False
        seen.add(digest)
        return True

    def _moved(self, region: ast.AST | None, replacement: Replacement) -> str:
        """The text of the function after an edit of its blocks; whole statements in whole lines always parse."""
        text = self.source.text
        start, end = (0, len(text)) if not isinstance(region, ast.stmt) else self.source.span(region)
        return "\0" + _spliced(text, start, end, replacement)  # no text of a statement, nor a tree, begins like this

    def _judged(self, region: ast.AST | None, replacement: Replacement) -> str | None:
        """The tree of the statement after an edit; None where it does not parse or is the original's."""
        if not isinstance(region, ast.stmt | ast.excepthandler):
            return None
        unit, text = self.source.unit(region), self.source.text
        if region not in self._originals:
            whole = unit.prefix + text[unit.start : unit.end] + unit.suffix
            self._originals[region] = _parsed(whole) or ""
        edited = unit.prefix + _spliced(text, unit.start, unit.end, replacement) + unit.suffix
        if not self._is_new(region, edited):
            return None
        tree = _parsed(edited)
        return None if tree == self._originals[region] else tree


def _spliced(text: str, start: int, end: int, replacement: Replacement) -> str:
    parts: list[str] = []
    at = start
    for edit in replacement.edits:
        parts += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join([*parts, text[at:end]])


def _parsed(text: str) -> str | None:
    try:
        return fingerprint(parse(text))
    except (SyntaxError, ValueError, RecursionError):
        return None
