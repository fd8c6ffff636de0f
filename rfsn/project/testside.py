"""What belongs to the tests of a tree besides what patterns say: seen in a run of the base.

The product is what tests import: by that alone, nothing becomes theirs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from posixpath import basename, dirname

from buildpacks import RepoView, Touched
from gate.languages.suffixes import is_source

__all__ = ["TestSide", "test_side"]

_PACKAGING = ("pyproject.toml", "setup.cfg", "setup.py")
_RUNNER_SETTINGS = re.compile(rb"^\[(?:tool[.:])?pytest.*?(?=^\[|\Z)", re.MULTILINE | re.DOTALL)
_OF_TESTS = re.compile(
    rb"^[ \t]*(?:from|import)[ \t]+(?:_?pytest|unittest|hypothesis|nose)\b|^[ \t]*def[ \t]+assert(?:_|[A-Z])",
    re.MULTILINE,
)
_WORD = re.compile(r"[A-Za-z0-9]+")


@dataclass(frozen=True, slots=True)
class TestSide:
    """The files that a run showed to be the tests' own, and the folders that have nothing else."""

    files: frozenset[str] = frozenset()
    folders: tuple[str, ...] = ()

    def __contains__(self, path: str) -> bool:
        """Whether a path, which may be new, belongs to the tests."""
        return path in self.files or path.startswith(self.folders)


def test_side(view: RepoView, is_test: Callable[[str], bool], touched: Touched) -> TestSide:
    """The files of the tests, in a tree whose patterns know some (`is_test`), by what a run of it touched.

    They are the files whose tests ran; modules that only these import, from a folder of tests or with a test
    framework in them; modules that `pytest_plugins` names; and the files that such code opens, existing or not. Source
    files are not opened in this sense if they lie in a folder with product code.
    """
    return _Seen(view, is_test, touched).side()


@dataclass
class _Seen:
    view: RepoView
    is_test: Callable[[str], bool]
    touched: Touched
    code: set[str] = field(default_factory=set)

    def side(self) -> TestSide:
        touched = self.touched
        self.code = set(touched.collected)
        self.code |= {path for path in touched.plugins if not self._is_product(path)}
        # In the order of the run: what is imported comes before what it imports.
        for path, by in touched.imported:
            if self._is_theirs(by) and not self._is_theirs(path) and self._helps(path) and not self._is_product(path):
                self.code.add(path)
        product = {dirname(path) for path, _ in touched.imported if not self._is_theirs(path)}
        opened = {path for path, by in touched.opened if self._is_theirs(by)}
        data = {path for path in opened if not is_source(path) or dirname(path) not in product}
        shared = {path for path, by in touched.opened if not self._is_theirs(by)}
        files = frozenset(path for path in self.code | data if not self.is_test(path))
        return TestSide(files, tuple(sorted({*self._folders_of(data, shared), *self._folders_of_code()})))

    def _is_theirs(self, path: str) -> bool:
        return path in self.code or self.is_test(path)

    def _helps(self, path: str) -> bool:
        """Whether a module that tests import is one of theirs, if nothing else imports it."""
        return self._is_for_tests(dirname(path)) or (
            self.view.exists(path) and bool(_OF_TESTS.search(self.view.read(path)))
        )

    def _is_for_tests(self, folder: str) -> bool:
        """Whether a folder has tests of a product that lies elsewhere, and not much besides."""
        if not folder:
            return False
        inside = [path for path in self._sources() if path.startswith(f"{folder}/")]
        tests = [path for path in inside if path in self.touched.collected]
        others = [path for path in inside if not self._is_theirs(path) and basename(path) != "__init__.py"]
        named = {word for path in tests for word in _WORD.findall(basename(path).removesuffix(".py").replace("_", " "))}
        elsewhere = any(
            by.startswith(f"{folder}/") and not path.startswith(f"{folder}/") and not self.is_test(path)
            for path, by in self.touched.imported
        )
        few = len(tests) >= len(others) or not self.view.exists(f"{folder}/__init__.py")
        fitting = few and named.isdisjoint(basename(path).removesuffix(".py") for path in others)
        return bool(tests) and elsewhere and fitting

    def _is_product(self, path: str) -> bool:
        """Whether what is installed has this module, or code that does not belong to the tests imports it."""
        place = path.removesuffix(".py").removesuffix("/__init__")
        top = re.escape(place.removeprefix("src/").partition("/")[0]).encode()
        packaged = re.compile(rb"(?:[\"']|=[ \t]*|^[ \t]+)(?:src/)?" + top + rb"(?=[\"'.:/\s]|\Z)", re.MULTILINE)
        texts = (_RUNNER_SETTINGS.sub(b"", self.view.read(name)) for name in _PACKAGING if self.view.exists(name))
        if any(packaged.search(text) for text in texts):
            return True
        name = re.escape(basename(place)).encode()
        imports = re.compile(rb"^[ \t]*(?:from|import)\b[^\n]*\b" + name + rb"\b", re.MULTILINE)
        others = (other for other in self._sources() if other != path and not self._is_theirs(other))
        return any(imports.search(self.view.read(other)) for other in others)

    def _sources(self) -> Iterator[str]:
        return (path for path in self.view.files() if path.endswith(".py"))

    def _folders_of(self, data: Iterable[str], shared: set[str]) -> Iterator[str]:
        """The folders of data that are the tests' alone: without source code, and nobody else opens a file in them."""
        for folder in {dirname(path) for path in data if not self.is_test(path)} - {""}:
            prefix = f"{folder}/"
            inside = [path for path in self.view.files() if path.startswith(prefix)]
            if (
                inside
                and not any(is_source(path) for path in inside if path not in data)
                and not any(path.startswith(prefix) for path in shared)
            ):
                yield prefix

    def _folders_of_code(self) -> Iterator[str]:
        """The folders of tests, with the modules in them, that no pattern knows."""
        for folder in {dirname(path) for path in self.code if not self.is_test(path)} - {""}:
            if self._is_for_tests(folder) and all(
                self._is_theirs(path) or basename(path) == "__init__.py"
                for path in self._sources()
                if path.startswith(f"{folder}/")
            ):
                yield f"{folder}/"
