"""Checks changes of one source file of a small project in any language."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from gate import BasePaths, Change, Context, FileChange, Gate


def is_test(path: str) -> bool:
    """Whether a file is one of the tests of the small projects."""
    return path.startswith(("test/", "tests/", "src/test/")) or "_test." in path


type Rules = Callable[..., set[str]]


@pytest.fixture(scope="session")
def rules() -> Rules:
    """The ids of the rules that deny a change of some files of a tree."""

    def check(tree: Mapping[str, str], changes: Mapping[str, str | None], *, test_edits: bool = False) -> set[str]:
        files = {path: text.encode() for path, text in tree.items()}

        def read(path: str) -> bytes:
            if path not in files:
                raise FileNotFoundError(path)
            return files[path]

        context = Context(BasePaths(files), read, is_test, test_edits=test_edits)
        made = {
            path: FileChange(files.get(path), after.encode() if after is not None else None)
            for path, after in changes.items()
        }
        return {denied.rule for denied in Gate().denials(Change(made), context)}

    return check
