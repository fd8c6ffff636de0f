"""Reading results that nobody vouches for."""

import pytest

from buildpacks import Outcome
from buildpacks.junit import JUnitError, case_id, read_cases

MODULES = {"tests.test_a": "tests/test_a.py", "tests.v1.test_a": "tests/v1/test_a.py", "pkg.mod": "pkg/mod.py"}
MARKER = "over the limit"


def xml(cases: str) -> bytes:
    return f'<?xml version="1.0"?><testsuites><testsuite name="pytest">{cases}</testsuite></testsuites>'.encode()


def outcomes(cases: str) -> dict[str, Outcome]:
    return {case.id: case.outcome for case in read_cases(xml(cases), MODULES, MARKER)}


def test_ids_are_those_of_pytest() -> None:
    assert case_id("tests.test_a", "test_x[1-a.b]", MODULES) == "tests/test_a.py::test_x[1-a.b]"
    assert case_id("tests.test_a.TestB.TestC", "test_x", MODULES) == "tests/test_a.py::TestB::TestC::test_x"
    assert case_id("tests.v1.test_a", "test_x", MODULES) == "tests/v1/test_a.py::test_x"
    assert case_id("pkg.mod", "pkg.mod.function", MODULES) == "pkg/mod.py::pkg.mod.function"
    assert case_id("", "tests.test_a", MODULES) == "tests/test_a.py"


def test_every_outcome_is_told_apart() -> None:
    assert outcomes(
        '<testcase classname="tests.test_a" name="p" time="0.1"/>'
        '<testcase classname="tests.test_a" name="f"><failure message="assert 1 == 2">trace</failure></testcase>'
        '<testcase classname="tests.test_a" name="e"><error message="fixture">trace</error></testcase>'
        '<testcase classname="tests.test_a" name="s"><skipped type="pytest.skip" message="no"/></testcase>'
        '<testcase classname="tests.test_a" name="x"><skipped type="pytest.xfail" message=""/></testcase>'
        '<testcase classname="tests.test_a" name="t"><failure message="rfsn: over the limit of 2 s"/></testcase>'
    ) == {
        "tests/test_a.py::p": Outcome.PASSED,
        "tests/test_a.py::f": Outcome.FAILED,
        "tests/test_a.py::e": Outcome.ERROR,
        "tests/test_a.py::s": Outcome.SKIPPED,
        "tests/test_a.py::x": Outcome.XFAILED,
        "tests/test_a.py::t": Outcome.TIMEOUT,
    }


def test_a_case_that_is_there_twice_has_the_worse_outcome() -> None:
    passed = '<testcase classname="tests.test_a" name="a"/>'
    teardown = '<testcase classname="tests.test_a" name="a"><error message="teardown"/></testcase>'
    assert outcomes(passed + teardown) == outcomes(teardown + passed) == {"tests/test_a.py::a": Outcome.ERROR}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not xml",
        b"<testsuites><testsuite>",
        b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><testsuites>&b;</testsuites>',
        b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><testsuites>&a;</testsuites>',
        b"\xff\xfe\x00<",
    ],
)
def test_hostile_files_are_refused(data: bytes) -> None:
    with pytest.raises(JUnitError):
        read_cases(data, MODULES, MARKER)
