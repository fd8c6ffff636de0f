"""What a model is told of a fault: the failing tests, the suspicious code, and how close the search came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from buildpacks import Spectrum
from gate import cut
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

__all__ = ["MAX_ISSUE", "MAX_ROOM", "Brief", "Failure", "brief_of"]

MAX_ISSUE = 20_000
"""The most characters of an issue that a model is told."""
_MAX_FAILURES = 4
_MAX_MESSAGE = 2_000
_MAX_FRAMES = 30
_OF_MESSAGE, _OF_DIFFS = 8, 4
"""Which part of the room one message has at most, and all diffs together: an eighth, a quarter."""
_PER_FAILURE, _PER_FRAME = 3_000, 500
"""The room for each further failure, and for each further frame of a stack."""
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
class Brief:
    """What is known of a fault; `more` counts the targets that are not shown.

    `places` are the suspicious functions, the worst first, and `used` what they use. `near` are edits under which a
    test gets further, as diffs; `kept` is the diff of the patch that repairs other targets already. `issue` is what the
    user says of the fault.
    """

    failures: tuple[Failure, ...]
    more: int
    places: tuple[Excerpt, ...]
    used: tuple[Excerpt, ...]
    near: tuple[tuple[str, str], ...]
    kept: str = ""
    issue: str = ""

    @property
    def files(self) -> tuple[str, ...]:
        """The paths whose contents are in it."""
        tests = (excerpt for failure in self.failures for excerpt in failure.sources)
        calls = {call.path for failure in self.failures for call in failure.stack if call.code}
        return tuple(sorted({excerpt.path for excerpt in (*tests, *self.places, *self.used)} | calls))


def brief_of(
    state: State, context: PlannerContext, languages: Mapping[str, Language] = LANGUAGES, room: int = MAX_ROOM
) -> Brief:
    """The brief of a state that has a baseline: at most `room` characters of code, and as much less of all else."""
    known = targets_of(state, context.reports, context.wanted)
    scratch = (state.scratch,) if state.scratch else ()
    tree = patched(context.view, (*(state.kept.patch if state.kept else ()), *scratch))
    spectrum = context.reports.spectrum(state.spectrum.spectrum) if state.spectrum else Spectrum(())
    reader = Reader(tree, languages, min(room, MAX_ROOM))
    traces = [trace for trace in spectrum.cases if trace.id in known.left]
    shown = (probes(traces) or known.left)[: min(_MAX_FAILURES, 1 + room // _PER_FAILURE)]
    cases = {case.id: case for case in known.baseline.cases}
    frames = {trace.id: trace.frames for trace in traces}
    failures: list[Failure] = []
    for id in shown:
        stack = (frames.get(id) or cases[id].frames)[-min(_MAX_FRAMES, 1 + room // _PER_FRAME) :]
        before = [excerpt for failure in failures for excerpt in failure.sources]
        sources = reader.tests(cases[id], stack, context.is_source, before)
        message = cut(cases[id].message, min(_MAX_MESSAGE, room // _OF_MESSAGE))
        failures.append(Failure(id, message, tuple(map(reader.call, stack)), sources))
    suspects = rank(spectrum, frozenset(known.left), context.is_source)[:_MAX_SUSPECTS]
    places = reader.places(suspects)
    used = reader.used(places, {suspect.path for suspect in suspects})
    kept = unified(state.kept.patch, context.view) if state.kept else ""
    near = [(unified(trial.patch, context.view), _effect(trial)) for trial in state.near_misses[:_MAX_NEAR]]
    while near and sum(len(diff) for diff, _ in near) > room // _OF_DIFFS:
        near.pop()
    return Brief(
        tuple(failures),
        len(known.left) - len(failures),
        places,
        used,
        tuple(near),
        cut(kept, room // _OF_DIFFS),
        cut(context.issue, min(MAX_ISSUE, room // _OF_DIFFS)),
    )


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
