"""What a model is told of a fault: the failing tests, the suspicious code, and how close the search came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from buildpacks import Spectrum
from planners.api import PlannerContext
from planners.llm.excerpts import Call, Excerpt, Reader
from planners.llm.unified import unified
from planners.search.language import Language
from planners.search.localize import rank
from planners.search.registry import LANGUAGES
from planners.state import State
from planners.targets import probes, targets_of
from planners.tree import patched
from planners.trial import Trial

__all__ = ["MAX_ISSUE", "MAX_ROOM", "Evidence", "Failure", "gather"]

MAX_ISSUE = 20_000
"""The most characters of an issue that a model is told."""
_MAX_FAILURES = 4
_MAX_MESSAGE = 2_000
_MAX_SUSPECTS = 400
_MAX_NEAR = 4
MAX_ROOM = 30_000
"""The most characters of all excerpts together."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A failing test: its id, what it says, the calls that lead to its failure, and its source, unless shown before."""

    id: str
    message: str
    stack: tuple[Call, ...]
    sources: tuple[Excerpt, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a fault; `more` counts the targets that are not shown.

    `places` are the suspicious functions, the worst first, and `called` what they call. `near` are edits under which a
    test gets further, as diffs; `kept` is the diff of the patch that repairs other targets already. `issue` is what the
    user says of the fault.
    """

    failures: tuple[Failure, ...]
    more: int
    places: tuple[Excerpt, ...]
    called: tuple[Excerpt, ...]
    near: tuple[tuple[str, str], ...]
    kept: str = ""
    issue: str = ""

    @property
    def files(self) -> tuple[str, ...]:
        """The paths whose contents are in it."""
        tests = (excerpt for failure in self.failures for excerpt in failure.sources)
        calls = {call.path for failure in self.failures for call in failure.stack if call.code}
        return tuple(sorted({excerpt.path for excerpt in (*tests, *self.places, *self.called)} | calls))


def gather(
    state: State, context: PlannerContext, languages: Mapping[str, Language] = LANGUAGES, room: int = MAX_ROOM
) -> Evidence:
    """The evidence of a state that has a baseline, with at most `room` characters of code."""
    known = targets_of(state, context.reports, context.wanted)
    scratch = (state.scratch,) if state.scratch else ()
    tree = patched(context.view, (*(state.kept.patch if state.kept else ()), *scratch))
    spectrum = context.reports.spectrum(state.spectrum.spectrum) if state.spectrum else Spectrum(())
    reader = Reader(tree, languages, min(room, MAX_ROOM))
    traces = [trace for trace in spectrum.cases if trace.id in known.left]
    shown = probes(traces) or known.left[:_MAX_FAILURES]
    cases = {case.id: case for case in known.baseline.cases}
    frames = {trace.id: trace.frames for trace in traces}
    failures: list[Failure] = []
    for id in shown[:_MAX_FAILURES]:
        stack = frames.get(id) or cases[id].frames
        before = [excerpt for failure in failures for excerpt in failure.sources]
        sources = reader.tests(cases[id], stack, context.is_source, before)
        calls = tuple(map(reader.call, stack))
        failures.append(Failure(id, cases[id].message[:_MAX_MESSAGE], calls, sources))
    suspects = rank(spectrum, frozenset(known.left), context.is_source)[:_MAX_SUSPECTS]
    places = reader.places(suspects)
    called = reader.called(places, {suspect.path for suspect in suspects})
    near = tuple((unified(trial.patch, context.view), _effect(trial)) for trial in state.near_misses[:_MAX_NEAR])
    kept = unified(state.kept.patch, context.view) if state.kept else ""
    issue = context.issue[:MAX_ISSUE]
    return Evidence(tuple(failures), len(known.left) - len(failures), places, called, near, kept, issue)


def _effect(trial: Trial) -> str:
    """What a near miss changes, in words."""
    match trial.progress:
        case (3, fixed):
            return f"{fixed} of the failing tests pass"
        case (2,):
            return "the failing tests pass, but a test breaks"
        case (1, *_):
            return "a failing test gets further"
        case _:
            return "a failing test comes to a result, but a wrong one"
