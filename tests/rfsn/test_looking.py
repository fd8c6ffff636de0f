"""Reading and searching for planners, whose wishes may be a model's."""

from __future__ import annotations

import pytest

from planners.testing import GivenTree
from rfsn.loop.looking import read_file, search_code

TREE = GivenTree({"a.py": b"KEY = 1\n", "b.txt": b"no KEY\n", ".env": b"KEY=secret\n", "id_rsa": b"KEY"})


def test_lines_of_files_with_keys_are_never_found() -> None:
    assert search_code(TREE, "KEY", "*").text == "a.py:1: KEY = 1\nb.txt:1: no KEY"
    assert search_code(TREE, "KEY", "*.py").text == "a.py:1: KEY = 1"


@pytest.mark.parametrize("pattern", ["!", "\\", "[z-a]"])
def test_a_pattern_that_is_none_is_said_so(pattern: str) -> None:
    found = search_code(TREE, "KEY", pattern)
    assert (found.text, found.exit_code) == (f"{pattern!r} is not a pattern of files", 1)


def test_a_file_that_is_not_there_is_said_so() -> None:
    assert read_file(TREE, "c.py").exit_code == 1
