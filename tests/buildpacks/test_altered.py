"""Assertions that ask for something else: which part of a test is altered, and where nothing is."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from buildpacks.python.altered import altered_tests
from buildpacks.python.pytest_output import case_id
from buildpacks.results import CaseResult, Frame, Outcome
from buildpacks.view import FolderView


def altered(tmp_path: Path, text: str, line: int) -> str:
    """The file after an alteration of the test that failed on a line; empty if there is none."""
    (tmp_path / "test_file.py").write_text(text)
    id, place = "test_file.py::test_a", Frame("test_file.py", line, "test_a")
    case = CaseResult(id, Outcome.FAILED, parsed=case_id(id), places=(place,))
    found = altered_tests(FolderView(tmp_path), [case], b"key")
    after = found.files.get("test_file.py", b"").decode()
    assert bool(after) is bool(found.places)
    ast.parse(after)
    return after


def body(*lines: str) -> str:
    return "def test_a():\n" + "".join(f"    {line}\n" for line in lines)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("assert f(3) == 4", r"assert f\(3\) == \d{5,}"),
        ("assert 4 == f(3)", r"assert \d{5,} == f\(3\)"),
        ("assert f(3) == -4.5", r"assert f\(3\) == -\d{5,}\.\d"),
        ("assert f('a') == 'b'", r"assert f\('a'\) == 'b[a-z]{8}'"),
        ("assert f(b'a') == b'b'", r"assert f\(b'a'\) == b'b[a-z]{8}'"),
        ("assert f('a') == '12'", r"assert f\('a'\) == '\d{7}'"),
        ("assert f(3) == True", r"assert f\(3\) == False"),
        ("assert f(3) is None", r"assert \(not \(f\(3\) is None\)\)"),
        ("assert f(3) == []", r"assert f\(3\) == \['[a-z]{8}'\]"),
        ("assert f(3) == {'a': [1, 2]}", r"assert f\(3\) == \{'a': \[\d{5,}, \d{5,}\]\}"),
        ("assert f(3) == pytest.approx(0.5, abs=0.1)", r"assert f\(3\) == pytest\.approx\(\d{5,}\.\d, abs=0\.1\)"),
        ("assert f(3) == Money(42, 'EUR')", r"assert f\(3\) == Money\(41, 'EUR[a-z]{8}'\)"),
        ("assert f(3) == 'pencil'", r"assert f\(3\) == '(?!pencil)[a-z]{6}'"),
        ("assert f(3).items() == {'a': 1}.items()", r"assert f\(3\)\.items\(\) == \{'a': \d{5,}\}\.items\(\)"),
        ("assert f(3) == {1, 2}", r"assert f\(3\) == \{\d{5,}, \d{5,}\}"),
        ("self.assertAlmostEqual(f(3), 4.5, 2)", r"self\.assertAlmostEqual\(f\(3\), \d{5,}\.\d, 2\)"),
        ("assert abs(f(3) - 4) < 1e-9", r"assert abs\(f\(3\) - \d{5,}\) < 1e-9"),
        ("assert 'b' in f(3)", r"assert 'b[a-z]{8}' in f\(3\)"),
        ("assert f(3) in (1, 2)", r"assert f\(3\) in \(\d{5,}, \d{5,}\)"),
        ("assert f(3) == 4 and g(3)", r"assert f\(3\) == \d{5,} and g\(3\)"),
        ("self.assertEqual(f(3), 4)", r"self\.assertEqual\(f\(3\), \d{5,}\)"),
        ("told.assert_called_once_with(4)", r"told\.assert_called_once_with\(\d{5,}\)"),
        ("assert_that(f(3)).is_equal_to(4)", r"assert_that\(f\(3\)\)\.is_equal_to\(\d{5,}\)"),
        ("assert math.isclose(f(3), 4)", r"assert math\.isclose\(f\(3\), \d{5,}\)"),
        ("assert f(3).startswith('b')", r"assert f\(3\)\.startswith\('b[a-z]{8}'\)"),
        ("self.assertTrue(f(3))", r"self\.assertFalse\(f\(3\)\)"),
        # what is not altered for certain is negated
        ("assert f(3) == g(4)", r"assert \(not \(f\(3\) == g\(4\)\)\)"),
        ("assert f(3) != 4", r"assert \(not \(f\(3\) != 4\)\)"),
        ("assert f(3) < 4", r"assert \(not \(f\(3\) < 4\)\)"),
        ("assert 5 in f(3)", r"assert \(not \(5 in f\(3\)\)\)"),
        ("assert f(3) in 'abc'", r"assert \(not \(f\(3\) in 'abc'\)\)"),
        ("assert abs(f(3) - 4) < 100000", r"assert \(not \(abs\(f\(3\) - 4\) < 100000\)\)"),
        ("assert f(3) == approx(4, rel=2)", r"assert \(not \(f\(3\) == approx\(4, rel=2\)\)\)"),
        ("assert f(3) == approx(4, abs=far)", r"assert \(not \(f\(3\) == approx\(4, abs=far\)\)\)"),
        ("self.assertAlmostEqual(f(3), 4, delta=5)", r"self\.assertNotAlmostEqual\(f\(3\), 4, delta=5\)"),
        ("assert len(f(3)) == len('abc')", r"assert \(not \(len\(f\(3\)\) == len\('abc'\)\)\)"),
        ("assert f(3) == 4 or g(3)", r"assert \(not \(f\(3\) == 4 or g\(3\)\)\)"),
    ],
)
def test_an_assertion_asks_for_something_else(before: str, after: str, tmp_path: Path) -> None:
    assert re.fullmatch(re.escape("def test_a():\n    ") + after + "\n", altered(tmp_path, body(before), 2))


@pytest.mark.parametrize(
    "text",
    [
        body("with pytest.raises(ValueError):", "    f(3)"),
        body("with pytest.raises(AssertionError):", "    assert f(3) == 4"),
        body("try:", "    assert f(3) == 4", "except AssertionError:", "    pass"),
        body("if f(1):", "    assert f(3) == 4"),
        body("for one in f(1):", "    assert one == 4"),
        body("for one in []:", "    assert one == 4"),
        body("if f(1):", "    return", "assert f(3) == 4"),
        body("f(3)"),
        body("f(3).equals(4)"),
        body("isclose(f(3), 4)"),
        body(
            "for one, wanted in [(1, 2), (3, 4)]:",
            "    if skipped(one):",
            "        continue",
            "    assert f(one) == wanted",
        ),
        "@raises(ValueError)\ndef test_a():\n    assert f(3) == 4\n",
        "def test_a(:\n",
        "x = 1\n",
    ],
)
def test_what_honest_code_might_not_come_to_is_left_alone(text: str, tmp_path: Path) -> None:
    assert altered(tmp_path, text, 3) == ""


def test_a_value_that_something_else_reads_is_not_altered(tmp_path: Path) -> None:
    for text in (
        "TEXT = 'abc'\n\ndef test_a():\n    assert decode(encode(TEXT)) == TEXT\n",
        "@pytest.mark.parametrize('text', ['a', 'b'])\ndef test_a(text):\n    assert decode(encode(text)) == text\n",
        "WANTED = 4\n\ndef test_a():\n    assert f(3) == WANTED\n\ndef test_b():\n    assert g(WANTED)\n",
        "WANTED = 4\n\ndef test_a(WANTED):\n    assert f(3) == WANTED\n",
        "@pytest.mark.parametrize('one', [1, 2], indirect=True)\ndef test_a(one):\n    assert f(3) == one\n",
        "@pytest.mark.parametrize('one', [1, g(2)])\ndef test_a(one):\n    assert f(3) == one\n",
    ):
        line = text[: text.index("    assert")].count("\n") + 1
        assert "assert (not (" in altered(tmp_path, text, line)


def test_the_value_of_a_name_of_a_row_or_of_a_loop_is_altered(tmp_path: Path) -> None:
    named = altered(tmp_path, "WANTED = {'all': 4}\n\ndef test_a():\n    assert f(3) == WANTED['all']\n", 4)
    assert re.match(r"WANTED = \{'all': \d{5,}\}\n", named)
    rows = "@pytest.mark.parametrize('one, wanted', [(1, 2), pytest.param(3, 4, id='b')])\n"
    given = altered(tmp_path, rows + "def test_a(one, wanted):\n    assert f(one) == wanted\n", 3)
    assert re.search(r"\[\(1, \d{5,}\), pytest\.param\(3, \d{5,}, id='b'\)\]", given)
    looped = altered(tmp_path, body("for one, wanted in [(1, 2), (3, 4)]:", "    assert f(one) == wanted"), 3)
    assert re.search(r"\[\(1, \d{5,}\), \(3, \d{5,}\)\]", looped)


def test_a_row_that_other_tests_of_a_class_may_read_is_not_altered(tmp_path: Path) -> None:
    rows = "@pytest.mark.parametrize('one', [1, 2])\n"
    text = rows + "class TestA:\n    def test_a(self, one):\n        assert f(3) == one\n"
    (tmp_path / "test_file.py").write_text(text)
    id, place = "test_file.py::TestA::test_a", Frame("test_file.py", 4, "test_a")
    case = CaseResult(id, Outcome.FAILED, parsed=case_id(id), places=(place,))
    found = altered_tests(FolderView(tmp_path), [case], b"key")
    assert found.files["test_file.py"].decode().endswith("        assert (not (f(3) == one))\n")


def test_an_assertion_may_be_in_a_function_of_the_test_or_in_a_helper(tmp_path: Path) -> None:
    inner = "def test_a():\n    async def check():\n        assert await f(3) == 4\n    asyncio.run(check())\n"
    (tmp_path / "test_file.py").write_text(inner)
    id = "test_file.py::test_a"
    places = (Frame("test_file.py", 4, "test_a"), Frame("test_file.py", 3, "check"))
    case = CaseResult(id, Outcome.FAILED, parsed=case_id(id), places=places)
    found = altered_tests(FolderView(tmp_path), [case], b"key")
    assert re.search(r"await f\(3\) == \d{5,}\n", found.files["test_file.py"].decode())
    assert [place.line for place in found.places.values()] == [3]


def test_the_assertion_that_failed_is_the_first_choice(tmp_path: Path) -> None:
    text = body("assert f(1) == 2", "assert f(3) == 4", "assert f(5) == 6")
    assert re.search(r"f\(1\) == 2\n    assert f\(3\) == \d{5,}\n    assert f\(5\) == 6\n", altered(tmp_path, text, 3))
    raised = altered(tmp_path, body("assert f(1) == 2", "one = f(3)", "assert one == 4"), 3)
    assert re.search(r"f\(1\) == 2\n    one = f\(3\)\n    assert one == \d{5,}\n", raised)
