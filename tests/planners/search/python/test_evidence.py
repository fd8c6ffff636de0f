"""What failing tests say of exceptions and texts, and that it makes the same candidates in every process."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from planners.search.language import FailingTest
from planners.search.python.evidence import Evidence, Expected

if TYPE_CHECKING:
    from tests.planners.search.conftest import Search

ROOT = Path(__file__).resolve().parents[4]


@pytest.mark.parametrize(
    ("body", "said", "expected"),
    [
        (
            "with raises(ValueError, match='^no$'): f()",
            "Failed: DID NOT RAISE <class 'ValueError'>",
            [("ValueError", "no")],
        ),
        ("with raises(json.JSONDecodeError): f()", "TypeError: no", [("JSONDecodeError", "")]),
        ("with raises((KeyError, shop.Gone)): f()", "TypeError: no", [("KeyError", ""), ("Gone", "")]),
        ("with raises(KeyError, match=r'\\d+'): f()", "TypeError: no", [("KeyError", "")]),
        (
            "with raises(KeyError, match='a'): f()\n    with raises(OSError, match=re.escape('(b)')): f()",
            "TypeError: no",
            [("KeyError", "a"), ("OSError", "(b)")],
        ),
        (
            "with self.assertRaises(KeyError) as e: f()\n    self.assertEqual(e.exception.args[0], 'gone')",
            "AssertionError: KeyError not raised",
            [("KeyError", "gone")],
        ),
        ("with raises(KeyError) as e: f()\n    assert str(e.value) == 'gone'", "TypeError: no", [("KeyError", "gone")]),
        ("with raises(KeyError): f()", "AssertionError: assert 1 == 2", []),
        ("f()", "Failed: DID NOT RAISE <class 'shop.Gone'>", [("Gone", "")]),
    ],
)
def test_exceptions_are_expected_with_their_messages(body: str, said: str, expected: list[tuple[str, str]]) -> None:
    source = f"def test_it(self):\n    {body}\n".encode()
    assert list(Evidence([FailingTest(said, "test_it", source)]).unraised) == [Expected(*one) for one in expected]


def test_texts_that_are_compared_are_pairs() -> None:
    said = ["AssertionError: 'a b' != 'a c'\n- a b", 'assert "x" == "x"', "AssertionError: assert 1 == 2"]
    assert Evidence([FailingTest(one) for one in said]).compared == (("a b", "a c"), ("a c", "a b"))


def test_a_text_that_the_file_cannot_have_makes_no_candidate(search: Search) -> None:
    raw = "# -*- coding: latin-1 -*-\nNAMES = ['price 5 EUR']\n\n\ndef name(at):\n    return NAMES[at]\n".encode(
        "latin-1"
    )
    said = "AssertionError: 'price 5 EUR' != 'price 5 \u20ac'"
    failing = [FailingTest(said, "test_it", "def test_it():\n    assert name(0) == 'price 5 \u20ac'\n".encode())]
    assert all("\u20ac".encode() not in search.result(one, raw) for one in search(raw, failing=failing))


_SCRIPT = """
import hashlib, sys
from itertools import islice
from conftest import Search
from planners.search.language import FailingTest
raw, test = sys.stdin.buffer.read().split(b"=====\\n")
failing = [FailingTest("ValueError: 'x' is not in list", "test_it", test)]
print(hashlib.sha256(repr(list(islice(Search()(raw, failing=failing), 800))).encode()).hexdigest())
"""


def test_what_tests_say_gives_the_same_order_in_other_processes(search: Search) -> None:
    raw = b"NAMES = ['ornage', 'gren', 'bleu']\n\n\ndef place(name):\n    return NAMES.index(name)\n"
    test = (
        b"def test_it():\n    assert place('orange green blue') == 1\n    assert place('oranges greens blues') == 2\n"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", _SCRIPT],
            input=raw + b"=====\n" + test,
            stdout=subprocess.PIPE,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": f"{ROOT}:{Path(__file__).parents[1]}"},
        )
        .stdout.decode()
        .strip()
        for seed in ("1", "2", "3")
    }
    failing = [FailingTest("ValueError: 'x' is not in list", "test_it", test)]
    sequence = repr(list(islice(search(raw, failing=failing), 800)))
    assert digests == {hashlib.sha256(sequence.encode()).hexdigest()}
