"""The meta-planner: a list of strategies, of which the first that has a step to propose takes it.

Every session begins and ends alike: it reproduces, verifies an applied patch, traces, and chooses the likeliest patch.
In between, a ladder of strategies makes patches: the search, models that answer once, a model as an agent. A strategy
of others may stand in its place.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from gate import GiveUp, ModelCard, Phase, Proposal
from planners.api import PlannerContext, Strategy, StrategyFailed
from planners.choosing import AskJudge, Choose, ChooseRipe
from planners.ladder import Ladder, Rung
from planners.localizing import Localize
from planners.search.experience import Experience
from planners.search.planner import CandidateSearch
from planners.search.strategy import Search
from planners.state import State
from planners.steps import Reproduce, Verify, proposal
from planners.targets import targets_of

__all__ = ["OWN_MAKERS", "MetaPlanner"]

_MAX_DENIALS = 3
_PATIENCE = 1_000
"""The candidates that the search tries before a model is asked: most faults that it can repair, it repairs by then."""

OWN_MAKERS: Mapping[str, str] = {
    "auto": "the search; then each model that is named, with single answers, and the last one as an agent",
    "search": "the search alone",
    "llm": "models alone, with single answers and two rounds of feedback",
    "agent": "models alone, step by step",
}
"""Who can make patches, in words, by the names that `--planner` has for them."""

_SPELLED = {"c": "C and C++", "dotnet": ".NET", "generic": "", "javascript": "JavaScript"}


class MetaPlanner:
    """Ends if nothing would help; reproduces, verifies an applied patch, traces, climbs the ladder; then gives up."""

    def __init__(
        self,
        search: CandidateSearch,
        makers: str | Strategy = "auto",
        models: Sequence[ModelCard] = (),
        experience: Experience | None = None,
    ) -> None:
        """`makers` is one of `OWN_MAKERS`, or a strategy that stands where the ladder does.

        `models` may be asked, the first ones first; `experience` is what earlier sessions know of the strategies.
        """
        languages = search.languages
        self._strategies: tuple[Strategy, ...] = (
            *_reproducers(models),
            ChooseAtLast(languages),
            EndEarly(),
            Reproduce(),
            Verify(),
            Localize(),
            ChooseRipe(languages),
            *_makers(search, makers, models, experience),
            AskJudge(languages),
            Choose(languages),
        )
        known = {language.name for language in languages.values()} if makers in {"auto", "search"} else None
        self._last = Stuck(asks=bool(models) and makers in {"auto", "llm", "agent"}, known=known)

    def propose(self, state: State, context: PlannerContext) -> Proposal:
        """The next step. If a strategy fails, what it found before is still chosen and verified."""
        failed = ""
        for strategy in self._strategies:
            try:
                step = strategy.propose(state, context)
            except StrategyFailed as failure:
                failed = str(failure)
            else:
                if step is not None:
                    return step
        return _give_up(state, failed) if failed else self._last.propose(state, context)


def _makers(
    search: CandidateSearch, makers: str | Strategy, models: Sequence[ModelCard], experience: Experience | None
) -> tuple[Strategy, ...]:
    """The strategies that make patches."""
    if not isinstance(makers, str):
        return (makers,)
    ladder = Ladder(_rungs(search, makers, models), experience, search.languages)
    return (ladder, Search(search)) if makers in {"auto", "search"} else (ladder,)


def _rungs(search: CandidateSearch, makers: str, models: Sequence[ModelCard]) -> list[Rung]:
    """The ladder: without a model the search has all the time, and needs no rung."""
    if not models:
        return []
    from planners.llm.agent import Agent  # noqa: PLC0415  # a session without a model needs none of it
    from planners.llm.one_shot import OneShot  # noqa: PLC0415  # the same

    rungs = [Rung("search", Search(search, patience=_PATIENCE))] if makers == "auto" else []
    if makers in {"auto", "llm"}:
        rungs += [Rung(f"one-shot {card.name}", OneShot(card, search.languages), card.name) for card in models]
    if makers in {"auto", "agent"}:
        agents = models if makers == "agent" else models[-1:]
        rungs += [Rung(f"agent {card.name}", Agent(card, search.languages), card.name, looks=True) for card in agents]
    return rungs


def _reproducers(models: Sequence[ModelCard]) -> list[Strategy]:
    """The strategies that write a test for an issue."""
    if not models:
        return []
    from planners.llm.reproducing import ReproduceIssue  # noqa: PLC0415  # a session without a model needs none of it

    return [ReproduceIssue(card) for card in models]


class ChooseAtLast(Choose):
    """Applies the likeliest patch that was found before a session ends because one step after another is denied."""

    def propose(self, state: State, context: PlannerContext) -> Proposal | None:
        """The patch to apply; None if there is none, or if that is denied as well."""
        due = state.denials == _MAX_DENIALS and state.applied is None
        return super().propose(state, context) if due else None


class EndEarly:
    """Gives up if a repair has nothing to begin with, or the gate denies one step after another."""

    phases = frozenset({Phase.STUCK})

    def propose(self, state: State, context: PlannerContext) -> Proposal | None:
        """The end, if there is a reason for it."""
        reason = _reason(state, context)
        return _give_up(state, reason) if reason else None


class Stuck:
    """Gives up when no other strategy has anything to propose."""

    phases = frozenset({Phase.STUCK})

    def __init__(self, *, asks: bool, known: Collection[str] | None = None) -> None:
        """`asks` says whether models make patches, so that one would have been asked if there were money for it.

        `known` are the languages of the search, if it makes patches.
        """
        self._asks = asks
        self._known = known

    def propose(self, state: State, context: PlannerContext) -> Proposal:
        """The end, with the number of candidates that were tried."""
        what = "passes the tests" if state.kept is None else "repairs the rest"
        tried = f"none of {state.tried} candidates {what}" if state.tried else "nothing was found to try"
        if unloaded := self._unloaded(state, context):
            tried = f"{unloaded}; {tried}"
        if state.last_verdict is not None and not state.last_verdict.accepted and not state.tried:
            tried = f"the patch was rejected: {'; '.join(state.last_verdict.reasons)}"
        elif "" in (unknown := self._unknown(state, context)):
            tried = "the exit code of the test command is all that is known, and the search needs tests by name"
        elif unknown:
            tried = f"the search knows no {' and no '.join(unknown)} yet"
            tried += "" if self._asks else ": name a model with --model, or give rfsn judge a patch from elsewhere"
        calls = sum(count for purpose, count in state.asked if purpose in {"patch", "agent"})
        failed = [known for known in state.exchanges if known.failed]
        if failed and len(failed) == len(state.exchanges):
            tried += f"; no model answered: {failed[-1].replies[0].problem}"
        if calls:
            tried += "; models were asked " + (f"{calls} times" if calls > 1 else "once")
        elif self._asks:
            poor = (
                f"no model was asked: --max-cost {context.max_cost_usd:g} does not pay for a question "
                "at its highest price"
            )
            tried = f"{tried}; {poor}" if state.tried else poor
        return _give_up(state, tried)

    def _unloaded(self, state: State, context: PlannerContext) -> str:
        """Why the first target that is no test but a whole file cannot be loaded; empty if there is none."""
        known = targets_of(state, context.reports, context.wanted)
        wholes = (case for case in known.baseline.cases if case.unloaded and case.frames and case.id in known.left)
        return next((f"{case.id} could not be collected: {case.reason}" for case in wholes), "")

    def _unknown(self, state: State, context: PlannerContext) -> list[str]:
        """The languages of the failing tests' parts of which the search would have to know something, and does not."""
        if self._known is None or state.tried:
            return []
        left = targets_of(state, context.reports, context.wanted).left
        prefixes = [max(filter(id.startswith, context.languages), key=len, default="") for id in left]
        names = dict.fromkeys(context.languages[prefix] for prefix in prefixes if prefix in context.languages)
        return [_SPELLED.get(name, name.capitalize()) for name in names if name not in self._known]


def _reason(state: State, context: PlannerContext) -> str:
    """The reason to end before any search; empty if there is none."""
    baseline = state.baseline
    if state.denials >= _MAX_DENIALS:
        return f"{state.denials} proposals in a row were denied"
    if baseline is None:
        return ""
    if baseline.problem:
        return baseline.problem
    if not baseline.failing_total and context.issue:
        return "no test fails, and no test that shows the issue was found"
    if not baseline.failing_total:
        others = baseline.total - baseline.passed
        return f"no test is known to fail; {baseline.note}" if baseline.note else _all_pass(baseline.passed, others)
    if baseline.wanted_pass:
        others = baseline.failing_total
        fail = "1 other test fails" if others == 1 else f"{others} other tests fail"
        return f"what --target names passes already: {', '.join(context.wanted)}; {fail}"
    if Reproduce().propose(state, context) or targets_of(state, context.reports, context.wanted).left:
        return ""
    return "no test fails every time"


def _all_pass(passed: int, others: int) -> str:
    """The reason if no test fails; the `others` did not pass either."""
    if not others:
        return f"all {passed} tests pass"
    return f"no test fails: {passed} pass, and {others} are skipped or expected to fail"


def _give_up(state: State, reason: str) -> Proposal:
    return proposal(
        state,
        Phase.STUCK,
        GiveUp(reason),
        intent="end without a patch",
        hypothesis="nothing more can be done here",
        expected_effect="the session ends with a reason",
    )
