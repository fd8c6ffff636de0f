"""What the search has no language for, by name, so that it can say so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from planners.search.language import Language
from planners.search.registry import language_of

__all__ = ["unknown_languages"]

_NAMES: Mapping[str, tuple[str, ...]] = {
    "C": (".c", ".h"),
    "C#": (".cs",),
    "C++": (".cc", ".cpp", ".cxx", ".hh", ".hpp", ".hxx"),
    "Go": (".go",),
    "Java": (".java",),
    "JavaScript": (".js", ".cjs", ".mjs", ".jsx"),
    "Kotlin": (".kt", ".kts"),
    "Rust": (".rs",),
    "TypeScript": (".ts", ".cts", ".mts", ".tsx"),
}


def unknown_languages(paths: Iterable[str], languages: Mapping[str, Language]) -> tuple[str, ...]:
    """The languages of these files that the search knows nothing of, by name, sorted."""
    unknown = {PurePosixPath(path).suffix for path in paths if language_of(path, languages) is None}
    return tuple(name for name, suffixes in _NAMES.items() if not unknown.isdisjoint(suffixes))
