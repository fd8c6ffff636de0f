"""The modules that there are: those of the tree, and the standard library's."""

from __future__ import annotations

import ast
import re
import sys
import sysconfig
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache, cached_property
from pathlib import Path
from typing import NamedTuple

from buildpacks import RepoView
from planners.search.python.source import load

__all__ = ["Import", "Modules", "bound", "modules_near"]

_MOST_READ = 60
"""The most files of the tree that are parsed for one name."""

_SUFFIX = ".py"
_ALL = re.compile(r"^__all__\s*(?::[^=]*)?\+?=\s*[\[(](.*?)[\])]", re.MULTILINE | re.DOTALL)


_PUBLIC = re.compile(r"^(?:def|class) ([A-Za-z]\w*)", re.MULTILINE)


class Import(NamedTuple):
    """What binds a name: `from module import original as name`, or `import module` if there is no `original`."""

    module: str
    original: str
    name: str

    def __str__(self) -> str:
        if not self.original:
            return f"import {self.module}" + (f" as {self.name}" if self.name != self.module.partition(".")[0] else "")
        return f"from {self.module} import {self.original}" + (f" as {self.name}" if self.name != self.original else "")


class Modules:
    """The modules of one tree by their full names, as far as folders show them, and what they define."""

    def __init__(self, view: RepoView) -> None:
        self._view = view

    @cached_property
    def paths(self) -> dict[str, str]:
        """The file of each module of the tree."""
        files = frozenset(self._view.files())
        return {_dotted(path, files): path for path in sorted(files) if path.endswith(_SUFFIX)}

    def tree(self, path: str) -> ast.Module | None:
        """A file's syntax tree; None if there is no such file, or it does not parse."""
        source = load(path, self._view.read(path)) if self._view.exists(path) else None
        return source.tree if source else None

    def names(self, module: str) -> list[str]:
        """The names that a module binds; none if it is neither in the tree nor in the standard library."""
        if module in self.paths:
            tree = self.tree(self.paths[module])
            inside = f"{module}."
            below = [name[len(inside) :] for name in self.paths if name.startswith(inside)]
            return [*bound(tree), *(name for name in below if "." not in name)] if tree else below
        return list(_standard_names(module)) if module.partition(".")[0] in sys.stdlib_module_names else []

    def defines(self, module: str, name: str) -> bool:
        """Whether a module of the tree defines a name itself: what it imports is better taken from there."""
        tree = self.tree(self.paths[module]) if module in self.paths else None
        return tree is not None and name in _defined(tree)

    def beside(self, module: str) -> list[str]:
        """The full names of the modules in the same package, or of all that a tree can import from its top."""
        package, dot, _ = module.rpartition(".")
        if dot:
            return [name for name in self.paths if name.rpartition(".")[0] == package and name != module]
        tops = dict.fromkeys(name.partition(".")[0] for name in self.paths)
        return [name for name in (*tops, *sorted(sys.stdlib_module_names)) if name != module and name[0] != "_"]

    def importing(self, name: str, but: str) -> list[Import]:
        """How other files of the tree than `but` import a name, the commonest way first."""
        found: Counter[Import] = Counter()
        for path, tree in self._mentioning(
            name, rf"^[ \t]*(?:from|import)\b.*\b{re.escape(name)}\b|^[ \t]+{name},?$", but
        ):
            found.update(made for made in _imports(tree, path, self._module(path)) if made.name == name)
        return [made for made, _ in found.most_common()]

    def defining(self, name: str, but: str) -> list[str]:
        """The modules of the tree, other than in the file `but`, that define a name themselves."""
        pattern = rf"^(?:async def|def|class)\s+{re.escape(name)}\b|^{re.escape(name)}\b.*="
        return [self._module(path) for path, tree in self._mentioning(name, pattern, but) if name in _defined(tree)]

    def _module(self, path: str) -> str:
        return next((module for module, file in self.paths.items() if file == path), "")

    def _mentioning(self, name: str, pattern: str, but: str) -> Iterator[tuple[str, ast.Module]]:
        wanted, read = re.compile(pattern.encode(), re.MULTILINE), 0
        for path in self.paths.values():
            raw = self._view.read(path) if path != but else b""
            if name.encode() in raw and wanted.search(raw) and read < _MOST_READ and (tree := self.tree(path)):
                read += 1
                yield path, tree


def bound(tree: ast.Module) -> list[str]:
    """The names that the statements of a module bind, those in its conditions and `try` blocks too."""
    return list(dict.fromkeys(_bound(tree.body, lambda _: True)))


def modules_near(module: str, package: str) -> str:
    """A module's name as a relative import in a package has it; the full name if they share no package."""
    first, second = module.split("."), package.split(".") if package else []
    shared = next((at for at, pair in enumerate(zip(first, second, strict=False)) if pair[0] != pair[1]), len(second))
    shared = min(shared, len(first), len(second))
    return "." * (len(second) - shared + 1) + ".".join(first[shared:]) if shared else module


def standard_exporters(name: str) -> list[str]:
    """The modules of the standard library that have a name in `__all__`, or define it without one; short ones first."""
    found = [module for module, text in _standard_texts() if re.search(rf"['\"]{re.escape(name)}['\"]", text)]
    return sorted(found, key=lambda module: (module.count("."), len(module)))


def _dotted(path: str, files: frozenset[str]) -> str:
    """The full name of a module: its package begins below the topmost folder with an `__init__.py`."""
    *folders, name = path.removesuffix(_SUFFIX).split("/")
    parts = [] if name == "__init__" else [name]
    while folders and "/".join((*folders, "__init__.py")) in files:
        parts.insert(0, folders.pop())
    return ".".join(parts) or path


def _defined(tree: ast.Module) -> list[str]:
    return list(_bound(tree.body, lambda node: not isinstance(node, ast.Import | ast.ImportFrom)))


def _bound(body: list[ast.stmt], counts: Callable[[ast.stmt], bool]) -> Iterator[str]:
    for node in body:
        if counts(node):
            yield from _names_of(node)
        for field in ("body", "orelse", "finalbody"):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield from _bound(getattr(node, field, []), counts)
        for handler in getattr(node, "handlers", []):
            yield from _bound(handler.body, counts)


def _names_of(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from (alias.asname or alias.name.partition(".")[0] for alias in node.names if alias.name != "*")
    elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.For | ast.With):
        places = (part for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store))
        yield from (part.id for part in places)


def _imports(tree: ast.Module, path: str, module: str) -> Iterator[Import]:
    package = module if path.endswith("__init__.py") else module.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, "", alias.asname or alias.name.partition(".")[0])
        elif isinstance(node, ast.ImportFrom):
            place = full_name(node, package)
            yield from (Import(place, alias.name, alias.asname or alias.name) for alias in node.names)


def full_name(node: ast.ImportFrom, package: str) -> str:
    """The full name of the module that a statement in a package imports from."""
    if not node.level:
        return node.module or ""
    around = package.split(".")[: len(package.split(".")) - node.level + 1]
    return ".".join(filter(None, [*around, node.module or ""]))


@cache
def _standard_names(module: str) -> tuple[str, ...]:
    folder = Path(sysconfig.get_paths()["stdlib"], *module.split("."))
    for path in (folder.with_suffix(_SUFFIX), folder / "__init__.py"):
        if path.is_file():
            tree = ast.parse(path.read_bytes())
            return tuple(dict.fromkeys([*bound(tree), *_all_of_others(tree, module)]))
    # In C, and so part of the interpreter or a library beside it: nothing but names is made by importing it.
    if module in sys.builtin_module_names:
        return tuple(dir(__import__(module)))
    return ()


def _all_of_others(tree: ast.Module, module: str) -> Iterator[str]:
    """The names that a module of the standard library takes from others by `import *`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.names[0].name == "*" and not node.level and node.module != module:
            yield from _standard_names(node.module or "")


@cache
def _standard_texts() -> tuple[tuple[str, str], ...]:
    """The `__all__` of each module of the standard library as text, or what it defines if it has none."""
    folder = Path(sysconfig.get_paths()["stdlib"])
    texts = []
    for name in sorted(sys.stdlib_module_names):
        for path in (folder / f"{name}.py", folder / name / "__init__.py"):
            if name[0] != "_" and path.is_file():
                text = path.read_text("utf-8", "replace")
                listed = _ALL.findall(text) or [f"'{made}'" for made in _PUBLIC.findall(text)]
                texts.append((name, " ".join(listed)))
    return tuple(texts)
