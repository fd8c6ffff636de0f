"""What an edit made is written as a person would write it."""

from __future__ import annotations

import pytest

from gate import apply
from planners.search.candidates import enumerate_candidates
from planners.search.localize import Suspect
from planners.search.python.simplify import absurd, simplest
from planners.testing import GivenTree


@pytest.mark.parametrize(
    ("before", "after", "simple"),
    [
        ("x = len(v) + 1", "x = len(v) + 0", "x = len(v)"),
        ("return (len(v) + 1)", "return (len(v) + 0)", "return len(v)"),
        ("return f(n + 1)", "return f(n - 0)", "return f(n)"),
        ("return 2 * (a + b)", "return 1 * (a + b)", "return a + b"),
        ("return c - 2 * (a + b)", "return c - 1 * (a + b)", "return c - (a + b)"),
        ("x = (a + b) * 2 ** n", "x = (a + b) * 1 ** n", "x = (a + b) * 1 ** n"),
        ("if not a in b: pass", "if not (not a in b): pass", "if a in b: pass"),
        ("if a in b: pass", "if not a in b: pass", "if a not in b: pass"),
        ("if a is b: pass", "if not (a is b): pass", "if a is not b: pass"),
        ("x = a if c else b", "x = a if c else a", "x = a"),
        ("while a and b: pass", "while True and b: pass", "while b: pass"),
        ("x = a or b", "x = b or b", "x = b"),
        ("x = list(a)", "x = list(list(a))", "x = list(a)"),
        ("x = -a", "x = --a", "x = a"),
        ("x[i] += 1", "x[i] += -1", "x[i] -= 1"),
        ("x -= y", "x -= -y", "x += y"),
        ("x = min(a, b)", "x = min(a, a)", "x = a"),
        ("x = (\n    a\n    + 1\n)", "x = (\n    a\n    + 0\n)", "x = (\n    a\n)"),
        ("x = 'ä', a + 1", "x = 'ä', a + 0", "x = 'ä', a"),
    ],
)
def test_the_simplest_equivalent(before: str, after: str, simple: str) -> None:
    assert simplest(before, after) == simple


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = a + 0", "x = a + 0 + b"),  # somebody wrote that one
        ("if not a < b: pass", "if not a > b: pass"),  # it is something else for sets
        ("x = a[0]", "x = a[1]"),
        ("x = f(0)", "x = f(1)"),
        ("x = a and b", "x = a and c"),
        ("x = str(a)", "x = str(int(a))"),
        ("x = a * 1.5", "x = a * 1.0"),
        ("x = a == True", "x = a != True"),
        ("x = (", "x = 0 ("),
    ],
)
def test_what_is_simple_or_means_something_else_stays(before: str, after: str) -> None:
    assert simplest(before, after) == after


def test_identity_with_a_literal_is_absurd_unless_it_was_there() -> None:
    assert absurd("if x == 0: pass", "if x is 0: pass")
    assert absurd("if x is not None: pass", "if x is not '': pass")
    assert not absurd("if x == 0: pass", "if x is None: pass")
    assert not absurd("if x is 0: pass", "if x is 1: pass")


def test_candidates_are_in_their_simplest_form_and_made_once() -> None:
    source = b"def last(v):\n    return len(v) + 1\n"
    view = GivenTree({"m.py": source})
    texts = []
    for candidate in enumerate_candidates(view, [Suspect("m.py", 2, 1.0)]):
        after = apply(candidate.patch, view.read).files["m.py"].after
        assert after is not None
        texts.append(after.decode())
    assert texts.count("def last(v):\n    return len(v)\n") == 1
    assert not [text for text in texts if "+ 0" in text or "- 0" in text]
