"""A tree under a configuration: its parts, and how each is built and tested."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from buildpacks import BuildpackError, BuildPlan, Choice, PlanOptions
from buildpacks.view import FolderView
from rfsn.config import Config
from rfsn.errors import UsageError
from rfsn.project.packs import buildpack_names
from rfsn.project.parts import Part, find_parts
from sandbox import Service

__all__ = ["Layout", "check_buildpacks"]

_NONE: Mapping[tuple[str, str], Choice] = {}


def check_buildpacks(config: Config) -> None:
    """Raise `UsageError` if a configuration has settings for a pack that is not installed, too few to make it."""
    known = buildpack_names()
    whole = {name for name, settings in config.buildpacks.items() if settings.files and settings.test}
    if fetching := [name for name, settings in config.buildpacks.items() if settings.fetch and name in known]:
        raise UsageError(
            f"buildpacks.{fetching[0]}.fetch: an installed buildpack fetches for itself; only a new one may"
        )
    if unknown := [name for name in config.buildpacks if name not in {*known, *whole}]:
        raise UsageError(
            f"the configuration has settings for the unknown buildpack {unknown[0]}; installed: {', '.join(known)}; "
            "a new one needs at least files and test"
        )


class Layout:
    """The parts of the tree in the folder `base`, and their plans, made when they are asked for."""

    def __init__(
        self,
        base: Path,
        config: Config,
        version: str = "",
        parts: tuple[Part, ...] = (),
        date: str = "",
        choices: Mapping[tuple[str, str], Choice] = _NONE,
    ) -> None:
        """`parts` are those that are found, unless the caller knows.

        Raises `UsageError` if no buildpack recognizes the tree, or the configuration names one not installed.

        `version` is for builds that would otherwise derive one from the history, `date` the day of the commit. The
        `choices` of environments, by the root and the pack of their parts, are those that were made before.
        """
        check_buildpacks(config)
        self.base = base
        self.config = config
        self.view = FolderView(base)
        self.parts = parts or find_parts(self.view, config.buildpacks, config.test)
        self._version = version
        self._date = date
        self._choices = choices

    def image(self, part: Part) -> str:
        """The image that a part is built and tested in; empty if that is this very machine."""
        config = self.config
        if config.sandbox != "docker":
            return ""
        of_pack = config.buildpacks.get(part.pack.name)
        return config.image or (of_pack and of_pack.image) or part.pack.image

    @cached_property
    def plans(self) -> tuple[BuildPlan, ...]:
        """How the packs make the environments and run the tests, part by part. Raises `UsageError` if one cannot."""
        plans = tuple(self.plan(part, self._choices.get((part.root, part.pack.name))) for part in self.parts)
        if self.config.with_packages and not any(plan.added for plan in plans):
            names = ", ".join(part.name for part in self.parts)
            raise UsageError(f"--with adds packages to Python projects, and there is none here ({names}): leave it out")
        return plans

    def plan(self, part: Part, choice: Choice | None = None) -> BuildPlan:
        """The plan of a part, with another environment than the pack's own choice if there is a `choice`."""
        config, choice = self.config, choice or Choice()
        options = PlanOptions(
            config.test,
            config.env,
            config.packages,
            config.with_packages,
            self._version,
            choice.python or config.python or "",
            self._date,
            choice.as_of,
            self.image(part),
            part.tree,
        )
        try:
            plan = part.pack.plan(part.view(self.view), options)
        except BuildpackError as error:
            where = f"{part.root}: " if part.root else ""
            raise UsageError(f"{where}{error}") from error
        services = tuple(Service(name, **service.model_dump()) for name, service in config.services.items())
        return replace(plan, services=(*plan.services, *services))
