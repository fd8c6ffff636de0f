"""What a repair may touch: the protected files of a project, and what the user allows nevertheless."""

from __future__ import annotations

from collections.abc import Sequence

import pathspec

from buildpacks import Buildpack
from buildpacks.view import FolderView
from gate import BasePaths, Context
from rfsn.config import Config

__all__ = ["Fence"]


class Fence:
    """Around one tree, for one configuration."""

    def __init__(self, view: FolderView, pack: Buildpack, config: Config) -> None:
        protected, tests = pack.protected(view), frozenset(pack.tests(view))
        self._view = view
        self._protected = pathspec.GitIgnoreSpec.from_lines((*protected, *config.protect))
        self._tests = pathspec.GitIgnoreSpec.from_lines(tests if config.allow_test_edits else ())
        others = (*(pattern for pattern in protected if pattern not in tests), *config.protect)
        self._never_tests = pathspec.GitIgnoreSpec.from_lines(others)
        self._named = pathspec.GitIgnoreSpec.from_lines(_globs(config.allow_path))
        self._paths = BasePaths(view.files(), view.links(), view.executables())

    def protected(self, path: str) -> bool:
        """Whether a path belongs to tests, configuration or dependencies."""
        return self._protected.match_file(path)

    def lifted(self, path: str) -> bool:
        """Whether the user allows whatever happens to a path: one that was named, or a test where tests may change.

        The configuration of tests is no test, nor is a file that is protected by name.
        """
        if self._named.match_file(path):
            return True
        return self._tests.match_file(path) and not self._never_tests.match_file(path)

    def is_source(self, path: str) -> bool:
        """Whether a search for faults may change a path. Tests say what is right, also where they may change."""
        return not self.protected(path) or self._named.match_file(path)

    def context(self) -> Context:
        """What rules may look at, before any session begins."""
        return Context(self._paths, self._view.read, self.protected, self.lifted)


def _globs(patterns: Sequence[str]) -> list[str]:
    """Patterns that name paths from the root, and nothing that a leading sign would make of them."""
    return [f"/{pattern.removeprefix('./').lstrip('/')}" for pattern in patterns]
