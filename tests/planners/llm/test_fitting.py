"""Questions for models with small windows: less is told, the likeliest first, and the answer has its share."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import pytest

from buildpacks import CaseResult, CaseTrace, Frame, Outcome, Spectrum, SuiteReport
from buildpacks.python.pytest_output import case_id
from gate import AskModel, Candidate, Edit, EditFile, ModelCard, Proposal, content_hash
from planners.answers import Answer, ToolCall
from planners.api import PlannerContext
from planners.llm.agent import Agent
from planners.llm.asking import clipped, room
from planners.llm.judging import Judge
from planners.llm.one_shot import OneShot
from planners.llm.reproducing import ReproduceIssue
from planners.observations import Output
from planners.testing import GivenReports, GivenTree
from planners.trial import Trial, TrialOutcome
from tests.planners.llm.talk import CARD, Session, failing, green

LINES = 400
FAULTY = 250
SOURCE = "def long(x):\n" + "".join(f"    x = x + {number}  # a line of a long function\n" for number in range(LINES))
TEST = "def test_long():\n" + "    assert long(1) == 2  # a line of a long test\n" * LINES
TREE = GivenTree({"code.py": SOURCE.encode(), "test_code.py": TEST.encode()})
ID = "test_code.py::test_long"
STACK = (*(Frame("code.py", number, "long") for number in range(2, 200)), Frame("code.py", FAULTY, "long"))
MESSAGE = "AssertionError: assert 3 == 2\n" + "a long difference\n" * 1_000
REPORT = SuiteReport((CaseResult(ID, Outcome.FAILED, 0.1, MESSAGE, STACK, case_id(ID)),), 1, 0.1)
SPECTRUM = Spectrum((CaseTrace(ID, Outcome.FAILED, 0.01, {"code.py": frozenset(range(2, LINES))}, STACK),))
WINDOWS = (4_096, 8_192, 32_768, 131_072, 0)


def card(window: int) -> ModelCard:
    return replace(CARD, window=window, max_tokens=16_384, settings='{"max_tokens": 16384}')


class Large(Session):
    """A session about long functions, long tests and long messages."""

    @property
    def context(self) -> PlannerContext:
        reports = GivenReports({"base": REPORT, "green": REPORT}, {"spectrum": SPECTRUM}, self.answers, self.outputs)
        return replace(super().context, view=TREE, reports=reports, judge=card(self.window))

    window = 0


def session(window: int, of: Session | None = None) -> Large:
    made = of or failing()
    large = Large(replace(made.state), issue=made.issue)
    large.window = window
    if made.state.baseline and made.state.baseline.failing:
        baseline = replace(made.state.baseline, failing=(ID,))
        large.state = replace(made.state, baseline=baseline, repeat=baseline)
    return large


def asked(step: Proposal | None, window: int) -> AskModel:
    assert step is not None
    assert isinstance(step.action, AskModel)
    assert step.action.fits(card(window))
    assert 0 < step.action.max_tokens <= (window // 3 or 16_384)
    return step.action


@pytest.mark.parametrize("window", WINDOWS)
def test_one_question_fits_and_has_the_faulty_line(window: int) -> None:
    talk = session(window)
    action = asked(OneShot(card(window)).propose(talk.state, talk.context), window)
    for turns in action.samples:
        text = "\n".join(turn.text for turn in turns)
        assert f"    x = x + {FAULTY - 2}  #" in text
        assert "assert 3 == 2" in text
        assert "maintainer" in text
    assert action.most_input_tokens(0) <= 60_000, "a large window is no reason to tell everything"


def test_the_larger_the_window_the_more_is_told() -> None:
    talks = [session(window) for window in WINDOWS]
    sizes = [
        asked(OneShot(card(talk.window)).propose(talk.state, talk.context), talk.window).most_input_tokens(0)
        for talk in talks
    ]
    assert sizes == sorted(sizes)
    assert sizes[0] * 2 < sizes[-1]


@pytest.mark.parametrize("window", WINDOWS)
def test_feedback_fits_too(window: int) -> None:
    talk = session(window)
    strategy = OneShot(card(window))
    for number in range(2):
        long = "    y = 1" * 2_000
        edits = f"code.py\n<<<<<<< SEARCH\n    nothing like it {number}\n=======\n{long}\n>>>>>>> REPLACE\n"
        step = strategy.propose(talk.state, talk.context)
        asked(step, window)
        talk.answer(step, edits * 3)
    action = asked(strategy.propose(talk.state, talk.context), window)
    assert "could not be made" in action.samples[0][1].text


@pytest.mark.parametrize("window", WINDOWS)
def test_a_long_conversation_fits_at_every_step(window: int) -> None:
    talk = session(window)
    strategy = Agent(card(window))
    for number in count():
        step = strategy.propose(talk.state, talk.context)
        action = asked(step, window)
        assert "maintainer" in action.samples[0][0].text
        if number == 15:
            break
        call = ToolCall(f"c{number}", "search_code", f'{{"text": "word{number}", "pattern": "*"}}')
        answer = Answer("I think " * 200, (call,), raw="I think, as its provider wrote it " * 60)
        talk.answer(step, answer)
        talk.outputs[f"found {number}"] = "found it\n" * 5_000
        talk.take(strategy.propose(talk.state, talk.context), Output("found", 0, f"found {number}"))
    told = "\n".join(turn.text for turn in action.samples[0])
    assert "search code word14" in told or "found it" in told, "the newest step is told in any case"


@pytest.mark.parametrize("window", WINDOWS)
def test_the_judge_sees_two_patches_at_least(window: int) -> None:
    talk = session(window)
    content = TREE.read("code.py")
    edits = [(EditFile("code.py", content_hash(content), (Edit(at, at + 1, b"+" * 300),)),) for at in range(20, 28)]
    trials = [
        Trial(place, Candidate(patch, "operator", "code.py:2", 1.0), TrialOutcome.PLAUSIBLE)
        for place, patch in enumerate(edits)
    ]
    talk.state = replace(talk.state, plausible=tuple(trials), tried=9)
    action = asked(Judge().propose(talk.state, talk.context), window)
    assert action.samples[0][-1].text.count("# Patch") >= (2 if window == WINDOWS[0] else 4)


@pytest.mark.parametrize("window", WINDOWS)
def test_a_long_issue_fits(window: int) -> None:
    talk = session(window, green())
    talk.issue = "`long` is wrong.\n" + "It says so at length.\n" * 2_000
    action = asked(ReproduceIssue(card(window)).propose(talk.state, talk.context), window)
    assert "`long` is wrong." in action.samples[0][1].text
    assert "def long(x):" in action.samples[0][1].text


def test_a_window_without_room_is_not_asked_at_all() -> None:
    talk = session(600)
    assert room(card(600), "a text") == 0
    for strategy in (OneShot(card(600)), Agent(card(600)), Judge()):
        assert strategy.propose(talk.state, talk.context) is None


def test_what_is_cut_says_so_and_is_not_too_long() -> None:
    assert clipped("four", 4) == "four"
    assert clipped("x" * 100, 20) == "x" * 14 + "\n[cut]"
    assert len(clipped("\N{SNOWMAN}" * 100, 20).encode()) <= 20
