"""When a prediction resolves its instance: the rules of the SWE-bench harness on the status of each test."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from buildpacks import Outcome, SuiteReport
from planners.naming import Names
from rfsn.evaluation.formats import shown

__all__ = [
    "ERROR",
    "FAILED",
    "PASSED",
    "SKIPPED",
    "STATUSES",
    "XFAIL",
    "Expected",
    "Split",
    "is_resolved",
    "split_tests",
    "statuses_of",
    "told",
]

FAILED, PASSED, SKIPPED, ERROR, XFAIL = "FAILED", "PASSED", "SKIPPED", "ERROR", "XFAIL"
STATUSES = (FAILED, PASSED, SKIPPED, ERROR, XFAIL)
"""The words that logs and rules have for the outcome of a test."""

_NAMED = 3
_WORST_FIRST = (FAILED, ERROR, SKIPPED, XFAIL, PASSED)
_PASSING = frozenset({PASSED, XFAIL})
_NOT_PASSING = frozenset({FAILED, ERROR, SKIPPED})
# An unexpected pass is a pass. (The parsers of logs have no word for it: there, such a test has no status and fails.)
_WORDS = {
    Outcome.PASSED: PASSED,
    Outcome.FAILED: FAILED,
    Outcome.ERROR: ERROR,
    Outcome.TIMEOUT: FAILED,
    Outcome.SLOW: FAILED,
    Outcome.SKIPPED: SKIPPED,
    Outcome.XFAILED: XFAIL,
    Outcome.XPASSED: PASSED,
}

type Split = dict[str, dict[str, list[str]]]
"""By list of the row (`FAIL_TO_PASS` and so on), the tests with `success` and those with `failure`."""


@dataclass(frozen=True, slots=True)
class Expected:
    """The tests that a row names. With `fail_only`, its log has failures alone: what it does not name has passed."""

    fail_to_pass: tuple[str, ...]
    pass_to_pass: tuple[str, ...] = ()
    fail_only: bool = False


_NONE = Expected(())


def statuses_of(report: SuiteReport, expected: Expected = _NONE) -> dict[str, str]:
    """The status of each test of a run, by its exact id.

    An id that a row expects and no test has may name tests otherwise: by the bare name of a function, or an inherited
    test in the file that defines it. Its status is the worst of theirs. A test that the row expects by its own id
    stands for no other one: a patch may have made that one vanish.
    """
    statuses = {case.id: _WORDS.get(case.outcome, FAILED) for case in report.cases}
    names = Names(report.cases)
    ids = {*expected.fail_to_pass, *expected.pass_to_pass}
    meant = {id: [statuses[case] for case in names.of(id) if case not in ids or case.startswith(id)] for id in ids}
    return statuses | {id: min(words, key=_WORST_FIRST.index) for id, words in meant.items() if words}


def split_tests(statuses: Mapping[str, str], expected: Expected) -> Split:
    """Which tests of the row end as they should; a word that is none of `STATUSES` counts as neither.

    A test that has to begin to pass must pass (or fail as expected); one that has to go on may also be skipped. A test
    without a status fails.
    """
    accepted = (_PASSING, _PASSING | {SKIPPED})
    lists = (expected.fail_to_pass, expected.pass_to_pass)
    if expected.fail_only:
        split = [_failing_only(statuses, ids) for ids in lists]
    else:
        split = [_split(statuses, ids, words) for ids, words in zip(lists, accepted, strict=True)]
    nothing: list[dict[str, list[str]]] = [{"success": [], "failure": []} for _ in range(2)]
    return dict(zip(("FAIL_TO_PASS", "PASS_TO_PASS", "FAIL_TO_FAIL", "PASS_TO_FAIL"), split + nothing, strict=True))


def is_resolved(split: Split) -> bool:
    """Whether all tests of both lists that count ended as they should; a list without such tests is no obstacle."""
    return not split["FAIL_TO_PASS"]["failure"] and not split["PASS_TO_PASS"]["failure"]


def told(split: Split) -> str:
    """How many tests of each list ended as they should, and the first few that did not."""
    lists, left = [], _NAMED
    for name, tests in split.items():
        good, bad = tests["success"], tests["failure"]
        some = [shown(id) for id in bad[:left]]
        left -= len(some)
        ids = ", ".join([*some, *(["..."] if len(bad) > len(some) else [])])
        if good or bad:
            lists.append(f"{name} {len(good)} of {len(good) + len(bad)}{f' ({ids})' if ids else ''}")
    return "; ".join(lists)


def _split(statuses: Mapping[str, str], ids: Iterable[str], accepted: frozenset[str]) -> dict[str, list[str]]:
    success, failure = [], []
    for id in ids:
        status = _status(id, statuses)
        if status in accepted:
            success.append(id)
        elif status is None or status in _NOT_PASSING:
            failure.append(id)
    return {"success": success, "failure": failure}


def _failing_only(statuses: Mapping[str, str], ids: Iterable[str]) -> dict[str, list[str]]:
    failed = [id for id in ids if statuses.get(id) == FAILED]
    return {"success": [id for id in ids if statuses.get(id) != FAILED], "failure": failed}


def _status(id: str, statuses: Mapping[str, str]) -> str | None:
    """The status of a test; None if it has none.

    Some releases of SWE-bench cut ids off within their parameters. Such an id (it opens more brackets than it closes)
    stands for the tests that begin with it, if they agree on whether they pass.
    """
    if id in statuses:
        return statuses[id]
    if id.count("[") <= id.count("]"):
        return None
    meant = list(_beginning(id, statuses))
    return meant[0] if len({status in _PASSING for status in meant}) == 1 else None


def _beginning(start: str, statuses: Mapping[str, str]) -> Iterator[str]:
    return (status for id, status in statuses.items() if id.startswith(start))
