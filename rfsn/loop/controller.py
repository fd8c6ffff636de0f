"""The controller: a planner proposes, the gate decides, a sandbox executes, the journal records."""

from __future__ import annotations

from gate import Denied, Gate
from planners.api import Planner
from planners.confidence import confidence_in
from planners.observations import Denial, Observation
from planners.state import State
from rfsn.loop.executor import Executor
from rfsn.machine.log import bound, log
from rfsn.project.project import Project
from rfsn.sessions.events import Observed, Proposed, SessionEnded, Started
from rfsn.sessions.outcome import conclude
from rfsn.sessions.session import Session
from rfsn.trials.budget import Budget

__all__ = ["Controller"]


class Controller:
    """Runs one session to its end."""

    def __init__(
        self,
        session: Session,
        planner: Planner,
        gate: Gate,
        executor: Executor,
        budget: Budget,
        project: Project,
    ) -> None:
        self._session = session
        self._planner = planner
        self._gate = gate
        self._executor = executor
        self._budget = budget
        self._project = project

    def run(self) -> SessionEnded:
        """Step until the planner finishes or gives up, or the budget is used up."""
        session = self._session
        while session.projection.ended is None:
            state = session.projection.state
            problem = None if state.ended else self._budget.problem(state)
            if state.ended or problem:
                session.record(self._end(state, problem))
            else:
                self.step()
        return session.projection.ended

    def _end(self, state: State, problem: str | None) -> SessionEnded:
        session = self._session
        context, config = self._project.planner_context(session.projection), session.config
        return conclude(
            state,
            problem,
            issue=bool(config.issue),
            confidence=confidence_in(state, context.view, context.reports, context.wanted),
            min_confidence=config.min_confidence,
        )

    def step(self) -> None:
        """Propose, decide, execute, observe."""
        state = self._session.projection.state
        proposal = self._planner.propose(state, self._project.planner_context(self._session.projection))
        context = self._project.gate_context(self._session.projection)
        decision = self._gate.decide(proposal, context)
        with bound(phase=str(proposal.phase), step=state.steps + 1):
            self._session.record(Proposed.of(proposal, decision))
            if isinstance(decision, Denied):
                observation: Observation = Denial(decision)
            else:
                self._session.record(Started(proposal=proposal.id))
                observation = self._executor.execute(proposal, state, context)
            self._session.record(Observed.of(proposal, observation, self._executor.used()))
            log.info(proposal.intent, action=proposal.action.type, observation=observation.type)
