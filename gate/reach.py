"""How far the rules reach: which of them could say nothing about which source files of a change."""

from __future__ import annotations

from collections.abc import Iterable

from gate.decision import Context, LanguageRule, NotApplied
from gate.languages.api import Analyzer
from gate.languages.suffixes import is_source
from gate.patch import Change
from gate.sources import analyzer_of

__all__ = ["not_applied"]

_MAX_FILES = 20


def not_applied(change: Change, context: Context, rules: Iterable[LanguageRule]) -> tuple[NotApplied, ...]:
    """The rules that do not know the language of a file, for the source files that are new or changed.

    Protected and lifted files are left out: the first are denied, and for the second the user vouches. Each entry has
    at most 20 paths, in order, and the number of the others.
    """
    known, files = tuple(rules), dict[tuple[str, ...], list[str]]()
    for path in sorted(change.files):
        file = change.files[path]
        if file.after is None or file.after == file.before:
            continue
        analyzer = analyzer_of(path, context.analyzers)
        if analyzer is None and not is_source(path):
            continue
        silent = tuple(rule.id for rule in known if analyzer is None or not _reads(rule, analyzer))
        if silent and not context.protected(path) and not context.lifted(path):
            files.setdefault(silent, []).append(path)
    return tuple(
        NotApplied(silent, tuple(paths[:_MAX_FILES]), max(0, len(paths) - _MAX_FILES))
        for silent, paths in files.items()
    )


def _reads(rule: LanguageRule, analyzer: Analyzer) -> bool:
    """A rule that raises, or answers anything but True, is not applied."""
    try:
        answer: object = rule.reads(analyzer)
    except Exception:  # noqa: BLE001  # whatever a rule of a plugin raises
        return False
    return answer is True
