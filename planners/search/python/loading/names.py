"""Mends of names that nobody defines: a misspelt name, an import that is missing, or one of what is not there."""

from __future__ import annotations

import ast
import builtins
import keyword
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property

from buildpacks import Frame, RepoView
from planners.search.language import TextEdit
from planners.search.python.loading.failure import Failure
from planners.search.python.loading.modules import Import, Modules, bound, full_name, modules_near, standard_exporters
from planners.search.python.loading.spelling import alike
from planners.search.python.loading.syntax import Mend
from planners.search.python.source import Source, load

__all__ = ["name_mends"]

_IMPORTED = 0.95
_DEFINED = 0.9
_STANDARD = 0.85
"""How likely it is that an import is missing: one that other files have, of what the project or the language has."""

_NOT_IN_MODULE = r"cannot import name '?(\w+)'?(?: from (?:partially initialized module )?'([\w.]+)')?"
_BUILTINS = (*dir(builtins), *keyword.kwlist)
_OF_MODULES = frozenset(
    {"__file__", "__name__", "__doc__", "__path__", "__package__", "__spec__", "__loader__", "__builtins__"}
)
_LITERALS = ast.Constant | ast.Tuple | ast.List | ast.Dict | ast.Set | ast.JoinedStr | ast.Call

type Found = tuple[Source, Mend]


def name_mends(failure: Failure, view: RepoView) -> list[Found]:
    """The mends of one failure, likeliest first, each with the file that it edits."""
    return sorted(_Names(failure, view).mends(), key=lambda found: -found[1].weight)


class _Place:
    """The file and line of a frame, and the statements there."""

    def __init__(self, frame: Frame, source: Source) -> None:
        self.source, self.line = source, frame.line

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """Every node of the innermost statements on the line."""
        statements = [
            node
            for node in self.source.parents
            if isinstance(node, ast.stmt) and node.lineno <= self.line <= (node.end_lineno or node.lineno)
        ]
        inner = max(statements, key=lambda node: (node.lineno, -(node.end_lineno or 0)), default=None)
        return list(ast.walk(inner)) if inner else []

    def of(self, kind: type[ast.AST]) -> list[ast.AST]:
        """The nodes of one class."""
        return [node for node in self.nodes if isinstance(node, kind)]


class _Names:
    """The mends of one failure."""

    def __init__(self, failure: Failure, view: RepoView) -> None:
        self._failure, self._view, self._modules = failure, view, Modules(view)

    def mends(self) -> Iterator[Found]:
        """All of them, in no order."""
        failure = self._failure
        if match := failure.match(r"name '(\w+)' is not defined"):
            yield from self._undefined(match[1])
        elif match := failure.match(_NOT_IN_MODULE):
            yield from self._not_in_module(match[1], match[2] or "")
        elif match := failure.match(r"No module named '?([\w.]+)'?"):
            yield from self._no_module(match[1])
        elif failure.kind == "ImportError" and "relative import" in failure.said:
            yield from self._levels()
        elif match := failure.match(r"(?:partially initialized )?module '([\w.]+)' has no attribute '(\w+)'"):
            yield from self._no_attribute(match[2], self._modules.names(match[1]), match[1])
        elif match := failure.match(r"(?:type object )?'(\w+)'(?: object)? has no attribute '(\w+)'"):
            yield from self._no_attribute(match[2], self._members(match[1]))
        elif failure.kind == "TypeError" and re.search(r"not callable|not subscriptable|indices must be", failure.said):
            yield from self._commas()

    @cached_property
    def _places(self) -> Sequence[_Place]:
        """The places of the frames, the innermost first."""
        sources: dict[str, Source | None] = {}
        for path in dict.fromkeys(frame.path for frame in self._failure.frames):
            sources[path] = load(path, self._view.read(path)) if self._view.exists(path) else None
        frames = reversed(self._failure.frames)
        return [_Place(frame, source) for frame in frames if (source := sources[frame.path])]

    def _replaced(self, place: _Place, node: ast.expr, text: str, weight: float, kind: str) -> Found:
        start, end = place.source.span(node)
        return place.source, Mend(kind, (TextEdit(start, end, text),), weight, node.lineno)

    # Names

    def _undefined(self, name: str) -> Iterator[Found]:
        place = next(iter(self._places), None)
        if place is None:
            return
        source = place.source
        known = [*_stored(source), *_BUILTINS]
        uses = [node for node in place.of(ast.Name) if isinstance(node, ast.Name) and node.id == name]
        for other, close in alike(name, known):
            for node in uses[:1]:
                yield self._replaced(place, node, other, close * 0.9, "name")
        yield from self._renamed(source, name, bound(source.tree))
        for made, weight in self._sources_of(name, source.path):
            yield source, self._imported(source, made, weight)

    def _sources_of(self, name: str, path: str) -> Iterator[tuple[Import, float]]:
        """The imports that bind a name."""
        for made in self._modules.importing(name, path)[:3]:
            yield made, _IMPORTED
        if name in sys.stdlib_module_names:
            yield Import(name, "", name), _IMPORTED
        for module in self._modules.defining(name, path)[:3]:
            yield Import(module, name, name), _DEFINED
        for order, module in enumerate(standard_exporters(name)[:4]):
            yield Import(module, name, name), _STANDARD - order / 100

    def _imported(self, source: Source, made: Import, weight: float) -> Mend:
        """An import added to those of a file, with whatever else of the same module the file uses and lacks."""
        names = [made]
        if made.original:
            there = frozenset(self._modules.names(made.module))
            others = (name for name in _lacking(source) if name != made.name and name in there)
            names += [Import(made.module, name, name) for name in others]
        module = made.module
        if made.original and any(isinstance(node, ast.ImportFrom) and node.level for node in source.tree.body):
            module = modules_near(made.module, self._package(source.path)) if module in self._modules.paths else module
        written = [str(Import(module, one.original, one.name)) for one in names]
        text = written[0] + "".join(f", {line.partition(' import ')[2]}" for line in written[1:])
        start = _after_imports(source)
        return Mend("import", (TextEdit(start, start, text + source.newline),), weight, source.line_of(start))

    def _renamed(self, source: Source, name: str, others: Sequence[str]) -> Iterator[Found]:
        """A definition that nothing uses under its own name gets the name that is used."""
        uses = Counter(node.id for node in source.parents if isinstance(node, ast.Name))
        for other, close in alike(name, others):
            for node in source.tree.body:
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name == other:
                    place = re.compile(rf"\b{other}\b").search(source.text, source.span(node)[0])
                    if place and not uses[other]:  # Python writes some names in more than one way
                        edit = TextEdit(place.start(), place.end(), name)
                        yield source, Mend("definition", (edit,), close * 0.8, node.lineno)
                elif isinstance(node, ast.Assign) and uses[other] == 1:
                    for target in node.targets:
                        if isinstance(target, ast.Name) and target.id == other:
                            edit = TextEdit(*source.span(target), name)
                            yield source, Mend("definition", (edit,), close * 0.8, node.lineno)

    # Imports

    def _not_in_module(self, name: str, module: str) -> Iterator[Found]:
        found = self._import_of(name)
        if found is None:
            return
        place, node, alias = found
        source, package = place.source, self._package(place.source.path)
        module = module or full_name(node, package)
        lacking = [] if alias.asname else _lacking(source, but=name)
        there = self._modules.names(module)
        for other, close in alike(name, dict.fromkeys([*lacking, *there])):
            likely = close + (0.5 if other in lacking else 0.0)
            if not there or other in there:
                yield source, _alias_renamed(source, alias, other, likely)
        if module in self._modules.paths:
            path = self._modules.paths[module]
            if (own := load(path, self._view.read(path))) is not None:
                yield from self._renamed(own, name, bound(own.tree))
                for made, weight in self._sources_of(name, path):
                    if made.module != module:
                        yield own, self._imported(own, made, weight * 0.7)
        if len(node.names) == 1:
            for made, weight in self._sources_of(name, source.path):
                if made.module != module and made.original:
                    yield source, self._from_elsewhere(source, node, made.module, weight)

    def _import_of(self, name: str) -> tuple[_Place, ast.ImportFrom, ast.alias] | None:
        for place in self._places:
            for node in place.of(ast.ImportFrom):
                assert isinstance(node, ast.ImportFrom)
                for alias in node.names:
                    if alias.name == name:
                        return place, node, alias
        return None

    def _no_module(self, missing: str) -> Iterator[Found]:
        last = missing.rpartition(".")[2]
        for place in self._places:
            statements = [*place.of(ast.Import), *place.of(ast.ImportFrom)]
            for node in statements:
                assert isinstance(node, ast.Import | ast.ImportFrom)
                yield from self._other_modules(place.source, node, missing, last)
            if statements:
                return

    def _other_modules(
        self, source: Source, node: ast.Import | ast.ImportFrom, missing: str, last: str
    ) -> Iterator[Found]:
        start, end = source.span(node)
        text = source.text[start:end]
        head = text.partition(" import ")[0] if isinstance(node, ast.ImportFrom) else text
        wanted = frozenset(alias.name for alias in node.names) if isinstance(node, ast.ImportFrom) else frozenset()
        if (token := re.search(rf"(?<!\w){re.escape(last)}(?!\w)", head)) is None:
            return
        beside = {name.rpartition(".")[2]: name for name in self._modules.beside(missing)}
        for other, close in alike(last, beside):
            fits = bool(wanted) and wanted.issubset(self._modules.names(beside[other]))
            edit = TextEdit(start + token.start(), start + token.end(), other)
            yield source, Mend("module", (edit,), close + 0.3 * fits, node.lineno)
        if isinstance(node, ast.ImportFrom):
            same = [name for name in self._modules.paths if name.rpartition(".")[2] == last and name != missing]
            others = [module for name in wanted for module in self._modules.defining(name, source.path)]
            for module in dict.fromkeys([*same, *others]):
                fits = wanted.issubset(self._modules.names(module))
                yield source, self._from_elsewhere(source, node, module, 0.9 if fits else 0.4)

    def _from_elsewhere(self, source: Source, node: ast.ImportFrom, module: str, weight: float) -> Mend:
        """The same names from another module."""
        start, end = source.span(node)
        place = re.compile(r"from\s+([\w.]+)\s+import\b").match(source.text, start, end)
        near = modules_near(module, self._package(source.path)) if node.level else module
        edits = (TextEdit(place.start(1), place.end(1), near),) if place else ()
        return Mend("module", edits, weight, node.lineno)

    def _levels(self) -> Iterator[Found]:
        """Relative imports from one package more, or less."""
        for place in self._places:
            for node in place.of(ast.ImportFrom):
                assert isinstance(node, ast.ImportFrom)
                start, _ = place.source.span(node)
                dots = re.compile(r"from\s+(\.+)").match(place.source.text, start)
                if dots and len(dots[1]) > 1:
                    edit = TextEdit(dots.start(1), dots.start(1) + 1, "")
                    yield place.source, Mend("module", (edit,), 0.9, node.lineno)

    def _package(self, path: str) -> str:
        module = next((name for name, file in self._modules.paths.items() if file == path), "")
        return module if path.endswith("__init__.py") else module.rpartition(".")[0]

    # Attributes, and what follows a literal

    def _no_attribute(self, name: str, members: Sequence[str], module: str = "") -> Iterator[Found]:
        for place in self._places:
            used = [node for node in place.of(ast.Attribute) if isinstance(node, ast.Attribute) and node.attr == name]
            for node in used[:1]:
                _, end = place.source.span(node)
                start = end - len(name)
                for other, close in alike(name, members) if place.source.text[start:end] == name else ():
                    yield place.source, Mend("attribute", (TextEdit(start, end, other),), close, node.lineno)
            if used:
                break
        if module in self._modules.paths:
            path = self._modules.paths[module]
            if (own := load(path, self._view.read(path))) is not None:
                yield from self._renamed(own, name, bound(own.tree))
                for made, weight in self._sources_of(name, path):
                    yield own, self._imported(own, made, weight * 0.7)

    def _members(self, kind: str) -> list[str]:
        """The attributes that files near the fault have for objects of a class: its own, then all others."""
        own: list[str] = []
        others: list[str] = []
        for source in dict.fromkeys(place.source for place in self._places):
            for node in source.parents:
                if isinstance(node, ast.ClassDef):
                    names = [part.name for part in node.body if isinstance(part, ast.FunctionDef)]
                    names += [name for part in node.body for name in _stored_in(part)]
                    (own if node.name == kind else others).extend(names)
                elif isinstance(node, ast.Attribute):
                    others.append(node.attr)
        return [*own, *others, *dir(getattr(builtins, kind, None))]

    def _commas(self) -> Iterator[Found]:
        """A comma between two entries, where Python takes the second for a call or an index of the first."""
        for place in self._places[:1]:
            for node in place.nodes:
                if not isinstance(node, ast.Call | ast.Subscript):
                    continue
                first = node.func if isinstance(node, ast.Call) else node.value
                if isinstance(first, _LITERALS):
                    _, end = place.source.span(first)
                    across = "\n" in place.source.text[end : place.source.span(node)[1]]
                    weight = 0.9 if across else 0.5
                    yield place.source, Mend("comma", (TextEdit(end, end, ","),), weight, first.lineno)


def _alias_renamed(source: Source, alias: ast.alias, other: str, weight: float) -> Mend:
    start = source.offset(alias.lineno, alias.col_offset)
    return Mend("import", (TextEdit(start, start + len(alias.name), other),), weight, alias.lineno)


def _after_imports(source: Source) -> int:
    """Where an import is added: after the file's first imports, else after its documentation."""
    last: ast.stmt | None = None
    for place, node in enumerate(source.tree.body):
        documentation = not place and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not documentation and not isinstance(node, ast.Import | ast.ImportFrom):
            break
        last = node
    if last is None:
        return source.span(source.tree.body[0])[0] if source.tree.body else 0
    line = last.end_lineno or last.lineno
    return source.line_starts[line] if line < len(source.line_starts) else len(source.text)


def _stored(source: Source) -> list[str]:
    """Every name that is bound anywhere in a file."""
    names: dict[str, None] = {}
    for node in source.parents:
        names.update(dict.fromkeys(_stored_in(node)))
    return list(names)


def _stored_in(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.ExceptHandler(name=str() as name):
            yield name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.arg(arg=name) | ast.alias(asname=str() as name):
            yield name
        case ast.alias(name=name):
            yield name.partition(".")[0]
        case ast.Global(names=names) | ast.Nonlocal(names=names):
            yield from names
        case ast.MatchAs(name=str() as name) | ast.MatchStar(name=str() as name) | ast.MatchMapping(rest=str() as name):
            yield name
        case ast.Assign(targets=targets):
            yield from (target.id for target in targets if isinstance(target, ast.Name))


def _lacking(source: Source, but: str = "") -> list[str]:
    """The names that a file reads and nothing in it binds, without one that it imports; none after `import *`."""
    known = {*_stored(source), *_BUILTINS, *_OF_MODULES} - {but}
    if "*" in known:
        return []
    read = (node.id for node in source.parents if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load))
    return [name for name in dict.fromkeys(read) if name not in known]
