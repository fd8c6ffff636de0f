"""Why a session did not repair everything: what the failure looks like, and what the user can do next.

Nothing here is certain: a finding says which kind of fault the failing tests resemble. All facts come from the reports,
the spectrum and the journal of the session.
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
from rfsn.reporting.signs import Sign, Tree, missing_file, missing_name, network, syntax_error
from rfsn.sessions.record import Record

__all__ = ["ADVICE", "Finding", "findings_of"]

ADVICE = {
    "missing_file": (
        "add the file to the repository (ignored files, submodules and Git LFS objects are not copied), or let the "
        "tests create it; if its path is wrong, begin with the suspicious lines"
    ),
    "network": (
        "leave these tests out with --target or --test, give them a local test double, or use --sandbox docker with "
        "the service in rfsn.toml (docs/sandbox.md)"
    ),
    "missing_name": "write or import it, or declare the dependency that has it (--with adds one for a session)",
    "syntax_error": "begin with that line: no test of these files runs before it parses",
    "fixture": "fix the fixture: a repair changes neither tests nor conftest.py; --env K=V sets a variable for it",
    "slow_tests": "raise --time-limit, which also raises the limit of each test, or leave them out with --target",
    "limit_reached": "raise --time-limit or --max-steps; --workers N or a faster --test tries more in the same time",
    "no_edits": "name a model with --model, or give a patch of your own to rfsn judge",
    "no_source_line": "look at what these tests read and import; --allow-path GLOB lets a repair change such a file",
    "weak_spectrum": "add a passing test near the failing ones, or a smaller failing one, and start again",
    "rejected": "read the reasons in the report; a test that depends on others or on time may need fixing first",
    "all_tried": "begin with the most suspicious lines; docs/repairs.md says which faults are out of reach",
}
"""What to do, by kind of finding."""

_SIGNS: dict[str, tuple[str, Callable[[str, Tree], Sign | None]]] = {
    "missing_file": ("a missing file", missing_file),
    "network": ("tests that need the network, which they do not have here", network),
    "missing_name": ("something that is defined nowhere in the project", missing_name),
    "syntax_error": ("source that does not parse", syntax_error),
}
"""The kinds that the message of a failing test shows by itself."""

_DIAGNOSED = {"not_repaired", "partly_repaired"}
_NAMED = 3
_MANY_LINES, _NEARLY_ALL = 30, 0.9
"""A ranking says little if this many lines, and this share of them, are as suspicious as the first."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One kind of problem: what it looks like, what to do about it, and the tests that show it."""

    kind: str
    seems: str
    tests: tuple[str, ...]

    @property
    def advice(self) -> str:
        """What to do."""
        return ADVICE[self.kind]


def findings_of(record: Record) -> list[Finding]:
    """What prevented a repair, the kinds that most tests show first; empty if nothing did.

    There are no findings on a patch from elsewhere. Raises `JournalError` if a blob that the journal names is missing.
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
    findings = [*_by_message([case for case in known.baseline.cases if case.id in left], record, spectrum)]
    findings.sort(key=lambda finding: -len(finding.tests))
    if unexplained := tuple(id for id in known.left if not any(id in finding.tests for finding in findings)):
        findings.extend(_by_search(record, unexplained, spectrum))
    return findings


def _by_message(
    cases: Sequence[CaseResult], record: Record, spectrum: Spectrum, noun: str = "failing test"
) -> Iterator[Finding]:
    """The findings from the messages and outcomes of failing tests; each test shows one kind."""
    tree = Tree(FolderView(record.base))
    shown: dict[str, list[tuple[str, Sign]]] = {}
    traces = {trace.id: trace for trace in spectrum.cases}
    for case in cases:
        said = case.reason if case.unloaded else case.message
        signs = ((kind, sign_of(said, tree)) for kind, (_, sign_of) in _SIGNS.items())
        kind, sign = next(((kind, sign) for kind, sign in signs if sign), ("", None))
        if sign is not None:
            shown.setdefault(kind, []).append((case.id, sign))
        elif case.outcome is Outcome.ERROR and case.id in traces and not case.unloaded:
            frames = traces[case.id].frames
            where = f", in {frames[-1].function} at {frames[-1].path}:{frames[-1].line}" if frames else ""
            first_line = case.message.strip().partition("\n")[0]
            shown.setdefault("fixture", []).append((case.id, Sign(f"{first_line}{where}")))
        elif case.outcome is Outcome.TIMEOUT:
            shown.setdefault("slow_tests", []).append((case.id, Sign("an endless loop, a wait, or too little time")))
    names = {kind: name for kind, (name, _) in _SIGNS.items()}
    names |= {"fixture": "a fixture that fails", "slow_tests": "tests that do not end within their limit"}
    for kind, shown_by in shown.items():
        what = ", ".join(dict.fromkeys(str(sign) for _, sign in shown_by[:_NAMED]))
        ids = tuple(id for id, _ in shown_by)
        yield Finding(kind, f"{names[kind]}: {what} ({counted(len(ids), noun)})", ids)


def _by_search(record: Record, targets: tuple[str, ...], spectrum: Spectrum) -> Iterator[Finding]:
    """The findings from localization and the search, for tests whose messages explain nothing."""
    state = record.projection.state
    tried = counted(state.tried, "candidate")
    if state.ended is None:
        yield Finding("limit_reached", f"too little time: the search ended at its limit, after {tried}", targets)
    if state.spectrum is not None and not spectrum.cases and not state.tried:
        if state.ended is not None and state.ended.reason.startswith("the search knows no "):
            return  # which says it all
        why = "no test was traced: the search has no edits for the language, or the test command names no tests"
        yield Finding("no_edits", why, targets)
        return
    if state.spectrum is not None:
        suspects = rank(spectrum, targets, Project(record).is_source)
        alike = sum(suspect.score >= suspects[0].score - 1e-9 for suspect in suspects)
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
    elif state.ended is not None and state.tried:
        yield Finding("all_tried", f"more than the search can do: none of its edits helps ({tried})", targets)
