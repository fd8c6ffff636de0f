"""Steps rest on what came before them, whatever phase they name: phases are labels."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from gate import (
    Action,
    Allowed,
    ApplyPatch,
    BasePaths,
    Candidate,
    Collect,
    Context,
    DeleteFile,
    Denied,
    Edit,
    EditFile,
    Finish,
    Gate,
    GiveUp,
    Phase,
    Proposal,
    ReadFile,
    RunCommand,
    RunTests,
    SearchCode,
    TryPatches,
    content_hash,
)
from planners.testing import GivenTree

SOURCE = b"def f(x):\n    return x\n"
TEST = ("python", "-m", "pytest")
FIX = (EditFile("core.py", content_hash(SOURCE), (Edit(6, 7, b"y"),)),)

TREE = GivenTree({"core.py": SOURCE, "test_core.py": b""})
NEW = Context(BasePaths(TREE.files()), TREE.read, "test_core.py".__eq__, commands=(TEST,))
REPRODUCED = replace(NEW, reproduced=True)
APPLIED = replace(REPRODUCED, applied=True)
VERIFIED = replace(APPLIED, verified=True)
ENDED = replace(VERIFIED, ended=True)
STANDS = {"new": NEW, "reproduced": REPRODUCED, "applied": APPLIED, "verified": VERIFIED, "ended": ENDED}

TRY = TryPatches((Candidate(FIX, "operator", "core.py:1", 1.0),))
VERDICT = RunTests(collect=Collect.VERDICT)
ALLOWED_FROM: dict[Action, str] = {
    RunTests(): "new",
    ReadFile("core.py"): "new",
    SearchCode("return"): "new",
    RunCommand(TEST): "new",
    GiveUp("tired"): "new",
    RunTests(("t",), Collect.SPECTRUM): "reproduced",
    TRY: "reproduced",
    ApplyPatch(FIX): "reproduced",
    VERDICT: "applied",
    Finish(): "verified",
}
"""Each action, and how far a session must be for it; from there on it is allowed until the end."""


def decide(action: Action, context: Context, phase: Phase = Phase.PATCH) -> Allowed | Denied:
    return Gate().decide(Proposal("p1", phase, "an intent", "a hypothesis", action, "an effect"), context)


@pytest.mark.parametrize(("action", "stand", "phase"), [*product(ALLOWED_FROM, STANDS, Phase)])
def test_a_step_is_allowed_where_what_it_rests_on_is_there_in_any_phase(
    action: Action, stand: str, phase: Phase
) -> None:
    decision = decide(action, STANDS[stand], phase)
    order = [*STANDS]
    if order.index(ALLOWED_FROM[action]) <= order.index(stand) and stand != "ended":
        assert decision == Allowed()
    else:
        assert isinstance(decision, Denied)
        assert decision.rule == "ordering.steps"
        assert decision.reason
        assert decision.hint


WAYS_ROUND: dict[str, tuple[Action, Context]] = {
    "a patch before any test ran": (ApplyPatch(FIX), NEW),
    "candidates before any test ran": (TRY, NEW),
    "a verdict when the last patch was denied or refused": (VERDICT, REPRODUCED),
    "finishing at the start": (Finish(), NEW),
    "finishing with a patch that no verdict is on": (Finish(), APPLIED),
    "finishing on the verdict of a patch that is applied no more": (Finish(), replace(VERIFIED, applied=False)),
    "a verdict without a base to compare with": (VERDICT, replace(APPLIED, reproduced=False)),
    "another patch after giving up": (ApplyPatch(FIX), replace(REPRODUCED, ended=True)),
    "another verdict after finishing": (VERDICT, ENDED),
    "finishing after giving up": (Finish(), ENDED),
}
"""What an order of phases once kept a planner from, and has to be denied without one."""


@pytest.mark.parametrize("name", WAYS_ROUND)
def test_no_phase_makes_a_shortcut(name: str) -> None:
    action, context = WAYS_ROUND[name]
    for phase in Phase:
        decision = decide(action, context, phase)
        assert isinstance(decision, Denied), phase
        assert decision.rule == "ordering.steps"


def test_no_phase_keeps_a_patch_from_its_verdict() -> None:
    """Applied is what every rule on changes allowed, in any phase."""
    for phase in Phase:
        decision = decide(ApplyPatch((DeleteFile("test_core.py"),)), REPRODUCED, phase)
        assert isinstance(decision, Denied)
        assert decision.rule == "tamper.protected"


def test_an_id_is_used_once() -> None:
    decision = decide(RunTests(), replace(NEW, used_ids=frozenset({"p1"})))
    assert isinstance(decision, Denied)
    assert decision.rule == "ordering.steps"
