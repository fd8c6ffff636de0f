"""What a repair may touch: the protected files of a project, and those that the user allows all the same."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace
from posixpath import basename, normpath
from typing import Self

import pathspec

from buildpacks import Touched
from buildpacks.text import escaped
from buildpacks.view import FolderView
from gate import BasePaths, Context, SizeLimits
from rfsn.config import Config
from rfsn.project.parts import Part
from rfsn.project.testside import TestSide, test_side

__all__ = ["Fence"]

_LARGE = SizeLimits(files=100_000, lines=10_000_000, bytes=1 << 30)
_WORD = re.compile(r"[^\s'\";&|()<>=]+")


class Fence:
    """Which files of one tree are protected, under one configuration.

    The patterns of a buildpack apply from the folder of its part, and from the top of the tree as well: files outside
    all parts may configure them.
    """

    def __init__(self, view: FolderView, parts: Sequence[Part], config: Config) -> None:
        self._view = view
        self._observed = TestSide()
        self._parts = [_Protected.of(part, view, config) for part in parts]
        self._parts += [_Protected.of(replace(part, root=""), view, config) for part in parts if part.root]
        self._protected = _spec(config.protect)
        self._commanded = _spec(_named_by(config, view))
        self._named = _spec(_globs(config.allow_path))
        self._test_edits = config.allow_test_edits
        self._pull_request = config.pull_request
        self._capabilities = frozenset[str](config.allow_capability)
        self._limits = _LARGE if config.allow_large else SizeLimits()
        self._paths = BasePaths(view.files(), view.links(), view.executables())

    def observing(self, touched: Touched) -> Self:
        """The same fence, with what a run of the base showed to belong to the tests."""
        wider = copy(self)
        wider._observed = test_side(self._view, self._is_of_tests, touched)  # noqa: SLF001  # a copy of this one
        return wider

    @property
    def observed(self) -> tuple[str, ...]:
        """The files that are protected because a run of the base showed that they belong to the tests."""
        return tuple(sorted(self._observed.files))

    def protected(self, path: str) -> bool:
        """Whether a path belongs to tests, configuration or dependencies."""
        return path in self._observed or self._is_known(path)

    def _is_known(self, path: str) -> bool:
        by_name = self._protected.match_file(path) or self._commanded.match_file(path)
        return by_name or any(part.protects(path) for part in self._parts)

    def _is_of_tests(self, path: str) -> bool:
        """Whether the patterns know a path as one of the tests, or as code that configures their runner."""
        return basename(path) == "conftest.py" or any(part.holds_test(path) for part in self._parts)

    def lifted(self, path: str) -> bool:
        """Whether the user allows any change of a path: one that was named, or a test if tests may change.

        The configuration of tests does not count as a test, nor does a file that is protected by name.
        """
        if self._named.match_file(path):
            return True
        if self._protected.match_file(path):
            return False
        tests = any(part.is_test(path) for part in self._parts) or (
            (self._test_edits or self._pull_request) and path in self._observed
        )
        return tests and not any(part.configures(path) for part in self._parts)

    def is_source(self, path: str) -> bool:
        """Whether the search may change a path. It changes no tests, which define what is right, even if it may."""
        return not self.protected(path) or self._named.match_file(path)

    def context(self) -> Context:
        """What rules see before any session begins."""
        return Context(
            self._paths,
            self._view.read,
            self.protected,
            self.lifted,
            limits=self._limits,
            test_edits=self._test_edits,
            pull_request=self._pull_request,
            capabilities=self._capabilities,
        )


@dataclass(frozen=True, slots=True)
class _Protected:
    """What one part protects: the `known` tests, the `tests` that the user lets patches change, and `others`."""

    part: Part
    all: pathspec.GitIgnoreSpec
    known: pathspec.GitIgnoreSpec
    tests: pathspec.GitIgnoreSpec
    others: pathspec.GitIgnoreSpec

    @classmethod
    def of(cls, part: Part, view: FolderView, config: Config) -> Self:
        own = part.view(view)
        protected, tests = part.pack.protected(own), frozenset(part.pack.tests(own))
        others = [pattern for pattern in protected if pattern not in tests]
        allowed = tests if config.allow_test_edits or config.pull_request else ()
        return cls(part, _spec(protected), _spec(tests), _spec(allowed), _spec(others))

    def protects(self, path: str) -> bool:
        return self._matches(self.all, path)

    def holds_test(self, path: str) -> bool:
        return self._matches(self.known, path)

    def is_test(self, path: str) -> bool:
        return self._matches(self.tests, path)

    def configures(self, path: str) -> bool:
        return self._matches(self.others, path)

    def _matches(self, spec: pathspec.GitIgnoreSpec, path: str) -> bool:
        own = self.part.own_path(path)
        return own is not None and spec.match_file(own)


def _spec(patterns: Iterable[str]) -> pathspec.GitIgnoreSpec:
    return pathspec.GitIgnoreSpec.from_lines(patterns)


def _globs(patterns: Sequence[str]) -> list[str]:
    """Patterns of paths from the root, in which a leading sign has no special meaning."""
    return [f"/{pattern.removeprefix('./').lstrip('/')}" for pattern in patterns]


def _named_by(config: Config, view: FolderView) -> Iterator[str]:
    """Patterns of the files of the tree that the user's test commands name: they decide what passes."""
    commands = [config.test or (), *(pack.test for pack in config.buildpacks.values())]
    words = {normpath(word) for command in commands for text in command for word in _WORD.findall(text)}
    for path in sorted(words.intersection(view.files())):
        yield f"/{escaped(path)}"
