"""The ladder: whose turn it is, what a model is asked for, and what the memory changes."""

from __future__ import annotations

from dataclasses import replace

from gate import AskModel, Phase, Proposal, ReadFile, Turn
from planners.api import PlannerContext
from planners.ladder import STRATEGY, Ladder, Rung
from planners.search.experience import Experience, Tally, fingerprint
from planners.state import State
from planners.steps import proposal
from planners.trial import Trial
from tests.planners.llm.talk import BASE, SOURCE, failing
from tests.planners.llm.test_judging import FIRST, plausible


class Offers:
    """A strategy that has a step to propose, or has none."""

    phases = frozenset({Phase.PATCH})

    def __init__(self, name: str, *, model: bool = False, has: bool = True) -> None:
        self.name, self.model, self.has = name, model, has

    def propose(self, state: State, context: PlannerContext) -> Proposal | None:
        del context
        if not self.has:
            return None
        action = AskModel(self.name, "patch", ((Turn("user", "?"),),), 10) if self.model else ReadFile(self.name)
        return proposal(state, Phase.PATCH, action, intent="i", hypothesis="h", expected_effect="e")


def ladder(*, search: bool, experience: Experience | None = None) -> Ladder:
    rungs = [
        Rung("search", Offers("search", has=search)),
        Rung("one-shot small", Offers("small", model=True), "small"),
        Rung("one-shot large", Offers("large", model=True), "large"),
    ]
    return Ladder(rungs, experience)


def whose(ladder: Ladder, *trials: Trial) -> tuple[str, str]:
    """Whose step it is, and with what reason."""
    session = failing()
    step = ladder.propose(replace(session.state, plausible=trials), session.context)
    if step is None:
        return "", ""
    return step.action.model if isinstance(step.action, AskModel) else "search", step.hypothesis


def test_the_cheapest_comes_first_and_a_model_is_asked_with_the_reason() -> None:
    assert whose(ladder(search=True)) == ("search", "h")
    assert whose(ladder(search=False)) == ("small", "got nowhere so far: search; h")


def test_no_model_is_asked_once_a_patch_passes_that_nothing_speaks_against() -> None:
    assert whose(ladder(search=False), FIRST) == ("", "")


def test_a_model_is_asked_if_all_that_passes_is_doubtful() -> None:
    doubtful = plausible(3, b"> b or True or a >")
    start = SOURCE.index(b"if a > b")
    assert start
    asked = ("small", "every patch that passes so far is doubtful; h")
    assert whose(ladder(search=False), doubtful) == asked


def test_nobody_looks_step_by_step_for_a_better_patch_than_one_that_passes() -> None:
    agent = Ladder([Rung("agent small", Offers("small", model=True), "small", looks=True)])
    assert whose(agent)[0] == "small"
    assert whose(agent, plausible(3, b"> b or True or a >")) == ("", "")


def experience(**tallies: tuple[int, int]) -> Experience:
    failure = fingerprint([BASE.cases[0]])
    names = {name.replace("_", " ").replace("oneshot", "one-shot"): tally for name, tally in tallies.items()}
    return Experience({}, {failure: {STRATEGY + name: Tally(*tally) for name, tally in names.items()}})


def test_what_repaired_such_failures_before_comes_first() -> None:
    known = experience(search=(40, 0), oneshot_small=(40, 0), oneshot_large=(40, 40))
    first, why = whose(ladder(search=True, experience=known))
    assert first == "large"
    assert why.startswith("failures of this kind were repaired so before")


def test_experience_that_agrees_with_the_order_leaves_it() -> None:
    assert whose(ladder(search=True, experience=experience(search=(40, 40))))[0] == "search"
    other = Experience({}, {"another failure": {f"{STRATEGY}one-shot large": Tally(9, 9)}})
    assert whose(ladder(search=True, experience=other))[0] == "search"


def test_the_order_is_the_same_each_time() -> None:
    known = experience(search=(3, 1), oneshot_small=(3, 2), oneshot_large=(3, 2))
    assert len({whose(ladder(search=True, experience=known)) for _ in range(10)}) == 1
