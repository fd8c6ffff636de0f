from __future__ import annotations

import ast
import hashlib
import subprocess
import sys
import warnings
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.patch import EditFile
from planners.search.candidates import enumerate_candidates
from planners.search.localize import Suspect
from planners.search.python.source import fingerprint
from planners.testing import GivenTree

if TYPE_CHECKING:
    from tests.planners.search.conftest import Search

ROOT = Path(__file__).parents[3]
PROGRAM = b"""\
def find(items, wanted, start=0):
    '''Where it is.'''
    low, high = start, len(items) - 1
    while low < high and (wanted is not None or
                          start):  # a comment
        middle = (low + high) // 2
        if items[middle] == wanted:
            return f"{middle}: {items[middle]!r}"
        elif items[middle] < wanted:
            low = middle + 1
        else:
            high = middle - 1
    return -1
"""
_DIGEST = """
import hashlib, sys
from conftest import Search
raw = sys.stdin.buffer.read()
print(hashlib.sha256(repr([list(Search()(raw, width)) for width in (0, 1)]).encode()).hexdigest())
"""


def parsed(raw: bytes) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return fingerprint(ast.parse(raw))


@pytest.mark.thorough
def test_every_candidate_parses_differs_and_comes_once(search: Search) -> None:
    trees = [parsed(PROGRAM)]
    trees += [parsed(search.result(candidate, PROGRAM)) for width in (0, 1) for candidate in search(PROGRAM, width)]
    assert len(trees) > 2000
    assert len(set(trees)) == len(trees)


@settings(deadline=None, max_examples=15)
@given(st.sampled_from(sorted((ROOT / "planners").rglob("*.py"))), st.integers(0, 600))
def test_candidates_of_real_files_parse(search: Search, path: Path, first: int) -> None:
    raw = path.read_bytes()
    original = parsed(raw)
    for candidate in islice(search(raw), first, first + 40):
        assert parsed(search.result(candidate, raw)) != original


def test_scores_fall(search: Search) -> None:
    scores = [candidate.score for candidate in search(PROGRAM)]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.thorough
def test_the_order_is_the_same_in_other_processes(search: Search) -> None:
    here = Path(__file__).parent
    digests = [
        subprocess.run(
            [sys.executable, "-c", _DIGEST],
            input=PROGRAM,
            stdout=subprocess.PIPE,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": f"{ROOT}:{here}"},
        ).stdout
        for seed in ("1", "2")
    ]
    sequence = repr([list(search(PROGRAM, width)) for width in (0, 1)])
    assert {digest.decode().strip() for digest in digests} == {hashlib.sha256(sequence.encode()).hexdigest()}


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    "raw",
    [
        PROGRAM.replace(b"\n", b"\r\n"),
        PROGRAM.replace(b"    ", b"\t"),
        b"\xef\xbb\xbf" + PROGRAM,
        PROGRAM.replace(b"Where it is", "Où, 日本 𝄞".encode()).replace(b"wanted", "gewünscht".encode()),
        b"# -*- coding: latin-1 -*-\nname = '\xe9\xe8'; other = '\xfc'\n" + PROGRAM,
        PROGRAM.rstrip(b"\n"),
    ],
    ids=["CRLF", "tabs", "BOM", "non-ASCII", "latin-1", "no last newline"],
)
def test_bytes_outside_the_edit_are_unchanged(search: Search, raw: bytes) -> None:
    for candidate in search(raw):
        (operation,) = candidate.patch
        assert isinstance(operation, EditFile)
        after = search.result(candidate, raw)
        parsed(after)
        assert after.count(b"\r\n") == after.count(b"\n") or b"\r\n" not in raw
        assert after.startswith(raw[: operation.edits[0].start])
        assert after.endswith(raw[operation.edits[-1].end :])


def test_what_suspicious_lines_read_is_suspicious_where_it_is_defined() -> None:
    raw = b"SIZES = {\n    'a': 7,\n}\nOTHER = 8\n\n\ndef f(a):\n    return SIZES[a]\n"
    tree = GivenTree({"program.py": raw})
    places = {one.location for one in enumerate_candidates(tree, [Suspect("program.py", 8, 1.0)])}
    assert {"program.py:2", "program.py:8"} <= places
    assert "program.py:4" not in places


def test_edits_name_the_right_place(search: Search) -> None:
    raw = "text = 'é'; size = 1 + len(text)\n".encode()
    edits = {
        (raw[edit.start : edit.end], edit.text)
        for candidate in search(raw)
        for operation in candidate.patch
        if isinstance(operation, EditFile)
        for edit in operation.edits
    }
    assert (b"1", b"2") in edits
    assert (b"+", b"-") in edits


@pytest.mark.parametrize("raw", [b"def broken(:\n", b"# coding: nonsense\nx = 1\n", b"x = '\xff'\n", b"\0", b""])
def test_files_that_are_no_python_are_skipped(search: Search, raw: bytes) -> None:
    assert list(search(raw)) == []


def test_missing_files_are_skipped(search: Search) -> None:
    assert list(enumerate_candidates(search.tree({}), [Suspect("gone.py", 1, 1.0)])) == []


def test_suspicious_lines_come_first(search: Search) -> None:
    raw = b"def f(a, b=1):\n    c = a + b\n    d = a + b\n    return c, d\n\n\ndef g(a):\n    return a + 1\n"
    suspects = [Suspect(search.path, line, score) for line, score in ((3, 1.0), (2, 0.1), (8, 0.1))]
    view = search.tree({search.path: raw})
    normal = list(enumerate_candidates(view, suspects))
    assert normal[0].location == f"{search.path}:3"
    # A header is half as suspicious as its body, and lines of the same function that ran are nearly so.
    assert {candidate.location for candidate in normal} == {f"{search.path}:{line}" for line in (1, 2, 3)}
    wide = {candidate.location for candidate in enumerate_candidates(view, suspects, width=1)}
    assert wide >= {f"{search.path}:4", f"{search.path}:8"}


def test_candidates_are_made_lazily() -> None:
    content = {f"m{number}.py": PROGRAM for number in range(20)}
    reads: list[str] = []

    class Watched:
        def files(self) -> list[str]:
            return sorted(content)

        def exists(self, path: str) -> bool:
            return path in content

        def read(self, path: str) -> bytes:
            reads.append(path)
            return content[path]

    suspects = [Suspect(path, 4, 1.0 / (place + 1)) for place, path in enumerate(content)]
    stream = enumerate_candidates(Watched(), suspects)
    assert reads == []
    next(stream)
    assert reads == ["m0.py"]


def test_a_line_continued_over_several_belongs_to_its_statement(search: Search) -> None:
    raw = b"def f(a, b):\n    return g(\n        a,\n        b,\n    )\n"
    stream = enumerate_candidates(search.tree({search.path: raw}), [Suspect(search.path, 2, 1.0)])
    assert raw.replace(b"        b,", b"        a,") in {search.result(candidate, raw) for candidate in stream}


def test_annotations_docstrings_and_decorators_are_left_alone(search: Search) -> None:
    raw = b"@mark(1)\ndef f(a: Size = 2) -> Other:\n    '''one'''\n    b: Size\n"
    for candidate in search(raw):
        after = search.result(candidate, raw)
        assert b"@mark(1)\n" in after
        assert b"a: Size" in after
        assert b"-> Other" in after
        assert b"'''one'''" in after


def test_what_the_values_were_decides_what_is_done_with_them(search: Search) -> None:
    raw = b"def f(a, b):\n    return a\n"
    tree, suspects = search.tree({search.path: raw}), [Suspect(search.path, 2, 1.0)]

    def made(**kinds: str) -> set[bytes]:
        seen = {search.path: {"f": {name: frozenset({kind}) for name, kind in kinds.items()}}}
        return {search.result(candidate, raw) for candidate in enumerate_candidates(tree, suspects, kinds=seen)}

    sliced, shifted = b"def f(a, b):\n    return a[1:]\n", b"def f(a, b):\n    return a + 1\n"
    assert {sliced, shifted} <= made()
    assert sliced in made(a="sequence")
    assert shifted not in made(a="sequence")
    assert shifted in made(a="number")
    assert sliced not in made(a="number")
    added = b"def f(a, b):\n    a.add(b)\n    return a\n"
    assert added in made(a="set")
    assert added not in made(a="number")


def test_a_line_is_never_less_suspicious_for_the_function_around_it(search: Search) -> None:
    raw = b"def f(a, b):\n    return a + b\n\n\ndef g(a, b):\n    c = a + b\n    d = a + b\n    return c, d\n"
    suspects = [Suspect(search.path, line, score) for line, score in ((2, 1.0), (6, 0.3), (7, 0.2))]
    best: dict[str, float] = {}
    for candidate in enumerate_candidates(search.tree({search.path: raw}), suspects):
        if candidate.operator == "arithmetic":
            best.setdefault(candidate.location, candidate.score)
    assert best[f"{search.path}:7"] / best[f"{search.path}:6"] == pytest.approx(0.2 / 0.3)
