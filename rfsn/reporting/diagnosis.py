"""Why a session did not repair everything: what that looks like, and what a user can do next.

Nothing here is sure: a finding says what the failing tests have in common with faults of a kind. All facts are from the
reports, the spectrum and the journal of the session.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from buildpacks import CaseResult, Outcome, Spectrum
from buildpacks.view import FolderView
from planners.search.localize import rank
from planners.targets import targets_of
from rfsn.machine.text import counted
from rfsn.project.project import Project
from rfsn.reporting.signs import Sign, Tree, missing_file, missing_name, network
from rfsn.sessions.record import Record

__all__ = ["ADVICE", "Finding", "findings_of"]

ADVICE = {
    "missing_file": (
        "add the file to the repository (what git ignores, submodules and Git LFS objects are not taken), or have the "
        "tests make it; where its path is wrong, begin with the suspicious lines"
    ),
    "network": (
        "leave these tests out with --target or --test, give them a local double, or, with --sandbox docker, name the "
        "service in rfsn.toml (docs/sandbox.md)"
    ),
    "missing_name": "write it, or declare the dependency that has it: the search changes code, and invents no function",
    "fixture": "make the fixture work: no repair changes tests or conftest.py; --env K=V sets a variable for it",
    "slow_tests": "raise --time-limit, by which the limit of each test grows, or leave them out with --target",
    "limit_reached": "raise --time-limit or --max-steps; --workers N, and a quicker --test, try more in the same time",
    "no_source_line": "look at what these tests read and import; --allow-path GLOB has a repair change such a file",
    "weak_spectrum": "add a test that passes beside those that fail, or a smaller one that fails, and start again",
    "rejected": "read the reasons in the report; a test that depends on others or on time may have to be mended first",
    "all_tried": "begin with the most suspicious lines; docs/repairs.md says which faults are out of reach",
}
"""By kind of finding, what to do."""

_SIGNS: dict[str, tuple[str, Callable[[str, Tree], Sign | None]]] = {
    "missing_file": ("a missing file", missing_file),
    "network": ("tests that need the network, which they do not have here", network),
    "missing_name": ("something that is defined nowhere in the project", missing_name),
}
"""What the message of a failing test can tell by itself."""

_DIAGNOSED = {"not_repaired", "partly_repaired"}
_NAMED = 3
_MANY_LINES, _NEARLY_ALL = 30, 0.9
"""A ranking tells little where so many lines, and such a share of them, are as suspicious as the first."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One kind of trouble: what it looks like, what to do about it, and the tests that show it."""

    kind: str
    seems: str
    tests: tuple[str, ...]

    @property
    def advice(self) -> str:
        """What to do."""
        return ADVICE[self.kind]


def findings_of(record: Record) -> list[Finding]:
    """What stood in the way of a repair, the kinds that most tests show first; none where nothing did.

    Nothing is said of a patch that somebody else made. Raises `JournalError` where the journal names what is not there.
    """
    ended, state = record.projection.ended, record.projection.state
    if ended is None or state.baseline is None or record.config.given is not None:
        return []
    if state.baseline.problem:
        uncollected = record.blobs.report(state.baseline.report).cases
        return list(_by_message(uncollected, record, Spectrum(()), "test file"))
    if ended.status not in _DIAGNOSED:
        return []
    known = targets_of(state, record.blobs, record.config.target)
    left = frozenset(known.left)
    spectrum = record.blobs.spectrum(state.spectrum.spectrum) if state.spectrum else Spectrum(())
    found = [*_by_message([case for case in known.baseline.cases if case.id in left], record, spectrum)]
    found.sort(key=lambda one: -len(one.tests))
    if unexplained := tuple(id for id in known.left if not any(id in one.tests for one in found)):
        found.extend(_by_search(record, unexplained, spectrum))
    return found


def _by_message(
    cases: Sequence[CaseResult], record: Record, spectrum: Spectrum, noun: str = "failing test"
) -> Iterator[Finding]:
    """What the messages and outcomes of failing tests tell; each test shows one kind."""
    tree = Tree(FolderView(record.base))
    shown: dict[str, list[tuple[str, Sign]]] = {}
    traces = {trace.id: trace for trace in spectrum.cases}
    for case in cases:
        signs = ((kind, sign_of(case.message, tree)) for kind, (_, sign_of) in _SIGNS.items())
        kind, sign = next(((kind, sign) for kind, sign in signs if sign), ("", None))
        if sign is not None:
            shown.setdefault(kind, []).append((case.id, sign))
        elif case.outcome is Outcome.ERROR and case.id in traces:
            frames = traces[case.id].frames
            where = f", in {frames[-1].function} at {frames[-1].path}:{frames[-1].line}" if frames else ""
            told = case.message.strip().partition("\n")[0]
            shown.setdefault("fixture", []).append((case.id, Sign(f"{told}{where}")))
        elif case.outcome is Outcome.TIMEOUT:
            shown.setdefault("slow_tests", []).append((case.id, Sign("an endless loop, a wait, or too little time")))
    names = {kind: name for kind, (name, _) in _SIGNS.items()}
    names |= {"fixture": "a fixture that fails", "slow_tests": "tests that do not end within their limit"}
    for kind, shown_by in shown.items():
        what = ", ".join(dict.fromkeys(str(sign) for _, sign in shown_by[:_NAMED]))
        ids = tuple(id for id, _ in shown_by)
        yield Finding(kind, f"{names[kind]}: {what} ({counted(len(ids), noun)})", ids)


def _by_search(record: Record, targets: tuple[str, ...], spectrum: Spectrum) -> Iterator[Finding]:
    """What localization and the search came to, where no message tells why."""
    state = record.projection.state
    tried = counted(state.tried, "candidate")
    if state.ended is None:
        yield Finding("limit_reached", f"too little time: the search ended at its limit, after {tried}", targets)
    if state.spectrum is not None:
        suspects = rank(spectrum, targets, Project(record).is_source)
        alike = sum(one.score >= suspects[0].score - 1e-9 for one in suspects)
        if not suspects:
            why = "these tests run no line that a repair may change"
            yield Finding("no_source_line", f"a fault in tests, data or dependencies: {why}", targets)
            return
        if alike >= _MANY_LINES and alike >= _NEARLY_ALL * len(suspects):
            why = f"{alike} of {len(suspects)} lines are equally suspicious"
            yield Finding("weak_spectrum", f"too few different tests to locate the fault: {why}", targets)
    if state.rejected and state.verdict is not None and state.verdict.reasons:
        why = state.verdict.reasons[0]
        yield Finding("rejected", f"tests that a wrong patch passes, or that are not stable: {why}", targets)
    elif state.ended is not None:
        yield Finding("all_tried", f"more than the search can do: nothing that it knows helps ({tried})", targets)
