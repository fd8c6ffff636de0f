"""A small fault, as planners see it, and a session in which models answer as told."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from random import Random

from buildpacks import CaseId, CaseResult, CaseTrace, Frame, Outcome, Spectrum, SuiteReport
from gate import AskModel, ModelCard, Proposal, Usage
from planners.answers import Answer, Reply, ToolCall
from planners.api import PlannerContext
from planners.observations import ModelReplied, Observation, SpectrumReady, SuiteRan
from planners.state import State
from planners.testing import GivenReports, GivenTree

SOURCE = b"""\
import os


def helper(x):
    return x + 1


def least(a, b):
    if a > b:
        return helper(a)
    return b
"""
TEST = b"""\
from code import least


def test_least():
    assert least(1, 2) == 1


def test_other():
    assert True
"""
TREE = GivenTree({"code.py": SOURCE, "test_code.py": TEST, ".env": b"KEY=1\n"})
CARD = ModelCard("m", "chat", "m", "http://127.0.0.1:1/v1", input_usd=1.0, output_usd=2.0, settings='{"samples": 3}')
RIGHT = """\
code.py
<<<<<<< SEARCH
    if a > b:
        return helper(a)
=======
    if a < b:
        return a
>>>>>>> REPLACE
"""
UNFITTING = RIGHT.replace("    if a > b:\n        return helper(a)", "    while later():\n        wait_for(it)")
WRONG = RIGHT.replace("a < b", "a >= b")


def case(name: str, outcome: Outcome, message: str = "") -> CaseResult:
    return CaseResult(f"test_code.py::{name}", outcome, 0.01, message, (), CaseId("test_code.py", (), name))


BASE = SuiteReport(
    (case("test_least", Outcome.FAILED, "AssertionError: assert 2 == 1"), case("test_other", Outcome.PASSED)), 1, 0.1
)
SPECTRUM = Spectrum(
    (
        CaseTrace(
            "test_code.py::test_least",
            Outcome.FAILED,
            0.01,
            {"code.py": frozenset({9, 11})},
            (Frame("test_code.py", 5, "test_least"),),
            "AssertionError: assert 2 == 1",
        ),
        CaseTrace("test_code.py::test_other", Outcome.PASSED, 0.01, {"code.py": frozenset({4})}),
    )
)
FAILS = SuiteRan("base", 1, 1, 2, ("test_code.py::test_least",), 0.1, 0.1)
PASSES = SuiteRan("green", 2, 0, 2, (), 0.1, 0.1)
GREEN = SuiteReport((case("test_least", Outcome.PASSED), case("test_other", Outcome.PASSED)), 0, 0.1)


@dataclass
class Session:
    """Steps of one session: what planners propose, and observations given back."""

    state: State = field(default_factory=State)
    answers: dict[str, Answer] = field(default_factory=dict)
    reports: dict[str, SuiteReport] = field(default_factory=lambda: {"base": BASE, "green": GREEN})
    outputs: dict[str, str] = field(default_factory=dict)
    spectra: dict[str, Spectrum] = field(default_factory=lambda: {"spectrum": SPECTRUM})
    issue: str = ""
    max_cost_usd: float = 10.0

    @property
    def context(self) -> PlannerContext:
        return PlannerContext(
            TREE,
            GivenReports(self.reports, self.spectra, self.answers, self.outputs),
            "code.py".__eq__,
            lambda label: Random(f"0:{label}"),
            models=(CARD,),
            judge=replace(CARD, name="judge"),
            max_cost_usd=self.max_cost_usd,
            issue=self.issue,
            salt="salt",
        )

    def take(self, proposal: Proposal | None, observation: Observation) -> Proposal:
        assert proposal is not None
        self.state = self.state.after(proposal, observation)
        return proposal

    def answer(self, proposal: Proposal | None, *texts: str | Answer) -> Proposal:
        """Have a question answered, each sample by one of these; those left over fail."""
        assert proposal is not None
        assert isinstance(proposal.action, AskModel), proposal
        replies = []
        for number, _ in enumerate(proposal.action.samples):
            if number >= len(texts):
                replies.append(Reply("failed", problem="no answer"))
                continue
            name = f"answer {len(self.answers)}"
            text = texts[number]
            self.answers[name] = Answer(text) if isinstance(text, str) else text
            replies.append(Reply("complete", name, Usage(100, 50), 0.01, 0.1))
        return self.take(proposal, ModelReplied(tuple(replies), 0.01 * len(replies), 0.1))


def call(name: str, arguments: str = "{}", text: str = "") -> Answer:
    return Answer(text, (ToolCall("c1", name, arguments),))


def failing() -> Session:
    """A session that knows its failing test and what it executes."""
    return Session(State(steps=3, baseline=FAILS, repeat=FAILS, spectrum=SpectrumReady("spectrum", 2, 0.1)))


def green() -> Session:
    """A session in which every test passes."""
    return Session(State(steps=1, baseline=PASSES), issue="least(1, 2) should be 1, but it is 2")
