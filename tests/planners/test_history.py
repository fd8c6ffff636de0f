"""The history of a state: the newest steps in short, the same however the state was come by."""

from __future__ import annotations

from dataclasses import replace

import pytest

from buildpacks import Basis
from gate import (
    Action,
    Allowed,
    ApplyPatch,
    AskModel,
    Candidate,
    Collect,
    CreateFile,
    DenialKind,
    Denied,
    Finish,
    GiveUp,
    Phase,
    Proposal,
    ReadFile,
    RunCommand,
    RunTests,
    TryPatches,
    Turn,
    Usage,
    Verdict,
)
from planners.answers import Exchange, Reply
from planners.history import MAX_HISTORY, MAX_INTENT, MAX_NOTE, Step
from planners.observations import (
    Batch,
    Denial,
    Ended,
    ModelReplied,
    Observation,
    Output,
    SpectrumReady,
    SuiteRan,
    VerdictReached,
)
from planners.state import State
from planners.trial import Trial, TrialOutcome
from rfsn.sessions.events import Event, Observed, Proposed, Resumed, Started
from rfsn.sessions.journal import Entry
from rfsn.sessions.meter import Used
from rfsn.sessions.projection import Projection, fold, state_hash

PATCH = (CreateFile("a.py", b"x = 1\n" * 1000),)
CANDIDATE = Candidate(PATCH, "operator", "a.py:1", 1.0)
DENIED = Denied("paths.plain-read", DenialKind.BOUNDS, "no", "do not")
REFUSED = Verdict(
    accepted=False,
    sound=False,
    fixed=("t::a",),
    unfixed=("t::b",),
    broken=("t::c", "t::d"),
    reasons=("t::b fails",),
    basis=Basis.IDS,
    runs=1,
)
RAN = SuiteRan("report", 7, 2, 10, ("t::a", "t::b"), 0.1, 0.1)
REPLIES = (Reply("complete", "said", Usage(10, 5), 0.25, 0.1), Reply("failed", problem="it never ended"))
STEPS: list[tuple[Phase, Action, Observation]] = [
    (Phase.REPRODUCE, RunTests(), RAN),
    (Phase.REPRODUCE, RunTests(("t::a",)), replace(RAN, report="again", problem="it crashed")),
    (Phase.LOCALIZE, ReadFile("../x"), Denial(DENIED)),
    (Phase.LOCALIZE, RunTests(("t::a",), Collect.SPECTRUM), SpectrumReady("lines", 1, 0.1)),
    (
        Phase.PATCH,
        TryPatches((CANDIDATE,) * 4),
        Batch(0, "fdfp", (Trial(3, CANDIDATE, TrialOutcome.PLAUSIBLE),), 0.1),
    ),
    (Phase.PATCH, ApplyPatch(PATCH), Output("applied to a.py")),
    (Phase.VERIFY, RunCommand(("make",)), Output("no such target\n" * 5000, 2)),
    (Phase.VERIFY, RunTests(collect=Collect.VERDICT), VerdictReached(REFUSED)),
    (Phase.VERIFY, Finish(), Denial(replace(DENIED, rule="ordering.steps"))),
    (Phase.PATCH, AskModel("m", "patch", ((Turn("user", "why?"),),) * 2, 100), ModelReplied(REPLIES, 0.25, 0.1)),
    (Phase.PATCH, TryPatches((CANDIDATE,) * 2, 4, exchange=10), Batch(4, "fd", (), 0.1)),
    (Phase.STUCK, GiveUp("no"), Ended("no")),
]


def proposal(number: int, phase: Phase, action: Action) -> Proposal:
    return Proposal(f"p{number:04d}", phase, f"intent {number}", "hypothesis", action, "effect")


def after(steps: list[tuple[Phase, Action, Observation]], state: State | None = None) -> State:
    state = state or State()
    for phase, action, observation in steps:
        state = state.after(proposal(state.steps + 1, phase, action), observation)
    return state


def test_each_step_is_told_with_its_outcome_denied_ones_too() -> None:
    def step(number: int, outcome: str, **further: object) -> Step:
        phase, action, _ = STEPS[number - 1]
        kind = f"run_tests {action.collect}" if isinstance(action, RunTests) else action.type
        kind = "ask_model patch" if isinstance(action, AskModel) else kind
        return replace(
            Step(number, phase, kind, f"p{number:04d}", f"intent {number}", outcome),
            **further,  # type: ignore[arg-type]  # the fields of a step by name
        )

    tokens = (("samples", 2), ("answers", 1), ("input_tokens", 10), ("output_tokens", 5))
    tests = (("passed", 7), ("failing", 2), ("total", 10))
    assert after(STEPS).history == (
        step(1, "ran", counts=tests, blobs=("report",)),
        step(2, "failed", counts=tests, blobs=("again",), note="it crashed"),
        step(3, "denied", rule="paths.plain-read", note="no; do not"),
        step(4, "traced", counts=(("cases", 1),), blobs=("lines",)),
        step(5, "tried", counts=(("plausible", 1), ("failed", 2), ("denied", 1))),
        step(6, "done", note="applied to a.py"),
        step(7, "failed", counts=(("exit_code", 2),), note=("no such target\n" * 5000)[:MAX_NOTE]),
        step(8, "rejected", counts=(("fixed", 1), ("unfixed", 1), ("broken", 2)), note="t::b fails"),
        step(9, "denied", rule="ordering.steps", note="no; do not"),
        step(10, "answered", counts=tokens, blobs=("said",), note="it never ended"),
        step(11, "tried", counts=(("failed", 1), ("denied", 1))),
        step(12, "ended"),
    )


def test_what_models_were_asked_is_remembered_and_what_became_of_it() -> None:
    state = after(STEPS)
    assert state.exchanges == (Exchange(10, "m", "patch", REPLIES, tried=4, used=True, outcomes="fd"),)
    assert (state.asked, state.cost_usd, state.tried, state.searched) == ((("patch", 1),), 0.25, 6, 4)


def test_the_history_of_a_long_session_is_bounded() -> None:
    """Patches, outputs and long sentences are in the journal and in blobs, never in a step."""
    state = State()
    for _ in range(1_000):
        state = after(STEPS[:-1], state)
    state = state.after(replace(proposal(0, Phase.LOCALIZE, ReadFile("a.py")), intent="x" * 9_000), Output("y" * 9_000))
    assert [step.number for step in state.history] == list(range(11_002 - MAX_HISTORY, 11_002))
    assert len(state.history[-1].intent) == MAX_INTENT
    assert len(repr(state.history)) < (500 + MAX_NOTE) * MAX_HISTORY


def events(steps: list[tuple[Phase, Action, Observation]]) -> list[Event]:
    """What a controller records of these steps, with a crash and a resume in the middle of each allowed one."""
    found: list[Event] = []
    for number, (phase, action, observation) in enumerate(steps, 1):
        one = proposal(number, phase, action)
        decision = observation.denied if isinstance(observation, Denial) else Allowed()
        proposed = Proposed.of(one, decision)
        if decision == Allowed():
            found += [proposed, Started(proposal=one.id), Resumed()]
        found += [proposed, Observed.of(one, observation, Used(0.0, ()))]
    return found


def test_the_fold_of_a_journal_has_the_history_of_the_session() -> None:
    """A journal has no candidates of a batch, and what is read back are other objects: the history is the same."""
    projection = Projection()
    for sequence, event in enumerate(events(STEPS)):
        line = Entry(sequence=sequence, time="", clock=0.0, previous="", event=event).model_dump_json()
        projection = fold(projection, Entry.model_validate_json(line).event)
    assert projection.state == after(STEPS)


@pytest.mark.parametrize("count", range(len(STEPS)))
def test_what_seals_a_state_leaves_its_history_out(count: int) -> None:
    """The hash of a state is of bounded cost and stays what it was; the events say the history already."""
    state = after(STEPS[:count])
    assert state_hash(replace(state, history=())) == state_hash(state)


def test_a_run_under_an_applied_patch_is_no_second_run_of_the_base() -> None:
    """Else a patch could make the tests that it repairs look flaky, and a verdict would not ask for them."""
    applied = after([STEPS[0], STEPS[5], (Phase.VERIFY, RunTests(), replace(RAN, report="patched"))])
    assert applied.repeat is None
    assert after([STEPS[0], STEPS[1]]).repeat == STEPS[1][2]
