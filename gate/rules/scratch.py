"""A scratch test is a new file among the tests: it takes no file's place and configures nothing."""

from __future__ import annotations

from gate.decision import Context, DenialKind, Denied
from gate.paths import path_problem
from gate.vocabulary import Proposal, RunTests

__all__ = ["ScratchBesideTests"]

_MAX_BYTES = 100_000
_CONFIGURATION = frozenset({"conftest.py", "__init__.py", "setup.py"})
"""Files among the tests that a runner reads for what it does, and not for tests alone."""


class ScratchBesideTests:
    """Denies a scratch test at a path that is taken, not plain or not among the tests, or that configures a runner."""

    id = "scratch.beside-tests"

    def check(self, proposal: Proposal, context: Context) -> Denied | None:
        action = proposal.action
        if not isinstance(action, RunTests) or action.scratch is None:
            return None
        path = action.scratch.path
        if problem := path_problem(path):
            return self._denied(f"{path!r}: {problem}")
        if path in context.base.files or path in context.base.folders or context.base.link_above(path):
            return self._denied(f"{path} is in the base")
        if context.base.collision(path) or context.base.file_above(path):
            return self._denied(f"{path} may coincide with another path of the base")
        if path.rpartition("/")[2].lower() in _CONFIGURATION:
            return self._denied(f"{path} would configure the runner")
        if not context.protected(path):
            return self._denied(f"{path} is not among the tests")
        if len(action.scratch.content) > _MAX_BYTES:
            return self._denied(f"{path} has {len(action.scratch.content)} bytes, more than {_MAX_BYTES}")
        return None

    def _denied(self, reason: str) -> Denied:
        return Denied(self.id, DenialKind.INVARIANT, reason, "write a test file of a new name beside the other tests")
