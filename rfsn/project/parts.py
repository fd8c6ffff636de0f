"""The parts of a repository: each a folder with a project, its buildpack, and the prefix of its test ids.

A buildpack knows nothing of parts: its tree is the folder of one. Paths and ids are translated here, between those of
the pack and those of the whole tree.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from buildpacks import (
    Buildpack,
    CaseId,
    CaseResult,
    CaseTrace,
    Frame,
    RepoView,
    RunRequest,
    SuiteReport,
    Touched,
)
from buildpacks.generic import GenericBuildpack
from buildpacks.view import PartView
from rfsn.errors import UsageError
from rfsn.project.packs import detect_buildpacks
from rfsn.tables import BuildpackConfig
from sandbox import REPO

__all__ = ["Part", "find_parts"]

_MOST = 16
"""The most parts of a repository: each takes an environment, and its time of every run."""

_SURE = 0.8
"""The confidence from which on a pack gets a part, also beside others."""

_NONE: Mapping[str, BuildpackConfig] = {}


@dataclass(frozen=True, slots=True)
class Part:
    """One project of a repository.

    `root` is its folder, empty for the whole tree. `mark` comes after that at the start of its ids if another part has
    the same root, or one around it.
    """

    root: str
    pack: Buildpack
    mark: str = ""

    @property
    def tree(self) -> str:
        """Its folder in a sandbox."""
        return f"{REPO}/{self.root}" if self.root else REPO

    @property
    def name(self) -> str:
        """Its name in messages: its folder, else the name of its pack."""
        return self.root or self.pack.name

    def view(self, whole: RepoView) -> RepoView:
        """The files of the part, as a view of the whole tree."""
        return PartView(whole, self.root) if self.root else whole

    def path(self, own: str) -> str:
        """The path in the whole tree of a path of the pack's."""
        return f"{self.root}/{own}" if self.root and own else own

    def own_path(self, path: str) -> str | None:
        """The pack's path for a `path` in the whole tree; None if it is outside the part."""
        if not self.root:
            return path
        return path.removeprefix(f"{self.root}/") if path.startswith(f"{self.root}/") else None

    def id(self, own: str) -> str:
        """The id in the whole repository of an id of the pack's."""
        return f"{self.root}/{self.mark}{own}" if self.root else f"{self.mark}{own}"

    def own_id(self, id: str) -> str | None:
        """The pack's id for an `id` in the whole repository; None if it belongs to another part."""
        prefix = self.id("")
        return id.removeprefix(prefix) if id.startswith(prefix) else None

    def case(self, own: CaseResult) -> CaseResult:
        """A result of the pack's, in terms of the whole repository."""
        frames, places = self._frames(own.frames), self._frames(own.places)
        return replace(own, id=self.id(own.id), frames=frames, places=places, parsed=self._parsed(own.parsed))

    def report(self, own: SuiteReport) -> SuiteReport:
        """A report of the pack's, in terms of the whole repository."""
        if not self.id(""):
            return own
        cases, canaries = (tuple(map(self.case, cases)) for cases in (own.cases, own.canaries))
        findings = tuple(replace(finding, id=self.id(finding.id)) for finding in own.findings)
        touched = self._touched(own.touched)
        return replace(own, cases=cases, canaries=canaries, findings=findings, touched=touched)

    def own_request(self, request: RunRequest) -> RunRequest:
        """A request in the pack's terms. An id of no part stays as it is: the runner says that it is unknown."""
        watched = {
            self.own_id(id) or id: tuple(
                replace(place, path=self.own_path(place.path) or place.path) for place in places
            )
            for id, places in request.watched.items()
        }
        ids = tuple(self.own_id(id) or id for id in request.ids)
        limits = {self.own_id(id) or id: limit for id, limit in request.limits.items()}
        return replace(request, ids=ids, limits=limits, watched=watched)

    def trace(self, own: CaseTrace) -> CaseTrace:
        """A trace of the pack's, in terms of the whole repository."""
        if not self.id(""):
            return own
        return replace(
            own,
            id=self.id(own.id),
            lines=self.paths(own.lines),
            frames=self._frames(own.frames),
            kinds=self.paths(own.kinds),
            parsed=self._parsed(own.parsed),
        )

    def paths[Value](self, own: Mapping[str, Value]) -> Mapping[str, Value]:
        """A mapping by the pack's paths, keyed by those in the whole tree."""
        return {self.path(path): value for path, value in own.items()} if self.root else own

    def _touched(self, own: Touched) -> Touched:
        def pairs(known: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
            return tuple((self.path(path), self.path(by)) for path, by in known)

        collected, plugins, written = (
            tuple(map(self.path, known)) for known in (own.collected, own.plugins, own.written)
        )
        return Touched(collected, plugins, pairs(own.imported), pairs(own.opened), written)

    def _frames(self, own: tuple[Frame, ...]) -> tuple[Frame, ...]:
        return tuple(replace(frame, path=self.path(frame.path)) for frame in own)

    def _parsed(self, own: CaseId) -> CaseId:
        return replace(own, file=self.path(own.file))


def find_parts(
    view: RepoView, settings: Mapping[str, BuildpackConfig] = _NONE, command: Sequence[str] | None = None
) -> tuple[Part, ...]:
    """The parts of a tree, by root and name; if no pack is confident, those of the most confident one.

    With a `command`, the tree is one part: what the user gives is for all of it. Its pack is the one that knows the
    runner, else its exit code is all that is known, in the environment of the surest pack. The `settings` are for the
    packs by name. Raises `UsageError` if no buildpack recognizes the tree.
    """
    detected = detect_buildpacks(view, settings, command)
    if command:
        known = (pack for pack, _ in detected if pack.runs(view, command))
        surest = detected[0][0] if detected else None
        return (Part("", next(known, None) or GenericBuildpack(surest)),)
    confident = [(pack, detection) for pack, detection in detected if detection.confidence >= _SURE]
    taken: dict[tuple[str, str], Buildpack] = {}
    for pack, detection in confident or [detected[0]]:
        for root in detection.roots:
            taken.setdefault((root, pack.language), pack)
    if len(taken) > _MOST:
        raise UsageError(f"{len(taken)} projects in one repository are too many: name the folder of one as REPO")
    roots = [root for root, _ in taken]
    parts = (Part(root, pack, _mark(root, pack.name, roots)) for (root, _), pack in taken.items())
    return tuple(sorted(parts, key=lambda part: (part.root, part.pack.name)))


def _mark(root: str, name: str, roots: Sequence[str]) -> str:
    """What tells the ids of a part from those of others that its folder could hold: needed inside of another part."""
    around = [other for other in roots if not other or root == other or root.startswith(f"{other}/")]
    return f"{name}:" if len(around) > 1 else ""
