"""What names a test: less than its id, or what other runners and their reports print."""

from __future__ import annotations

from dataclasses import replace

import pytest

from buildpacks import CaseId, CaseResult, Outcome
from buildpacks.python.pytest_output import case_id
from planners.naming import Names


def _cases(*ids: CaseId) -> list[CaseResult]:
    return [CaseResult(str(number), Outcome.PASSED, parsed=id) for number, id in enumerate(ids)]


KNOWN = ["a/t.py::test_one[1::x]", "a/t.py::test_one[2]", "a/t.py::K::test_two", "b/t.py::test_two", "b/broken.py"]


@pytest.mark.parametrize(
    ("id", "meant"),
    [
        ("a/t.py::test_one[2]", [1]),
        ("a/t.py::test_one", [0, 1]),
        ("a/t.py", [0, 1, 2]),
        ("a/t.py::K", [2]),
        ("test_one", [0, 1]),
        ("test_one[1::x]", [0]),
        ("test_two", [2, 3]),
        ("c/t.py::K::test_two", [2]),
        ("c/t.py::test_two", [3]),
        ("c/t.py::L::test_two", []),
        ("b/broken.py", [4]),
        ("broken.py", []),
        ("test_t", []),
        ("t.py", []),
    ],
)
def test_a_target_is_named_by_its_id_or_less(id: str, meant: list[int]) -> None:
    cases = [CaseResult(known, Outcome.PASSED, parsed=case_id(known)) for known in KNOWN]
    assert Names(cases).of(id) == tuple(KNOWN[place] for place in meant)


CARGO = _cases(
    CaseId("src/lib.rs", ("tests",), "adds"),
    CaseId("tests/it.rs", (), "adds"),
    CaseId("tests/it.rs", ("slice", "get"), "u8"),
)
JEST = _cases(
    CaseId("test/plugin/utc.test.js", ("UTC", "of  a\nday"), "keeps  it"),
    CaseId("test/plugin/utc.test.js", (), "keeps it"),
    CaseId("test/utc.test.js", ("UTC",), "is #2", "\\#2"),
)
JUNIT = _cases(
    CaseId("core/src/test/java/org/x/ATest.java", ("ATest",), "adds", "(int)[1]"),
    CaseId("core/src/test/java/org/x/ATest.java", ("ATest", "Inner"), "adds"),
    CaseId("core/src/test/java/org/x/y/ATest.java", ("ATest",), "takes"),
)
UNITTEST = _cases(CaseId("tests/test_a.py", ("K",), "test_one"), CaseId("tests/test_a.py", ("L",), "test_one"))


@pytest.mark.parametrize(
    ("cases", "text", "meant"),
    [
        (CARGO, "tests::adds", "0"),
        (CARGO, "adds", "01"),
        (CARGO, "slice::get::u8", "2"),
        (CARGO, "get::u8", ""),
        (JEST, "test/plugin/utc.test.js:keeps it", "01"),
        (JEST, "UTC of a day keeps it", "0"),
        (JEST, "UTC > of a day > keeps it", "0"),
        (JEST, "test/utc.test.js > UTC > is #2", "2"),
        (JEST, "test/utc.test.js:keeps it", ""),
        (JUNIT, "org.x.ATest", "01"),
        (JUNIT, "x.ATest", "01"),
        (JUNIT, "org.x.ATest$Inner", "1"),
        (JUNIT, "org.x.ATest.adds", "01"),
        (JUNIT, "org.x.ATest#adds", "01"),
        (JUNIT, "org.x.y.ATest > takes()", "2"),
        (JUNIT, "ATest > Inner > adds", "1"),
        (JUNIT, "org.x", ""),
        (JUNIT, "g.x.ATest", ""),
        (JUNIT, "org.x.ATest.takes", ""),
        (UNITTEST, "tests.test_a.K.test_one", "0"),
        (UNITTEST, "tests.test_a", "01"),
        (UNITTEST, "test_a", ""),
        (UNITTEST, "", ""),
    ],
)
def test_a_test_is_known_as_its_runner_prints_it(cases: list[CaseResult], text: str, meant: str) -> None:
    assert "".join(Names(cases).of(text)) == meant


def test_an_id_that_is_a_bare_name_names_whatever_else_bears_it() -> None:
    def case(id: str, *scope: str, name: str = "TestA", parameters: str = "") -> CaseResult:
        return CaseResult(id, Outcome.PASSED, parsed=CaseId("", scope, name, parameters))

    cases = [case("TestA"), case("TestA/b", parameters="/b"), case("sub/TestA", "sub"), case("TestB", name="TestB")]
    names = Names(cases)
    assert names.of("TestA") == ("TestA", "TestA/b", "sub/TestA")
    assert names.of("TestA/b") == ("TestA/b",)
    assert names.of("sub/TestA") == ("sub/TestA",)
    assert names.of("TestB") == ("TestB",)


@pytest.mark.parametrize("text", ["a." * 200_000, "a:" * 200_000, "/" * 200_000, ".", "..", "$", " > ", "\0"])
def test_a_hostile_name_names_nothing_soon(text: str) -> None:
    hostile = _cases(
        *(CaseId(file, (text,), text, text) for file in (".", "/", "..", "", "a/" * 2000, "a.b")),
        *(CaseId("a/" * 100, ("a",) * 2000, f"a{number}") for number in range(50)),
    )
    assert Names(hostile).of(text + "x") == ()


def test_no_test_of_another_file_stands_for_one_whose_file_did_not_run() -> None:
    loaded = CaseResult("b/test_two.py::test_fast", Outcome.PASSED, parsed=CaseId("b/test_two.py", (), "test_fast"))
    gone = CaseResult("a/test_one.py", Outcome.ERROR, parsed=CaseId("a/test_one.py"))
    assert Names([loaded]).of("a/test_one.py::test_fast") == ("b/test_two.py::test_fast",)
    assert Names([loaded, gone]).of("a/test_one.py::test_fast") == ()
    assert Names([loaded, replace(gone, outcome=Outcome.SKIPPED)]).of("a/test_one.py::test_fast") == ()
