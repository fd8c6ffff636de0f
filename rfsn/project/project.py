"""A source that was taken, as gate and planner see it."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from random import Random

from buildpacks import Choice
from gate import Context
from planners.api import PlannerContext
from rfsn.project.fence import Fence
from rfsn.project.issue import issue_of
from rfsn.project.layout import Layout
from rfsn.sessions.projection import Projection
from rfsn.sessions.record import Record

__all__ = ["Project"]


class Project(Layout):
    """The base of a session, its parts and their plans: the same each time it is made from the record."""

    def __init__(self, record: Record) -> None:
        """Raises `UsageError` if no buildpack recognizes the tree, or the configuration names one not installed."""
        source, ready = record.projection.source, record.projection.environment
        version, date = (source.version, source.date) if source else ("", "")
        chosen = {
            (part.root, part.pack): Choice(part.python, part.as_of)
            for part in (ready.parts if ready else ())
            if part.why
        }
        super().__init__(record.base, record.config, version, date=date, choices=chosen)
        self._record = record
        self._fence = Fence(self.view, self.parts, self.config)
        self._seen = ""

    @property
    def fence(self) -> Fence:
        """What a repair may touch: wider once the base ran, by what that showed."""
        baseline = self._record.projection.state.baseline
        if baseline is not None and baseline.report != self._seen:
            self._fence = self._fence.observing(self._record.blobs.report(baseline.report).touched)
            self._seen = baseline.report
        return self._fence

    def is_source(self, path: str) -> bool:
        """Whether the search may change a path."""
        return self.fence.is_source(path)

    def gate_context(self, projection: Projection) -> Context:
        """What rules see at this point of the session."""
        state, ready = projection.state, projection.models
        return replace(
            self.fence.context(),
            commands=tuple(plan.test for plan in self.plans),
            models=ready.cards if ready else (),
            left_usd=max(0.0, self.config.max_cost - projection.spent_usd),
            used_ids=projection.used_ids,
            reproduced=state.baseline is not None,
            applied=state.applied is not None,
            verified=state.verdict is not None and state.verdict.accepted,
            ended=state.ended is not None,
        )

    def planner_context(self, projection: Projection) -> PlannerContext:
        """What planners see besides the state. Raises `JournalError` if the issue's text was changed."""
        config, ready = self.config, self._record.projection.models
        seed = config.seed
        return PlannerContext(
            view=self.view,
            reports=self._record.blobs,
            is_source=self.is_source,
            generator=lambda label: Random(f"{seed}:{label}"),  # noqa: S311  # reproducible, not secret
            wanted=config.target,
            models=ready.models if ready else (),
            judge=ready.judge if ready else None,
            max_cost_usd=config.max_cost,
            spent_usd=projection.spent_usd,
            issue=self._issue,
            salt=ready.salt if ready else "",
            languages={part.id(""): part.pack.language for part in self.parts},
        )

    @cached_property
    def _issue(self) -> str:
        return issue_of(self._record)
