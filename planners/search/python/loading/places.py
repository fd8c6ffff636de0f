"""Where names are missing, and what can bring them: what the mends of names and of imports share."""

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
from planners.search.python.loading.modules import Import, Modules, full_name, modules_near, standard_exporters
from planners.search.python.loading.spelling import alike
from planners.search.python.loading.syntax import Mend
from planners.search.python.source import Source, load

__all__ = ["BUILTINS", "Found", "Place", "Places", "lacking", "stored", "stored_in"]

_IMPORTED = 0.95
_DEFINED = 0.9
_STANDARD = 0.85
"""How likely it is that an import is missing: one that other files have, of what the project or the language has."""

BUILTINS = (*dir(builtins), *keyword.kwlist)
_OF_MODULES = frozenset(
    {"__file__", "__name__", "__doc__", "__path__", "__package__", "__spec__", "__loader__", "__builtins__"}
)

type Found = tuple[Source, Mend]
"""A mend, with the file that it edits."""


class Place:
    """The file and line of a frame, and the statements there."""

    def __init__(self, frame: Frame, source: Source) -> None:
        self.source, self.line = source, frame.line

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """Every node of the innermost statements on the line; a decorator belongs to what it decorates."""
        statements = [
            node
            for node in self.source.parents
            if isinstance(node, ast.stmt) and _first_line(node) <= self.line <= (node.end_lineno or node.lineno)
        ]
        inner = max(statements, key=lambda node: (node.lineno, -(node.end_lineno or 0)), default=None)
        return list(ast.walk(inner)) if inner else []

    def of[Kind: ast.AST](self, kind: type[Kind]) -> list[Kind]:
        """The nodes of one class."""
        return [node for node in self.nodes if isinstance(node, kind)]


class Places:
    """The places of one failure, in one tree."""

    def __init__(self, failure: Failure, view: RepoView) -> None:
        self.failure, self.view, self.modules = failure, view, Modules(view)

    @cached_property
    def places(self) -> Sequence[Place]:
        """The places of the frames, the innermost first."""
        sources: dict[str, Source | None] = {}
        for path in dict.fromkeys(frame.path for frame in self.failure.frames):
            sources[path] = load(path, self.view.read(path)) if self.view.exists(path) else None
        frames = reversed(self.failure.frames)
        return [Place(frame, source) for frame in frames if (source := sources[frame.path])]

    def package(self, path: str) -> str:
        """The full name of the package that a file is in."""
        module = next((name for name, file in self.modules.paths.items() if file == path), "")
        return module if path.endswith("__init__.py") else module.rpartition(".")[0]

    def sources_of(self, name: str, path: str) -> Iterator[tuple[Import, float]]:
        """The imports that bind a name."""
        exporters = standard_exporters(name)
        for module in self._imported_from(path):
            if module in exporters or self.modules.defines(module, name):
                yield Import(module, name, name), _IMPORTED
        for made in self.modules.importing(name, path)[:3]:
            yield made, _IMPORTED
        if name in sys.stdlib_module_names:
            yield Import(name, "", name), _IMPORTED
        for module in self.modules.defining(name, path)[:3]:
            yield Import(module, name, name), _DEFINED
        for order, module in enumerate(exporters[:4]):
            yield Import(module, name, name), _STANDARD - order / 100

    def _imported_from(self, path: str) -> list[str]:
        """The modules that a file imports names from."""
        tree, package = self.modules.tree(path), self.package(path)
        nodes = tree.body if tree else []
        return list(dict.fromkeys(full_name(node, package) for node in nodes if isinstance(node, ast.ImportFrom)))

    def imported(self, source: Source, made: Import, weight: float) -> Mend:
        """An import added to those of a file, with whatever else of the same module the file uses and lacks.

        A statement that imports names of the module already gets those as well.
        """
        names = [made]
        if made.original:
            there = frozenset(self.modules.names(made.module))
            others = (name for name in lacking(source) if name != made.name and name in there)
            names += [Import(made.module, name, name) for name in others]
        for node in source.tree.body:
            same = isinstance(node, ast.ImportFrom) and full_name(node, self.package(source.path)) == made.module
            if made.original and same and isinstance(node, ast.ImportFrom) and node.names[-1].name != "*":
                last = node.names[-1]
                end = source.offset(last.end_lineno or last.lineno, last.end_col_offset or 0)
                more = "".join(f", {str(one).partition(' import ')[2]}" for one in names)
                return Mend("import", (TextEdit(end, end, more),), weight, node.lineno)
        module = made.module
        if made.original and any(isinstance(node, ast.ImportFrom) and node.level for node in source.tree.body):
            module = modules_near(made.module, self.package(source.path)) if module in self.modules.paths else module
        written = [str(Import(module, one.original, one.name)) for one in names]
        text = written[0] + "".join(f", {line.partition(' import ')[2]}" for line in written[1:])
        start = _after_imports(source, standard=made.module.partition(".")[0] in sys.stdlib_module_names)
        return Mend("import", (TextEdit(start, start, text + source.newline),), weight, source.line_of(start))

    def renamed(self, source: Source, name: str, others: Sequence[str]) -> Iterator[Found]:
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

    def file_of(self, module: str) -> Source | None:
        """The file of a module of the tree, if it parses."""
        path = self.modules.paths.get(module, "")
        return load(path, self.view.read(path)) if path else None


def _first_line(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min(node.lineno, *(decorator.lineno for decorator in decorators), node.lineno)


def _after_imports(source: Source, *, standard: bool) -> int:
    """Where an import is added: after the file's first imports, else after its documentation.

    One of the standard library comes after the others of it, if there are any.
    """
    last: ast.stmt | None = None
    inner: ast.stmt | None = None
    for place, node in enumerate(source.tree.body):
        documentation = not place and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not documentation and not isinstance(node, ast.Import | ast.ImportFrom):
            break
        last = node
        inner = node if _is_standard(node) else inner
    last = inner if standard and inner is not None else last
    if last is None:
        return source.span(source.tree.body[0])[0] if source.tree.body else 0
    line = last.end_lineno or last.lineno
    return source.line_starts[line] if line < len(source.line_starts) else len(source.text)


def _is_standard(node: ast.stmt) -> bool:
    """Whether a statement imports from the standard library."""
    if isinstance(node, ast.ImportFrom):
        return not node.level and (node.module or "").partition(".")[0] in sys.stdlib_module_names
    names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
    return bool(names) and all(name.partition(".")[0] in sys.stdlib_module_names for name in names)


def stored(source: Source) -> list[str]:
    """Every name that is bound anywhere in a file."""
    names: dict[str, None] = {}
    for node in source.parents:
        names.update(dict.fromkeys(stored_in(node)))
    return list(names)


def stored_in(node: ast.AST) -> Iterator[str]:
    """The names that a node binds itself."""
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


def lacking(source: Source, but: str = "") -> list[str]:
    """The names that a file reads and nothing in it binds, without one that it imports; none after `import *`."""
    known = {*stored(source), *BUILTINS, *_OF_MODULES} - {but}
    if "*" in known:
        return []
    read = (node.id for node in source.parents if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load))
    return [name for name in dict.fromkeys(read) if name not in known]
