"""A repair needs nothing that is not installed with the project."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from functools import lru_cache
from posixpath import basename

from gate.decision import Context, Denied, Rejection
from gate.languages.python import Kind, introduced
from gate.patch import Change
from gate.paths import BasePaths

__all__ = ["KnownImports", "NoLookAlikes", "forget_trees"]

# Of older Pythons, which projects may still support.
_FORMER = frozenset({
    "ConfigParser", "HTMLParser", "Queue", "StringIO", "__builtin__", "asynchat", "asyncore", "cPickle", "cStringIO",
    "commands", "cookielib", "distutils", "htmlentitydefs", "httplib", "imp", "smtpd", "thread", "urllib2", "urlparse",
})  # fmt: skip
_STANDARD = sys.stdlib_module_names | _FORMER
_IMPORTS = re.compile(rb"^[ \t]*(?:from[ \t]+([A-Za-z_]\w*)|import[ \t]+([\w., \t]+))", re.MULTILINE)
_DECLARING = re.compile(
    r"^(?:pyproject\.toml|setup\.(?:py|cfg)|Pipfile|tox\.ini|environment\.ya?ml|.*require.*\.(?:txt|in))$"
)
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9._-]*[A-Za-z0-9]")
# Packages whose modules have quite another name.
_OTHERWISE_NAMED = {
    "Crypto": ("pycryptodome",),
    "MySQLdb": ("mysqlclient",),
    "PIL": ("pillow",),
    "bs4": ("beautifulsoup4",),
    "cv2": ("opencv-python", "opencv-python-headless"),
    "git": ("gitpython",),
    "pkg_resources": ("setuptools",),
    "skimage": ("scikit-image",),
    "sklearn": ("scikit-learn",),
}
_LEAST_LETTERS = 4


class KnownImports:
    """Denies importing modules that are neither standard, nor the project's, nor used or declared in it already."""

    id = "dependencies.declared"
    incremental = False

    def check(self, change: Change, context: Context) -> Denied | None:
        for name, path in _unknown(change, context):
            reason = f"{path} newly imports {name}, which the project neither has, nor uses, nor declares"
            hint = "use the standard library, the project's own modules, or packages that it declares"
            return Denied(self.id, Rejection.INVARIANT, reason, hint)
        return None


class NoLookAlikes:
    """Denies importing an unknown module whose name is one letter away from that of a known one."""

    id = "dependencies.typosquat"
    incremental = False

    def check(self, change: Change, context: Context) -> Denied | None:
        for name, path in _unknown(change, context):
            known = _STANDARD | _used(context.base, context.read) | _own(context.base)
            known |= _declared_words(context.base, context.read)
            near = next((one for one in sorted(known) if _one_apart(name.lower(), one.lower())), None)
            if near and len(name) >= _LEAST_LETTERS:
                reason = f"{path} newly imports {name}, a letter away from {near}"
                return Denied(self.id, Rejection.INVARIANT, reason, f"import {near}, if that is what you mean")
        return None


def _unknown(change: Change, context: Context) -> list[tuple[str, str]]:
    """The modules that a change newly imports and that nothing in the project knows, each with a file that does."""
    found: list[tuple[str, str]] = []
    for construct, path in introduced(change, context).constructs:
        name = construct.name.partition(".")[0]
        if construct.kind is not Kind.IMPORT or name in _STANDARD:
            continue
        added = (stem for one, file in change.files.items() if file.after is not None for stem in _stems(one))
        if name in _own(context.base) or name in added or name in _used(context.base, context.read):
            continue
        if not _declared(name, context):
            found.append((name, path))
    return found


def forget_trees() -> None:
    """Let go of the trees that were looked through."""
    for remembered in (_own, _used, _declared_words):
        remembered.cache_clear()


@lru_cache(maxsize=4)
def _own(base: BasePaths) -> frozenset[str]:
    """The modules and packages of a tree, wherever they stand in it."""
    return frozenset(stem for path in base.files for stem in _stems(path))


def _stems(path: str) -> list[str]:
    *folders, name = path.split("/")
    return [*folders, name.partition(".")[0]] if name.endswith((".py", ".pyi", ".pyx", ".so")) else []


@lru_cache(maxsize=4)
def _used(base: BasePaths, read: Callable[[str], bytes]) -> frozenset[str]:
    """The modules that the sources and tests of a tree import. Made once, when something unknown is first imported."""
    found: set[bytes] = set()
    for path in base.files:
        if path.endswith((".py", ".pyi")):
            for module, modules in _IMPORTS.findall(read(path)):
                names = [module] if module else [one.split()[0] for one in modules.split(b",") if one.split()]
                found.update(name.partition(b".")[0] for name in names)
    return frozenset(name.decode("ascii", "replace") for name in found)


def _declared(name: str, context: Context) -> bool:
    """Whether the project declares a package that gives the module: of its name, or of one that is usual for it."""
    plain = name.lower()
    usual = {plain, f"{plain}s", f"py{plain}", f"python-{plain}", f"{plain}-python", *_OTHERWISE_NAMED.get(name, ())}
    return not _declared_words(context.base, context.read).isdisjoint(one.replace("_", "-") for one in usual)


@lru_cache(maxsize=4)
def _declared_words(base: BasePaths, read: Callable[[str], bytes]) -> frozenset[str]:
    """Every word of the files that declare dependencies, as package indexes write names."""
    files = (path for path in base.files if _DECLARING.match(basename(path)))
    words = (word for path in files for word in _WORD.findall(read(path).decode("utf-8", "replace")))
    return frozenset(re.sub(r"[-_.]+", "-", word).lower() for word in words)


def _one_apart(first: str, second: str) -> bool:
    """Whether two names differ by one letter: another one, one more, or two neighbours swapped."""
    if first == second or abs(len(first) - len(second)) > 1 or len(second) < _LEAST_LETTERS:
        return False
    if len(first) == len(second):
        differing = [at for at in range(len(first)) if first[at] != second[at]]
        swapped = len(differing) == 2 and differing[1] - differing[0] == 1
        return len(differing) == 1 or (
            swapped and first[differing[0]] == second[differing[1]] and first[differing[1]] == second[differing[0]]
        )
    longer, shorter = (first, second) if len(first) > len(second) else (second, first)
    return any(longer[:at] + longer[at + 1 :] == shorter for at in range(len(longer)))
