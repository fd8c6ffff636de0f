"""What the `tamper` rules forbid in Python: ways to pass tests without a repair."""

from __future__ import annotations

import re
import sys
from posixpath import basename

from gate.languages.api import Construct, Forbidden, Kind, Tree
from gate.languages.python.answers import PythonAnswers
from gate.languages.python.capabilities import REACH
from gate.languages.tables import DottedNames, Table
from gate.languages.texts import names_protected_file

__all__ = ["TAMPERING"]

_HELPERS = frozenset({
    "_testing", "_testutils", "test", "test_utils", "testing", "testlib", "testsuite", "testutil", "testutils",
})  # fmt: skip
_FRAMEWORKS = (
    "pytest", "_pytest", "pluggy", "iniconfig", "unittest", "unittest2", "nose", "nose2", "doctest", "hypothesis",
    "mock", "xdist", "pytest_asyncio", "pytest_cov", "rfsn_runner", "coverage",
)  # fmt: skip
# What programs may legitimately assign: redirected streams, their own arguments and hooks.
_ASSIGNABLE = DottedNames(
    "sys.stdout", "sys.stderr", "sys.stdin", "sys.argv", "sys.path", "sys.ps1", "sys.ps2", "sys.dont_write_bytecode",
    "os.environ",
)  # fmt: skip


class _Exits(Table):
    """A program's `__main__.py` may end the process as well."""

    def forbids(self, construct: Construct, path: str, modules: frozenset[str], tree: Tree) -> bool:
        if construct.kind is Kind.EXIT:
            return not path.endswith("__main__.py")
        return super().forbids(construct, path, modules, tree)


class _Frameworks(Table):
    """Test helpers, and the framework's own source, may use a framework."""

    def forbids(self, construct: Construct, path: str, modules: frozenset[str], tree: Tree) -> bool:
        if _is_helper(path):
            return False
        if construct.kind is Kind.DEFINE:
            hook = construct.name.startswith("pytest_") or construct.name in {"collect_ignore", "collect_ignore_glob"}
            return hook and not _is_own("_pytest", tree)
        if construct.kind is Kind.ATTRIBUTE:
            return construct.name in self.attributes
        module = self.uses.module_of(construct.name)
        if module is None or _is_own(module, tree):
            return False
        return super().forbids(construct, path, modules, tree)


class _Detection(Table):
    """Tests are no modules of the product. pytest's own source may name itself."""

    def forbids(self, construct: Construct, path: str, modules: frozenset[str], tree: Tree) -> bool:
        if construct.kind is Kind.IMPORT and construct.name not in modules and _is_of_tests(construct.name, tree):
            return True
        if construct.kind is Kind.TEXT:
            if names_protected_file(construct.name, tree, path):
                return True
            if _is_own("_pytest", tree):
                return False
        return super().forbids(construct, path, modules, tree)


class _Patches(Table):
    """Nothing may be assigned to modules of the standard library. Built-ins may be used, but not replaced."""

    def forbids(self, construct: Construct, path: str, modules: frozenset[str], tree: Tree) -> bool:
        match construct:
            case Construct(Kind.DEFINE, name):
                return name == "__builtins__"
            case Construct(Kind.COMPUTED, name):
                return name.startswith("through __")
            case Construct(Kind.STORE, name) if not _ASSIGNABLE.has(name):
                return name.partition(".")[0] in sys.stdlib_module_names
            case Construct(Kind.USE, name) if name.startswith("builtins."):
                return False
        return super().forbids(construct, path, modules, tree)


def _is_helper(path: str) -> bool:
    parts = path.split("/")
    return not _HELPERS.isdisjoint(parts[:-1]) or basename(path).removesuffix(".py") in _HELPERS


def _is_of_tests(module: str, tree: Tree) -> bool:
    """Whether a module is one of the tests, and none of the product has its name."""
    if module.partition(".")[0] in sys.stdlib_module_names:
        return False
    place = module.replace(".", "/")
    ends = (f"{place}.py", f"{place}/__init__.py")
    found = [path for path in tree.base.files if path in ends or path.endswith((f"/{ends[0]}", f"/{ends[1]}"))]
    return bool(found) and all(map(tree.protected, found))


def _is_own(module: str, tree: Tree) -> bool:
    """Whether a module is the project's own."""
    return not tree.base.folders.isdisjoint({module, f"src/{module}"})


TAMPERING: dict[str, Forbidden] = {
    "tamper.exits": _Exits(
        uses=REACH["exits"],
        attributes=frozenset({
            "_exit", "abort", "killpg", "raise_signal", "pthread_kill", "interrupt_main", "_run_exitfuncs",
        }),
    ),
    "tamper.frameworks": _Frameworks(
        uses=DottedNames(*(f"{name}.*" for name in _FRAMEWORKS)),
        attributes=frozenset({"__unittest_skip__", "__unittest_expecting_failure__", "pytestmark"}),
    ),
    "tamper.detection": _Detection(
        uses=REACH["introspection"],
        attributes=frozenset({
            "_getframe", "_getframemodulename", "_current_frames", "currentframe", "f_back", "f_locals", "f_globals",
            "f_code", "f_builtins", "gi_frame", "cr_frame", "ag_frame", "tb_frame", "getouterframes",
            "getinnerframes", "walk_stack", "extract_stack", "get_objects", "get_referrers", "get_referents",
            "print_stack", "format_stack", "get_stack", "findCaller", "cr_origin", "__closure__", "cell_contents",
        }),
        texts=re.compile(r"PYTEST_|_pytest\b|CURRENT_TEST|junit-?xml|JUNIT|/results/|rfsn", re.IGNORECASE),
    ),
    "tamper.interpreter": _Patches(
        uses=REACH["patching"],
        attributes=frozenset({
            "settrace", "setprofile", "addaudithook", "meta_path", "path_hooks", "path_importer_cache",
        }),
    ),
    "tamper.equality": Table(kinds=frozenset({Kind.ALWAYS, Kind.PARTIAL})),
    "tamper.answers": PythonAnswers((".py",)),
}  # fmt: skip
"""By rule id."""
