"""How far the rules reach: which rules could not be applied to which source files of a change."""

from __future__ import annotations

from collections.abc import Iterable

from gate.decision import Context, LanguageRule, NotApplied
from gate.languages.api import Analyzer
from gate.languages.suffixes import is_source
from gate.patch import Change
from gate.sources import analyzer_of

__all__ = ["Reach"]

_MAX_FILES = 20


class Reach:
    """Knows which languages a set of rules can read."""

    def __init__(self, rules: Iterable[LanguageRule]) -> None:
        self._rules = tuple(rules)
        self._all = tuple(rule.id for rule in self._rules)
        self._silent: dict[int, tuple[Analyzer, tuple[str, ...]]] = {}  # by identity: an analyzer need not be hashable

    def not_applied(self, change: Change, context: Context) -> tuple[NotApplied, ...]:
        """The rules that do not know the language of a file, for all new or changed source files.

        Protected and lifted files are left out: the former are denied, and the user vouches for the latter. Each entry
        has at most 20 paths, in order, and the number of the others.
        """
        files: dict[tuple[str, ...], list[str]] = {}
        for path in sorted(change.files):
            file = change.files[path]
            if file.after is None or file.after == file.before:
                continue
            silent = self._silent_about(path, context)
            if silent and not context.protected(path) and not context.lifted(path):
                files.setdefault(silent, []).append(path)
        return tuple(
            NotApplied(silent, tuple(paths[:_MAX_FILES]), max(0, len(paths) - _MAX_FILES))
            for silent, paths in files.items()
        )

    def _silent_about(self, path: str, context: Context) -> tuple[str, ...]:
        analyzer = analyzer_of(path, context.analyzers)
        if analyzer is None:
            return self._all if is_source(path) else ()
        known = self._silent.get(id(analyzer))
        if known is None:
            silent = tuple(rule.id for rule in self._rules if not _reads(rule, analyzer))
            known = self._silent[id(analyzer)] = (analyzer, silent)
        return known[1]


def _reads(rule: LanguageRule, analyzer: Analyzer) -> bool:
    """Whether a rule reads an analyzer's files; one that raises, or returns anything but True, does not."""
    try:
        answer: object = rule.reads(analyzer)
    except Exception:  # noqa: BLE001  # a plugin's rule may raise anything
        return False
    return answer is True
