"""Where Python's imports come from: the standard library, the project, and what the project uses or declares."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from posixpath import basename

from gate.languages.api import Tree
from gate.patch import Change
from gate.paths import BasePaths

__all__ = ["PythonPackages", "forget_trees"]

# From older Pythons, which projects may still support.
_FORMER = frozenset({
    "ConfigParser", "HTMLParser", "Queue", "StringIO", "__builtin__", "asynchat", "asyncore", "cPickle", "cStringIO",
    "_typeshed", "commands", "cookielib", "distutils", "htmlentitydefs", "httplib", "imp", "smtpd", "thread", "urllib2",
    "urlparse",
})  # fmt: skip
_STANDARD = sys.stdlib_module_names | _FORMER
_IMPORTS = re.compile(rb"^[ \t]*(?:from[ \t]+([A-Za-z_]\w*)|import[ \t]+([\w., \t]+))", re.MULTILINE)
_DECLARING = re.compile(
    r"^(?:pyproject\.toml|setup\.(?:py|cfg)|Pipfile|tox\.ini|environment\.ya?ml|.*require.*\.(?:txt|in))$"
)
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9._-]*[A-Za-z0-9]")
# Packages whose modules have a completely different name.
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


class PythonPackages:
    """A package is the first part of a module's name."""

    def unknown(self, module: str, change: Change, tree: Tree) -> str | None:
        """The package of a module; None if it is standard, or the project contains, uses, adds or declares it."""
        name = module.partition(".")[0]
        if name in _STANDARD:
            return None
        added = (stem for path, file in change.files.items() if file.after is not None for stem in _stems(path))
        if name in _own(tree.base) or name in added or name in _used(tree.base, tree.read):
            return None
        return None if _declared(name, tree, _words_of(_declaring(change))) else name

    def known(self, tree: Tree) -> frozenset[str]:
        """The names of all packages that are standard, or that the project contains, uses or declares."""
        known = _STANDARD | _used(tree.base, tree.read) | _own(tree.base)
        return known | _declared_words(tree.base, tree.read)


def forget_trees() -> None:
    """Clear the caches of trees that were searched."""
    for cached in (_own, _used, _declared_words):
        cached.cache_clear()


@lru_cache(maxsize=4)
def _own(base: BasePaths) -> frozenset[str]:
    """The modules and packages of a tree, wherever they are in it."""
    return frozenset(stem for path in base.files for stem in _stems(path))


def _stems(path: str) -> list[str]:
    *folders, name = path.split("/")
    return [*folders, name.partition(".")[0]] if name.endswith((".py", ".pyi", ".pyx", ".so")) else []


@lru_cache(maxsize=4)
def _used(base: BasePaths, read: Callable[[str], bytes]) -> frozenset[str]:
    """The modules that the sources and tests of a tree import, computed at the first unknown import."""
    used: set[bytes] = set()
    for path in base.files:
        if path.endswith((".py", ".pyi")):
            for module, modules in _IMPORTS.findall(read(path)):
                names = [module] if module else [part.split()[0] for part in modules.split(b",") if part.split()]
                used.update(name.partition(b".")[0] for name in names)
    return frozenset(name.decode("ascii", "replace") for name in used)


def _declared(name: str, tree: Tree, added: frozenset[str]) -> bool:
    """Whether the project declares a package for the module: one of the same name, or of a usual variant.

    What the change itself declares (`added`) counts: where that is not allowed, the change is denied for it.
    """
    plain = name.lower()
    usual = {plain, f"{plain}s", f"py{plain}", f"python-{plain}", f"{plain}-python", *_OTHERWISE_NAMED.get(name, ())}
    words = _declared_words(tree.base, tree.read) | added
    return not words.isdisjoint(variant.replace("_", "-") for variant in usual)


@lru_cache(maxsize=4)
def _declared_words(base: BasePaths, read: Callable[[str], bytes]) -> frozenset[str]:
    """Every word of the files that declare dependencies, normalized as in package indexes."""
    return _words_of(read(path) for path in base.files if _DECLARING.match(basename(path)))


def _declaring(change: Change) -> Iterator[bytes]:
    files = ((path, file.after) for path, file in change.files.items() if file.after is not None)
    return (content for path, content in files if _DECLARING.match(basename(path)))


def _words_of(contents: Iterable[bytes]) -> frozenset[str]:
    words = (word for content in contents for word in _WORD.findall(content.decode("utf-8", "replace")))
    return frozenset(re.sub(r"[-_.]+", "-", word).lower() for word in words)
