"""What a change newly introduces in source code: the constructs of a language's files after it, minus those before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from gate.decision import Context
from gate.languages.api import Analyzer, Construct, Kind
from gate.patch import Change, FileChange

__all__ = ["Introduced", "analyzer_of", "introduced"]

_cached: WeakKeyDictionary[Change, tuple[Context, tuple[Introduced, ...]]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Introduced:
    """The constructs that a change introduces in one language, each with its file.

    `modules` are those that each file imported before. `unparsed` are the files that do not parse after the change,
    although they parsed before or are new. `removed_tests` are tests that product files lost.
    """

    analyzer: Analyzer
    constructs: tuple[tuple[Construct, str], ...]
    modules: Mapping[str, frozenset[str]]
    unparsed: tuple[str, ...]
    removed_tests: tuple[tuple[Construct, str], ...] = ()


def introduced(change: Change, context: Context) -> tuple[Introduced, ...]:
    """What a change introduces in product code, by language: in files that are neither protected nor lifted.

    Code that moves from one file to another of the same language is not new; in Python, only whole statements
    move. The answer is cached for as long as the change exists.
    """
    known = _cached.get(change)
    if known is None or known[0] is not context:
        known = _cached[change] = (context, _introduced(change, context))
    return known[1]


def _introduced(change: Change, context: Context) -> tuple[Introduced, ...]:
    read = [
        (path, file, analyzer)
        for path, file in change.files.items()
        if (analyzer := analyzer_of(path, context.analyzers))
        and not context.protected(path)
        and not context.lifted(path)
    ]
    by_analyzer = (
        (analyzer, {path: file for path, file, reader in read if reader is analyzer}) for analyzer in context.analyzers
    )
    return tuple(_of(analyzer, files) for analyzer, files in by_analyzer if files)


def analyzer_of(path: str, analyzers: Sequence[Analyzer]) -> Analyzer | None:
    """The analyzer that reads a file, if any."""
    return next((analyzer for analyzer in analyzers if path.endswith(analyzer.suffixes)), None)


def _of(analyzer: Analyzer, files: Mapping[str, FileChange]) -> Introduced:
    known = {path: analyzer.compare(file) for path, file in files.items()}
    compared = {path: one for path, one in known.items() if one is not None}
    left = sum((one.left for one in compared.values()), Counter[str]())
    before: Counter[Construct] = Counter()
    after: Counter[Construct] = Counter()
    where: dict[Construct, str] = {}
    had: dict[Construct, str] = {}
    for path, one in compared.items():
        new = one.after - one.before
        if one.came is None:
            before.update(one.before)
            after.update(one.after)
        else:
            after.update(new - _moved(one.came, left))
        where |= dict.fromkeys(new.keys() - where.keys(), path)
        had |= dict.fromkeys((construct for construct in one.before if construct.kind is Kind.TEST), path)
    fresh, lost = after - before, before - after if had else Counter[Construct]()
    return Introduced(
        analyzer,
        tuple((construct, where[construct]) for construct in fresh),
        {path: one.modules for path, one in compared.items()},
        tuple(path for path, one in known.items() if one is None),
        tuple((construct, had[construct]) for construct in lost if construct.kind is Kind.TEST),
    )


def _moved(came: Sequence[tuple[str, Counter[Construct]]], left: Counter[str]) -> Counter[Construct]:
    """The constructs of whole statements that came, as they were, from where they left; each leaves once."""
    moved: Counter[Construct] = Counter()
    for text, constructs in came:
        if left[text] > 0:
            left[text] -= 1
            moved.update(constructs)
    return moved
