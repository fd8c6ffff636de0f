"""Reproducing an issue: which tests are believed, and what is done with the one that is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from buildpacks import CaseId, CaseResult, CaseTrace, Outcome, Spectrum, SuiteReport
from gate import AskModel, Collect, CreateFile, Phase, Proposal, RunTests
from planners.llm.reproducing import ReproduceIssue
from planners.observations import SpectrumReady, SuiteRan
from planners.testing import GivenTree
from tests.planners.llm.talk import CARD, PASSES, Session, green

NOW = "from code import least\n\n\ndef test_issue():\n    assert least(1, 2) == 2"
FLIPPED = NOW.replace("== 2", "== 1")
ANSWER = f"First:\n\n```python\n{NOW}\n```\n\nSecond:\n\n```python\n{FLIPPED}\n```\n"
PATH = "test_of_the_issue.py"


def propose(session: Session) -> Proposal | None:
    return ReproduceIssue(CARD).propose(session.state, session.context)


def ran(session: Session, outcome: Outcome, message: str = "") -> str:
    """The next run of a scratch test gives this; its content is returned."""
    step = propose(session)
    assert step is not None
    assert isinstance(step.action, RunTests)
    assert step.action.scratch is not None
    name = f"run {len(session.reports)}"
    case = CaseResult(f"{PATH}::test_issue", outcome, 0.1, message, (), CaseId(PATH, (), "test_issue"))
    session.reports[name] = SuiteReport((case,), 0, 0.1)
    failing = int(outcome.failing)
    session.take(step, SuiteRan(name, 1 - failing, failing, 1, (), 0.1, 0.1))
    return step.action.scratch.content.decode()


def traced(session: Session, **lines: frozenset[int]) -> None:
    """The flipped test is traced, and executes these lines."""
    step = propose(session)
    assert step is not None
    assert isinstance(step.action, RunTests)
    assert (step.action.ids, step.action.collect) == ((f"{PATH}::test_issue",), Collect.SPECTRUM)
    executed = {f"{name}.py": numbers for name, numbers in lines.items()}
    trace = CaseTrace(f"{PATH}::test_issue", Outcome.FAILED, 0.1, executed)
    session.spectra["of the test"] = Spectrum((trace,))
    session.take(step, SpectrumReady("of the test", 1, 0.1))


def asked(session: Session) -> Proposal:
    step = propose(session)
    assert step is not None
    assert isinstance(step.action, AskModel)
    assert step.action.purpose == "reproduce"
    return step


def test_a_test_that_passes_fails_flipped_twice_and_is_kept() -> None:
    session = green()
    step = asked(session)
    assert isinstance(step.action, AskModel)
    text = step.action.samples[0][1].text
    assert "least(1, 2) should be 1, but it is 2" in text
    assert "def least(a, b):" in text
    assert f"The file\nwill be {PATH}." in step.action.samples[0][2].text
    session.answer(step, ANSWER)
    assert ran(session, Outcome.PASSED) == NOW + "\n"
    assert ran(session, Outcome.FAILED, "AssertionError: assert 2 == 1") == FLIPPED + "\n"
    assert ran(session, Outcome.FAILED, "assert 2 == 1") == FLIPPED + "\n"
    traced(session, code=frozenset({8}))
    keep = propose(session)
    assert keep is not None
    scratch = CreateFile(PATH, (FLIPPED + "\n").encode())
    assert (keep.phase, keep.action) == (Phase.REPRODUCE, RunTests(scratch=scratch, kept=True))
    session.take(keep, replace(PASSES, report="new", failing_total=1))
    assert (session.state.scratch, session.state.repeat) == (scratch, None)
    assert session.state.baseline is not None
    assert session.state.baseline.report == "new"
    assert propose(session) is None


def test_a_test_that_fails_as_it_is_shows_nothing() -> None:
    session = green()
    session.answer(asked(session), ANSWER)
    ran(session, Outcome.FAILED, "AssertionError: assert 2 == 3")
    again = asked(session)
    assert isinstance(again.action, AskModel)
    assert "it should pass: 0 passed, 1 failed" in again.action.samples[0][1].text
    assert "assert 2 == 3" in again.action.samples[0][1].text


@pytest.mark.parametrize(
    "message", ["ImportError: no module", "NameError: name 'x' is not defined", "ModuleNotFoundError: No module"]
)
def test_a_flipped_test_that_fails_for_another_reason_is_not_believed(message: str) -> None:
    session = green()
    session.answer(asked(session), ANSWER)
    ran(session, Outcome.PASSED)
    ran(session, Outcome.FAILED, message)
    asked(session)


def test_an_exception_that_the_issue_names_is_its_reason() -> None:
    session = green()
    session.issue = "least([], 1) raises TypeError"
    session.answer(asked(session), ANSWER)
    ran(session, Outcome.PASSED)
    ran(session, Outcome.FAILED, "TypeError: '>' not supported")
    ran(session, Outcome.FAILED, "TypeError: '>' not supported")
    traced(session, code=frozenset({8}))
    step = propose(session)
    assert step is not None
    assert isinstance(step.action, RunTests)
    assert step.action.kept


def test_a_test_that_executes_nothing_of_the_project_is_not_believed() -> None:
    session = green()
    session.answer(asked(session), ANSWER)
    ran(session, Outcome.PASSED)
    ran(session, Outcome.FAILED, "assert 1 == 2")
    ran(session, Outcome.FAILED, "assert 1 == 2")
    traced(session, test_of_the_issue=frozenset({5}))
    again = asked(session)
    assert isinstance(again.action, AskModel)
    assert "it does not execute any code of the project" in again.action.samples[0][1].text


def test_a_flipped_test_that_fails_only_once_is_not_believed() -> None:
    session = green()
    session.answer(asked(session), ANSWER)
    ran(session, Outcome.PASSED)
    ran(session, Outcome.FAILED, "AssertionError")
    ran(session, Outcome.PASSED)
    asked(session)


def test_two_rounds_are_the_most_and_equal_fences_are_no_pair() -> None:
    session = green()
    session.answer(asked(session), f"```\n{NOW}\n```\n```\n{NOW}\n```")
    session.answer(asked(session), "I cannot.")
    assert propose(session) is None


def test_without_an_issue_or_with_a_failing_test_nothing_is_asked() -> None:
    session = green()
    session.issue = ""
    assert propose(session) is None
    session = green()
    session.state = replace(session.state, baseline=replace(PASSES, failing_total=1))
    assert propose(session) is None


@pytest.mark.parametrize(
    "text", ["```a\n" * 200_000, "`" * 1_000_000, "```a\n````\n" * 100_000], ids=["a", "`", "````"]
)
def test_fences_without_an_end_take_no_time(text: str) -> None:
    session = green()
    session.answer(asked(session), text, text + ANSWER)
    step = propose(session)
    assert step is not None


def test_the_files_that_the_issue_is_about_come_first_and_all_are_bounded() -> None:
    prose = b"# below each boundary the suffix is chosen before rounding\n"
    files = {
        "size.py": b"def naturalsize(value):\n    return value\n",
        "prose.py": prose + b"# a line\n" * 9_000,
        "test_prose.py": prose,
        "test_size.py": b"from size import naturalsize\n",
    }
    session = green()
    session.issue = "`naturalsize(1)` is wrong: the suffix is chosen before rounding, just below each boundary"
    context = replace(session.context, view=GivenTree(files), is_source=lambda path: not path.startswith("test"))
    step = ReproduceIssue(CARD).propose(session.state, context)
    assert step is not None
    assert isinstance(step.action, AskModel)
    assert step.action.files == ("size.py", "test_size.py", "prose.py")
    text = step.action.samples[0][1].text
    assert "prose.py, its beginning:" in text
    assert "def naturalsize(value):" in text
    assert len(text) < 16_000
