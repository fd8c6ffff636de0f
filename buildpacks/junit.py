"""Reading JUnit XML, which comes out of a sandbox: no entities, no external references, nothing trusted."""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree.ElementTree import Element, ParseError

from buildpacks.api import CaseResult, Outcome

__all__ = ["JUnitError", "read_cases"]

_MAX_MESSAGE = 2_000
_WORST_FIRST = (Outcome.ERROR, Outcome.FAILED, Outcome.TIMEOUT, Outcome.XPASSED, Outcome.XFAILED, Outcome.SKIPPED)


class JUnitError(ValueError):
    """The file is no JUnit XML that we trust ourselves to read."""


def read_cases(data: bytes, modules: Mapping[str, str], limit_marker: str) -> tuple[CaseResult, ...]:
    """The test cases of a pytest JUnit file (family xunit1), with ids as pytest spells them.

    `modules` maps dotted names to the paths of the tree (`tests.test_a` -> `tests/test_a.py`): a class name in the file
    has lost the difference between a folder, a module and a class. A failure that contains `limit_marker` is a timeout.
    A case that is there twice (its teardown failed as well) has the worse outcome. Raises `JUnitError`.
    """
    from defusedxml import DefusedXmlException  # noqa: PLC0415  # 15 ms that nobody needs at start
    from defusedxml.ElementTree import fromstring  # noqa: PLC0415

    try:
        root = fromstring(data)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise JUnitError(f"unreadable results: {error}") from error
    cases: dict[str, CaseResult] = {}
    for element in root.iter("testcase"):
        case = _case(element, modules, limit_marker)
        known = cases.get(case.id)
        if known is None or _rank(case.outcome) < _rank(known.outcome):
            cases[case.id] = case
    return tuple(cases.values())


def _rank(outcome: Outcome) -> int:
    return _WORST_FIRST.index(outcome) if outcome in _WORST_FIRST else len(_WORST_FIRST)


def _case(element: Element, modules: Mapping[str, str], limit_marker: str) -> CaseResult:
    id = case_id(element.get("classname", ""), element.get("name", ""), modules)
    seconds = element.get("time", "0")
    duration = float(seconds) if seconds.replace(".", "", 1).isdigit() else 0.0
    for tag, outcome in (("error", Outcome.ERROR), ("failure", Outcome.FAILED), ("skipped", Outcome.SKIPPED)):
        child = element.find(tag)
        if child is not None:
            message = _message(child)
            expected = child.get("type") == "pytest.xfail"
            told = Outcome.TIMEOUT if limit_marker in message else Outcome.XFAILED if expected else outcome
            return CaseResult(id, told, duration, message)
    return CaseResult(id, Outcome.PASSED, duration)


def _message(element: Element) -> str:
    """What pytest says first; of a file that it could not collect, the end of the traceback, which has the reason."""
    short, long = element.get("message") or "", (element.text or "").strip()
    return long[-_MAX_MESSAGE:] if short in {"", "collection failure"} else short.strip()[:_MAX_MESSAGE]


def case_id(classname: str, name: str, modules: Mapping[str, str]) -> str:
    """The node id (`tests/test_a.py::TestB::test_c[1]`) of a case by its class name (`tests.test_a.TestB`)."""
    parts = classname.split(".") if classname else []
    for count in range(len(parts), 0, -1):
        path = modules.get(".".join(parts[:count]))
        if path is not None:
            return "::".join([path, *parts[count:], name])
    if not parts:
        return modules.get(name, name)
    return "::".join([*parts, name])
