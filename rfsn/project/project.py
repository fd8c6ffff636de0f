"""A source that was taken, as gate and planner see it."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from random import Random

from buildpacks import BuildpackError, BuildPlan, PlanOptions
from buildpacks.view import FolderView
from gate import Context
from planners.api import PlannerContext
from rfsn.config import Config
from rfsn.errors import UsageError
from rfsn.project.fence import Fence
from rfsn.project.issue import issue_of
from rfsn.project.packs import buildpack_names
from rfsn.project.parts import Part, find_parts
from rfsn.sessions.projection import Projection
from rfsn.sessions.record import Record
from sandbox import Service

__all__ = ["Project", "check_buildpacks"]


def check_buildpacks(config: Config) -> None:
    """Raise `UsageError` if a configuration has settings for a buildpack that is not installed."""
    known = buildpack_names()
    if unknown := [name for name in config.buildpacks if name not in known]:
        raise UsageError(
            f"the configuration has settings for the unknown buildpack {unknown[0]}; installed: {', '.join(known)}"
        )


class Project:
    """The base of a session, its parts and their plans: the same each time it is made from the record."""

    def __init__(self, record: Record) -> None:
        """Raises `UsageError` if no buildpack recognizes the tree, or the configuration names one not installed."""
        self._config = record.config
        check_buildpacks(self._config)
        self._record = record
        self.view = FolderView(record.base)
        self.parts = find_parts(self.view, whole=self._config.test is not None)
        self._fence = Fence(self.view, self.parts, self._config)
        self._context = self._fence.context()

    def image(self, part: Part) -> str:
        """The image that a part is built and tested in; empty if that is this very machine."""
        config = self._config
        if config.sandbox != "docker":
            return ""
        of_pack = config.buildpacks.get(part.pack.name)
        return config.image or (of_pack and of_pack.image) or part.pack.image

    @cached_property
    def plans(self) -> tuple[BuildPlan, ...]:
        """How the packs make the environments and run the tests, part by part. Raises `UsageError` if one cannot."""
        return tuple(map(self._plan, self.parts))

    def _plan(self, part: Part) -> BuildPlan:
        config, source = self._config, self._record.projection.source
        version = source.version if source else ""
        options = PlanOptions(config.test, config.env, config.packages, version, self.image(part), part.tree)
        try:
            plan = part.pack.plan(part.view(self.view), options)
        except BuildpackError as error:
            where = f"{part.root}: " if part.root else ""
            raise UsageError(f"{where}{error}") from error
        services = tuple(Service(name, **service.model_dump()) for name, service in config.services.items())
        return replace(plan, services=(*plan.services, *services))

    def is_source(self, path: str) -> bool:
        """Whether the search may change a path."""
        return self._fence.is_source(path)

    def gate_context(self, projection: Projection) -> Context:
        """What rules see at this point of the session."""
        state, ready = projection.state, projection.models
        return replace(
            self._context,
            commands=tuple(plan.test for plan in self.plans),
            models=ready.cards if ready else (),
            left_usd=max(0.0, self._config.max_cost - projection.spent_usd),
            used_ids=projection.used_ids,
            reproduced=state.baseline is not None,
            applied=state.applied is not None,
            verified=state.verdict is not None and state.verdict.accepted,
            ended=state.ended is not None,
        )

    def planner_context(self, projection: Projection) -> PlannerContext:
        """What planners see besides the state. Raises `JournalError` if the issue's text was changed."""
        config, ready = self._config, self._record.projection.models
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
