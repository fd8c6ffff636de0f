"""Which tests a repair is about: those that fail every time."""

from __future__ import annotations

from collections.abc import Collection

from buildpacks import Outcome, SuiteReport

__all__ = ["named", "repeated", "stable_failures"]


def repeated(baseline: SuiteReport) -> tuple[str, ...]:
    """The failing tests worth a second run; of those over their limit only the first: each costs its whole limit."""
    hanging = [case.id for case in baseline.cases if case.outcome is Outcome.TIMEOUT]
    return tuple(case.id for case in baseline.cases if case.outcome.failing and case.id not in hanging[1:])


def named(id: str, known: Collection[str]) -> tuple[str, ...]:
    """The tests that somebody means by `id`: that one, else those of the same class and name in another file.

    A test that a class inherits is, in many reports, said to be in the file that defines it, not in that of the class.
    """
    if id in known:
        return (id,)
    _, sign, tail = id.partition("::")
    return tuple(one for one in known if sign and one.partition("::")[2] == tail)


def stable_failures(
    baseline: SuiteReport, repeat: SuiteReport | None, wanted: Collection[str] = ()
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The targets, and the ids that are unstable: other on the second run than on the first, or there only once.

    `wanted` narrows the targets to the ids that it names (see `named`). A repeat that could not run says nothing.
    """
    first = {case.id: case.outcome for case in baseline.cases}
    second = {case.id: case.outcome for case in repeat.cases} if repeat and not repeat.problem else {}
    unstable = {id for id, outcome in second.items() if outcome.failing != first.get(id, Outcome.MISSING).failing} | (
        second.keys() - first.keys()
    )
    meant = {one for id in wanted for one in named(id, first)}
    failing = (id for id, outcome in first.items() if outcome.failing and id not in unstable)
    return tuple(id for id in failing if not wanted or id in meant), tuple(sorted(unstable))
