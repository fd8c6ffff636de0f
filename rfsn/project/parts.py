"""The parts of a repository: each a folder with a project, the buildpack that knows it, and how ids of its tests begin.

A buildpack knows nothing of parts: its tree is the folder of one. What it says of files and tests is put in terms of
the whole tree here, and what is asked of it in its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from buildpacks import Buildpack, CaseId, CaseResult, CaseTrace, Frame, RepoView, SuiteReport
from buildpacks.view import PartView
from rfsn.plugins import detect_buildpacks
from sandbox import REPO

__all__ = ["Part", "find_parts"]

_SURE = 0.8
"""How sure a pack must be of a project for others to have a part beside it."""


@dataclass(frozen=True, slots=True)
class Part:
    """One project of a repository.

    `root` is its folder, empty for the whole tree. `mark` is what its ids begin with after that, where another part has
    the same root.
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
        """What messages call it: its folder, else the name of its pack."""
        return self.root or self.pack.name

    def view(self, whole: RepoView) -> RepoView:
        """The files of the part, out of those of the whole tree."""
        return PartView(whole, self.root) if self.root else whole

    def path(self, own: str) -> str:
        """The path in the whole tree of a file that the pack names."""
        return f"{self.root}/{own}" if self.root and own else own

    def own_path(self, path: str) -> str | None:
        """What the pack calls the file at `path`; None where it is outside of the part."""
        if not self.root:
            return path
        return path.removeprefix(f"{self.root}/") if path.startswith(f"{self.root}/") else None

    def id(self, own: str) -> str:
        """The id in the whole repository of a test that the pack names."""
        return f"{self.root}/{self.mark}{own}" if self.root else f"{self.mark}{own}"

    def own_id(self, id: str) -> str | None:
        """What the pack calls the test `id`; None where it is of another part."""
        beginning = self.id("")
        return id.removeprefix(beginning) if id.startswith(beginning) else None

    def case(self, own: CaseResult) -> CaseResult:
        """A result of the pack's, in terms of the whole repository."""
        return replace(own, id=self.id(own.id), frames=self._frames(own.frames), parts=self._parts(own.parts))

    def report(self, own: SuiteReport) -> SuiteReport:
        """A report of the pack's, in terms of the whole repository."""
        if not self.id(""):
            return own
        cases, canaries = (tuple(map(self.case, cases)) for cases in (own.cases, own.canaries))
        return replace(own, cases=cases, canaries=canaries)

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
            parts=self._parts(own.parts),
        )

    def paths[Value](self, own: Mapping[str, Value]) -> Mapping[str, Value]:
        """What the pack says by path, by the paths in the whole tree."""
        return {self.path(path): value for path, value in own.items()} if self.root else own

    def _frames(self, own: tuple[Frame, ...]) -> tuple[Frame, ...]:
        return tuple(replace(frame, path=self.path(frame.path)) for frame in own)

    def _parts(self, own: CaseId) -> CaseId:
        return replace(own, file=self.path(own.file))


def find_parts(view: RepoView, *, whole: bool = False) -> tuple[Part, ...]:
    """The parts of a tree, by root and name; the surest pack's where none is sure.

    With `whole`, the tree is one part: a test command that a user gives is one for all of it. Raises `UsageError` where
    no buildpack knows the tree.
    """
    detected = detect_buildpacks(view)
    if whole:
        return (Part("", detected[0][0]),)
    sure = [one for one in detected if one[1].confidence >= _SURE] or [detected[0]]
    taken: dict[tuple[str, str], Buildpack] = {}
    for pack, detection in sure:
        for root in detection.roots:
            taken.setdefault((root, pack.language), pack)
    shared = Counter(root for root, _ in taken)
    parts = (Part(root, pack, f"{pack.name}:" if shared[root] > 1 else "") for (root, _), pack in taken.items())
    return tuple(sorted(parts, key=lambda part: (part.root, part.pack.name)))
