"""The targets of a repair, which are the tests that fail every time, and the most informative of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from buildpacks import CaseTrace, Outcome, Spectrum, SuiteReport
from planners.api import ReportView
from planners.naming import Names
from planners.state import State

__all__ = ["Targets", "probes", "reached", "repeated", "stable_failures", "targets_of"]

_MAX_PROBES = 3
_MAX_COMPARED = 32
_ABOUT_AS_QUICK = 3.0
_NOISE_S = 0.02


def repeated(baseline: SuiteReport) -> tuple[str, ...]:
    """The failing tests worth a second run: the ones over their limit had one."""
    return tuple(case.id for case in baseline.cases if case.outcome.failing and not case.outcome.over_limit)


def stable_failures(
    baseline: SuiteReport, repeat: SuiteReport | None, wanted: Collection[str] = ()
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The targets, and the unstable ids, with different outcomes in the two runs or present in only one of them.

    `wanted` narrows the targets to the ids that it names (see `Names`). A repeat that could not run is ignored.
    """
    first = {case.id: case.outcome for case in baseline.cases}
    second = {case.id: case.outcome for case in repeat.cases} if repeat and not repeat.problem else {}
    unstable = {id for id, outcome in second.items() if outcome.failing != first.get(id, Outcome.MISSING).failing} | (
        second.keys() - first.keys()
    )
    names = Names(baseline.cases)
    meant = {id for text in wanted for id in names.of(text)}
    failing = (id for id, outcome in first.items() if outcome.failing and id not in unstable)
    return tuple(id for id in failing if not wanted or id in meant), tuple(sorted(unstable))


@dataclass(frozen=True, slots=True)
class Targets:
    """What a session repairs: the report of the base, the ids to fix, and the unstable ids, which are ignored.

    `left` are the ids that no kept patch fixes. `usual` is what the findings of the base's second run are about.
    """

    baseline: SuiteReport
    all: tuple[str, ...]
    unstable: tuple[str, ...]
    left: tuple[str, ...]
    usual: frozenset[str] = frozenset()

    def of(self, ids: Collection[str]) -> Targets:
        """The same for only these tests of the suite."""
        cases = tuple(case for case in self.baseline.cases if case.id in ids)
        targets, unstable, left = (
            tuple(id for id in known if id in ids) for known in (self.all, self.unstable, self.left)
        )
        return Targets(replace(self.baseline, cases=cases), targets, unstable, left, self.usual)


def targets_of(state: State, reports: ReportView, wanted: Collection[str]) -> Targets:
    """The targets of a state whose baseline is known; `wanted` are the ids that the user named, if any."""
    assert state.baseline is not None
    baseline = reports.report(state.baseline.report)
    repeat = reports.report(state.repeat.report) if state.repeat else None
    targets, unstable = stable_failures(baseline, repeat, wanted)
    fixed = frozenset(state.kept.verdict.fixed if state.kept else ())
    usual = frozenset(finding.about for finding in repeat.findings) if repeat else frozenset[str]()
    return Targets(baseline, targets, unstable, tuple(id for id in targets if id not in fixed), usual)


def reached(spectrum: Spectrum, targets: Collection[str], location: str) -> tuple[CaseTrace, ...]:
    """The targets that execute the line `location` (path:line), whose outcome an edit there can change.

    All targets if none does: the code of a module or a class body runs before any test.
    """
    path, _, line = location.rpartition(":")
    wanted = frozenset(targets)
    traces = tuple(trace for trace in spectrum.cases if trace.id in wanted)
    hit = tuple(trace for trace in traces if line.isdigit() and int(line) in trace.lines.get(path, ()))
    return hit or traces


def probes(traces: Collection[CaseTrace]) -> tuple[str, ...]:
    """A few failing tests that represent all of `traces`: a candidate under which each of them fails is not a repair.

    One of each kind of failure (by exception and innermost frame outside the test): the quick one that runs the fewest
    lines, since it meets the fewest faults; if all fail alike, also the most different one.
    """
    kinds: dict[tuple[str, ...], list[CaseTrace]] = {}
    for trace in sorted(traces, key=lambda trace: (_size(trace), trace.id)):
        kinds.setdefault(_kind(trace), []).append(trace)
    alike = [_quick(kind) for kind in kinds.values()]
    chosen = [kind[0] for kind in alike]
    if len(alike) == 1:
        first = chosen[0]
        other = max(alike[0][:_MAX_COMPARED], key=lambda trace: len(_lines(trace) - _lines(first)))
        chosen += [other] if _lines(other) - _lines(first) else []
    chosen.sort(key=lambda trace: trace.outcome is Outcome.TIMEOUT)
    return tuple(trace.id for trace in chosen[:_MAX_PROBES])


def _quick(traces: list[CaseTrace]) -> list[CaseTrace]:
    """The tests that take about as long as the quickest one: all of them if the difference is noise."""
    least = min(trace.cpu_s for trace in traces)
    return [trace for trace in traces if trace.cpu_s <= _ABOUT_AS_QUICK * least + _NOISE_S]


def _kind(trace: CaseTrace) -> tuple[str, ...]:
    frame = trace.frames[-1] if trace.frames else None
    where = f"{frame.path}:{frame.function}" if frame and frame.path != trace.parsed.file else ""
    return str(trace.outcome), trace.message.partition(":")[0], where


def _lines(trace: CaseTrace) -> set[tuple[str, int]]:
    return {(path, line) for path, lines in trace.lines.items() for line in lines}


def _size(trace: CaseTrace) -> int:
    return sum(map(len, trace.lines.values()))
