"""The files of a working tree as its user sees them: tracked ones, and untracked ones that are not ignored."""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rfsn.errors import UsageError
from rfsn.source.excludes import users_rules
from rfsn.source.folders import read_plain
from rfsn.source.ignore import Rules, is_ignored
from rfsn.source.repository import Repository, is_repository
from sandbox.folders import opened_beneath, opened_path

__all__ = ["WorkingTree"]

_MAX_RULES_BYTES = 256 << 10
_MAX_QUESTIONS = 50_000_000


@dataclass(frozen=True, slots=True)
class _Level:
    """What is known of a folder: the rules that apply in it, nearest first, and whether it is ignored itself."""

    rules: tuple[tuple[int, Rules], ...]
    ignored: bool


class WorkingTree:
    """A selection (see `rfsn.source.copying`) of the files that git lists as tracked or untracked, beneath `folder`.

    `tracked` and `submodules` are paths from there. Repositories within are not entered, just as in git; tracked files
    are taken even if they are ignored. Raises `UsageError` if there are more ignore rules than anybody needs.
    """

    def __init__(
        self, repository: Repository, folder: Path, tracked: Iterable[str], submodules: Iterable[str] = ()
    ) -> None:
        self._repository = repository
        self._above = repository.inner(folder)
        self._names = [os.fsencode(name) for name in self._above]
        self._folder = folder
        self._tracked = frozenset(tracked)
        self._sorted = sorted(self._tracked)
        self._submodules = frozenset(submodules)
        self._asked = 0

    def start(self) -> _Level:
        """The rules of the user, of the repository, of the folders above and of this one."""
        assert self._repository.tree is not None
        levels: list[tuple[int, Rules]] = []
        with opened_path(self._repository.common, how=os.O_PATH) as common:
            exclude = _rules_in(common, ["info"], "exclude")
            if exclude:
                levels.append((0, exclude))
        if users := users_rules():
            levels.append((0, users))
        ignored = False
        with opened_path(self._repository.tree, how=os.O_PATH) as top:
            for depth in range(len(self._above) + 1):
                if depth and not ignored:
                    ignored = self._ignored(levels, self._names[:depth], is_folder=True)
                if rules := _rules_in(top, self._above[:depth], ".gitignore"):
                    levels.insert(0, (depth, rules))
        return _Level(tuple(levels), ignored)

    def enter(self, path: str, fd: int, above: _Level) -> _Level | None:
        """See `rfsn.source.copying.Selection`."""
        if path in self._submodules:
            return None
        has_tracked = self._has_tracked(path)
        if not has_tracked and (above.ignored or is_repository(fd)):
            return None
        names = self._split(path)
        ignored = above.ignored or self._ignored(above.rules, names, is_folder=True)
        if ignored:
            return _Level((), ignored=True) if has_tracked else None
        if rules := _rules_in(fd, [], ".gitignore"):
            return _Level(((len(names), rules), *above.rules), ignored=False)
        return above

    def takes(self, path: str, state: _Level) -> bool:
        """See `rfsn.source.copying.Selection`."""
        if path in self._tracked:
            return True
        return not state.ignored and not self._ignored(state.rules, self._split(path), is_folder=False)

    def _has_tracked(self, folder: str) -> bool:
        """Whether a tracked file is beneath a folder."""
        start = f"{folder}/"
        at = bisect_left(self._sorted, start)
        return at < len(self._sorted) and self._sorted[at].startswith(start)

    def _split(self, path: str) -> list[bytes]:
        return [*self._names, *os.fsencode(path).split(b"/")]

    def _ignored(self, rules: Sequence[tuple[int, Rules]], names: list[bytes], *, is_folder: bool) -> bool:
        self._asked += sum(len(of_level) for _, of_level in rules)
        if self._asked > _MAX_QUESTIONS:
            raise UsageError(f"{self._folder} has too many ignore rules for so many files: remove some")
        return is_ignored(rules, names, is_folder=is_folder)


def _rules_in(at: int, folders: list[str], name: str) -> Rules | None:
    """The rules in a file of an open folder; None if there are none, or it is a link, as in git."""
    try:
        with opened_beneath(at, folders) as fd:
            content = read_plain(name, fd, _MAX_RULES_BYTES, "/".join((*folders, name)))
    except OSError:
        return None
    rules = Rules(content) if content else None
    return rules or None
