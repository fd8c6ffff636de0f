"""Reading and searching for planners, whose wishes may be a model's."""

from __future__ import annotations

import pytest

from planners.testing import GivenTree
from rfsn.loop.looking import read_file, search_code

TREE = GivenTree({"a.py": b"KEY = 1\n", "b.txt": b"no KEY\n", ".env": b"KEY=secret\n", "id_rsa": b"KEY"})


def test_lines_of_files_with_keys_are_never_found() -> None:
    assert search_code(TREE, "KEY", "*").text == "a.py:1: KEY = 1\nb.txt:1: no KEY"
    assert search_code(TREE, "KEY", "*.py").text == "a.py:1: KEY = 1"


@pytest.mark.parametrize(
    ("pattern", "path"),
    [("lib/", "lib/a/b.py"), ("/lib", "lib/a.py"), ("**/b.py", "lib/a/b.py"), ("lib/*.py", "lib/a.py"), ("a", "a/b/c")],
)
def test_a_pattern_is_one_of_gitignore(pattern: str, path: str) -> None:
    tree = GivenTree({path: b"KEY", "other": b"KEY"})
    assert search_code(tree, "KEY", pattern).text == f"{path}:1: KEY"


def test_a_pattern_and_a_name_that_fit_in_very_many_ways_take_no_time() -> None:
    tree = GivenTree({"a" * 200 + ".py": b"KEY"})
    assert search_code(tree, "KEY", "*a" * 100 + "*b").text == "nothing found"


@pytest.mark.parametrize(("text", "pattern"), [("\ud800", "*"), ("KEY", "\ud800"), ("KEY", "\\"), ("KEY", "[z-a]")])
def test_what_nothing_can_fit_finds_nothing(text: str, pattern: str) -> None:
    assert search_code(TREE, text, pattern).text == "nothing found"


@pytest.mark.parametrize("pattern", ["!", "", "# a", "a.py\nb.txt"])
def test_a_pattern_that_is_none_is_said_so(pattern: str) -> None:
    found = search_code(TREE, "KEY", pattern)
    assert (found.text, found.exit_code) == (f"{pattern!r} is not a pattern of files", 1)


def test_no_line_of_a_key_and_no_beginning_of_a_token_is_found() -> None:
    lines = "\n".join("MIIEpAIBAAKCAQEA7bq0" + letter for letter in "abc")
    key = "-----BEGIN " + f"RSA PRIVATE KEY-----\n{lines}\n-----END RSA PRIVATE KEY-----"
    token = "ghp_" + "wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx"
    tree = GivenTree({"a.py": f"K = '''{key}'''\n{'- ' * 95}{token}\nMII = 1\n".encode()})
    found = search_code(tree, "MII", "*").text.splitlines()
    assert found == [*(f"a.py:{number}: [private]" for number in (2, 3, 4)), "a.py:7: MII = 1"]
    assert search_code(tree, "- -", "*").text == f"a.py:6: {'- ' * 95}[private]"


def test_a_file_that_is_not_there_is_said_so() -> None:
    assert read_file(TREE, "c.py").exit_code == 1


def test_a_long_file_is_read_piece_by_piece() -> None:
    text = "".join(f"line {number}\n" for number in range(1, 2_001))
    tree = GivenTree({"long.py": text.encode(), "wide.py": b"x" * 30_000})
    first = read_file(tree, "long.py").text
    head, _, piece = first.partition("\n")
    last = piece.count("\n") + 1
    assert head == f"(lines 1 to {last} of 2000)"
    assert len(first) < 10_000
    second = read_file(tree, "long.py", last + 1).text
    assert second.startswith(f"(lines {last + 1} to ")
    assert second.splitlines()[1] == f"line {last + 1}"
    assert read_file(tree, "long.py", 1_999).text == "(lines 1999 to 2000 of 2000)\nline 1999\nline 2000"
    assert read_file(tree, "long.py", 9_999).text == "(lines 2000 to 2000 of 2000)\nline 2000"
    assert len(read_file(tree, "wide.py").text) < 10_000
