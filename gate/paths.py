"""Paths as the gate sees them: what is wrong with a path, and which path of the base it collides with."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import cached_property, lru_cache

__all__ = ["BasePaths", "fold", "path_prefixes", "path_problem"]

_MAX_COMPONENT_BYTES = 255
_MAX_PATH_BYTES = 1024
_GIT_NAMES = frozenset({".git", ".gitattributes", ".gitconfig", ".gitmodules"})
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# The default-ignorable characters (Unicode 4.1, DerivedCoreProperties) of other categories: fillers and selectors.
_IGNORABLE = frozenset(map(chr, (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180F, 0x3164, 0xFFA0))) | frozenset(
    map(chr, (*range(0x180B, 0x180E), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))
)


@lru_cache(maxsize=4096)
def fold(path: str) -> str:
    """A form that is equal for paths that are the same file on a case-insensitive or normalizing file system.

    NFKC and casefold, twice (casefolding can undo normalization; Unicode 3.13, D145), without default-ignorable
    characters, which file systems such as HFS+ ignore when they compare names.
    """
    visible = "".join(character for character in path if not _hidden(character))
    once = unicodedata.normalize("NFKC", visible).casefold()
    return unicodedata.normalize("NFKC", once).casefold()


@lru_cache(maxsize=4096)
def path_problem(path: str) -> str | None:
    """Why `path` is not a plain relative path beneath the root, or None if it is."""
    if not path:
        return "the path is empty"
    if any(_hidden(character) for character in path):
        return "the path has control, invisible or unassigned characters"
    if path.startswith("/") or "\\" in path or path[1:2] == ":":
        return "the path is not relative with / between its parts"
    if len(path.encode()) > _MAX_PATH_BYTES:
        return f"the path is longer than {_MAX_PATH_BYTES} bytes"
    for part in path.split("/"):
        if part in {"", ".", ".."}:
            return f"the path has the part {part!r}"
        if len(part.encode()) > _MAX_COMPONENT_BYTES:
            return f"a part of the path is longer than {_MAX_COMPONENT_BYTES} bytes"
        if part != part.strip() or part.endswith("."):
            return "a part of the path begins or ends with a space, or ends with a dot"
        folded = fold(part)
        if folded in _GIT_NAMES or folded.startswith(("git~", ".git:")):
            return "the path names git's own files"
    return None


def _hidden(character: str) -> bool:
    """Whether a reader or a file system may not see a character of a path."""
    return unicodedata.category(character) in _HIDDEN_CATEGORIES or character in _IGNORABLE


class BasePaths:
    """The paths of a base tree: its regular files, which of them are executable, its symbolic links."""

    def __init__(self, files: Iterable[str], links: Iterable[str] = (), executables: Iterable[str] = ()) -> None:
        self.files = frozenset(files)
        self.links = frozenset(links)
        self.executables = frozenset(executables)

    @cached_property
    def folders(self) -> frozenset[str]:
        """Every non-empty folder."""
        return frozenset(prefix for path in self.files | self.links for prefix in path_prefixes(path)[:-1])

    @cached_property
    def _folded(self) -> dict[str, str]:
        folded: dict[str, str] = {}
        for path in sorted(self.files | self.links | self.folders):
            folded.setdefault(fold(path), path)
        return folded

    def collision(self, path: str) -> str | None:
        """A different base path (a file, a link or a folder) that folds to the same form as `path` or its parent."""
        for prefix in path_prefixes(path):
            known = self._folded.get(fold(prefix))
            if known is not None and known != prefix:
                return known
        return None

    def link_above(self, path: str) -> str | None:
        """The symbolic link that `path` is or passes through, if any."""
        return next((prefix for prefix in path_prefixes(path) if prefix in self.links), None)

    def file_above(self, path: str) -> str | None:
        """A regular file that `path` treats as a folder, if any."""
        return next((prefix for prefix in path_prefixes(path)[:-1] if prefix in self.files), None)


@lru_cache(maxsize=4096)
def path_prefixes(path: str) -> tuple[str, ...]:
    """A path and the folders above it, outermost first."""
    parts = path.split("/")
    return tuple("/".join(parts[: count + 1]) for count in range(len(parts)))
