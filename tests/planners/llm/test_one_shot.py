"""One-shot answers: what is asked, what is tried, what is told, and when it ends."""

from __future__ import annotations

import json
from dataclasses import replace

from gate import AskModel, Edit, EditFile, GiveUp, TryPatches, Turn, apply, content_hash, reservation_usd
from planners.llm.one_shot import OneShot
from planners.llm.unified import unified
from planners.meta import MetaPlanner
from planners.observations import Batch, Denial
from planners.search.planner import CandidateSearch
from planners.trial import Trial, TrialOutcome
from tests.planners.llm.talk import CARD, RIGHT, TREE, UNFITTING, WRONG, Session, failing
from tests.planners.llm.test_judging import FIRST


def tried(session: Session, outcomes: str, *failures: str) -> None:
    """The batch that is proposed next is tried, with these outcomes."""
    step = OneShot(CARD).propose(session.state, session.context)
    assert step is not None
    assert isinstance(step.action, TryPatches)
    trials = [
        Trial(session.state.tried + place, candidate, TrialOutcome(letter))
        for place, (candidate, letter) in enumerate(zip(step.action.candidates, outcomes, strict=False))
    ]
    session.take(step, Batch.of(session.state.tried, trials, duration_s=0.1, spent=0.1, failures=failures))


def texts(action: AskModel) -> list[str]:
    return ["\n".join(turn.text for turn in turns) for turns in action.samples]


def test_a_model_is_told_the_failure_the_suspicious_code_and_where_to_look() -> None:
    session = failing()
    step = OneShot(CARD).propose(session.state, session.context)
    assert step is not None
    assert isinstance(step.action, AskModel)
    assert (step.action.model, step.action.purpose, step.action.files) == ("m", "patch", ("code.py", "test_code.py"))
    assert len(set(texts(step.action))) == len(step.action.samples) == 3
    beginnings = {turns[:-1] for turns in step.action.samples}
    assert len(beginnings) == 1  # what a provider caches
    text = texts(step.action)[0]
    assert "AssertionError: assert 2 == 1" in text
    assert "def least(a, b):" in text
    assert "- line 9: `if a > b:`" in text
    assert "KEY=1" not in text


def test_answers_that_say_the_same_are_one_candidate_and_what_most_say_comes_first() -> None:
    session = failing()
    session.answer(OneShot(CARD).propose(session.state, session.context), WRONG, RIGHT, f"It is wrong.\n\n{RIGHT}")
    step = OneShot(CARD).propose(session.state, session.context)
    assert step is not None
    assert isinstance(step.action, TryPatches)
    assert (step.action.exchange, step.action.offset) == (4, 0)
    first, second = step.action.candidates[:2]
    assert (first.score, second.score) == (2 / 3, 1 / 3)
    assert b"a < b" in (apply(first.patch, TREE.read).files["code.py"].after or b"")
    assert first.location == "code.py:9"


def test_what_failed_is_told_in_the_next_round_and_the_last_round_is_the_third() -> None:
    session = failing()
    session.answer(OneShot(CARD).propose(session.state, session.context), WRONG)
    tried(session, "f", "test_code.py::test_least: assert 3 == 1")
    second = OneShot(CARD).propose(session.state, session.context)
    assert second is not None
    assert isinstance(second.action, AskModel)
    assert len(second.action.samples) == 1  # half of three
    assert "+    if a >= b:" in texts(second.action)[0]
    assert "assert 3 == 1" in texts(second.action)[0]
    session.answer(second, RIGHT.replace("a < b", "a == b"))
    tried(session, "f")
    session.answer(OneShot(CARD).propose(session.state, session.context), "I see no fault.")
    assert OneShot(CARD).propose(session.state, session.context) is None


def test_for_a_better_patch_than_one_that_passes_two_samples_are_asked_once() -> None:
    session = failing()
    session.state = replace(session.state, plausible=(FIRST,))
    step = OneShot(CARD).propose(session.state, session.context)
    assert step is not None
    assert isinstance(step.action, AskModel)
    assert len(step.action.samples) == 2
    session.answer(step, WRONG, WRONG)
    tried(session, "f", "test_code.py::test_least: assert 3 == 1")
    assert OneShot(CARD).propose(session.state, session.context) is None


def test_candidates_after_a_plausible_one_are_tried_too() -> None:
    session = failing()
    session.answer(OneShot(CARD).propose(session.state, session.context), RIGHT, WRONG)
    tried(session, "p")
    step = OneShot(CARD).propose(session.state, session.context)
    assert step is not None
    assert isinstance(step.action, TryPatches)
    assert (len(step.action.candidates), step.action.offset, step.action.exchange) == (1, 1, 4)


def test_a_search_block_that_does_not_fit_is_told_with_its_reason() -> None:
    session = failing()
    session.answer(OneShot(CARD).propose(session.state, session.context), UNFITTING)
    step = OneShot(CARD).propose(session.state, session.context)
    assert step is not None
    assert isinstance(step.action, AskModel)
    assert "code.py" in step.action.samples[0][1].text.partition("how it failed")[2]


def test_a_model_that_does_not_answer_and_one_that_is_denied_are_left() -> None:
    silent = failing()
    silent.answer(OneShot(CARD).propose(silent.state, silent.context))
    assert OneShot(CARD).propose(silent.state, silent.context) is None
    denied = failing()
    denied.answer(OneShot(CARD).propose(denied.state, denied.context), RIGHT)
    step = OneShot(CARD).propose(denied.state, denied.context)
    from gate import DenialKind, Denied

    denied.take(step, Denial(Denied("bounds", DenialKind.BOUNDS, "too many", "fewer")))
    assert OneShot(CARD).propose(denied.state, denied.context) is None


def test_only_as_many_samples_are_asked_for_as_can_be_paid_for() -> None:
    dear = replace(CARD, input_usd=100.0, settings=json.dumps({"samples": 3, "max_tokens": 1000}))
    session = failing()
    session.max_cost_usd = 0.6
    step = OneShot(dear).propose(session.state, session.context)
    assert step is not None
    assert isinstance(step.action, AskModel)
    assert 1 <= len(step.action.samples) < 3
    session.max_cost_usd = 0.01
    assert OneShot(dear).propose(session.state, session.context) is None


def test_a_session_that_cannot_pay_for_a_question_ends_with_that_reason() -> None:
    session = failing()
    session.max_cost_usd = 0.00001
    step = MetaPlanner(CandidateSearch(), "llm", (CARD,)).propose(session.state, session.context)
    assert isinstance(step.action, GiveUp)
    reason = "no model was asked: --max-cost 1e-05 does not pay for a question at its highest price"
    assert step.action.reason == reason


def test_pieces_that_answers_share_are_fused() -> None:
    """Each answer has a right piece and a wrong one; the right ones recur."""
    first = RIGHT + "\ncode.py\n<<<<<<< SEARCH\n    return x + 1\n=======\n    return x\n>>>>>>> REPLACE\n"
    second = RIGHT + "\ncode.py\n<<<<<<< SEARCH\nimport os\n=======\nimport sys\n>>>>>>> REPLACE\n"
    session = failing()
    session.answer(OneShot(CARD).propose(session.state, session.context), first, second)
    step = OneShot(CARD).propose(session.state, session.context)
    assert step is not None
    assert isinstance(step.action, TryPatches)
    results = [apply(candidate.patch, TREE.read).files["code.py"].after for candidate in step.action.candidates]
    right = TREE.read("code.py").replace(b"a > b", b"a < b").replace(b"helper(a)", b"a")
    assert right in results[2:]
    assert len(set(results)) == len(results)


def test_the_same_state_gives_the_same_question_in_a_new_planner() -> None:
    session = failing()
    ask = OneShot(CARD).propose(session.state, session.context)
    assert ask == OneShot(CARD).propose(session.state, session.context)
    assert Turn("user", "x").bytes == 1


def test_files_that_hold_keys_are_not_edited_and_their_lines_are_not_told() -> None:
    exact = ".env\n<<<<<<< SEARCH\nKEY=1\n=======\nKEY=2\n>>>>>>> REPLACE\n"
    near = ".env\n<<<<<<< SEARCH\nKEY=0\nmore\n=======\nKEY=2\n>>>>>>> REPLACE\n"
    whole = ".env\n```\nKEY=2\n```\n"
    for answer in (exact, near, whole, "--- a/.env\n+++ b/.env\n@@ -1 +1 @@\n-KEY=1\n+KEY=2\n"):
        session = failing()
        session.answer(OneShot(CARD).propose(session.state, session.context), answer)
        step = OneShot(CARD).propose(session.state, session.context)
        assert step is not None
        assert isinstance(step.action, AskModel), "there is nothing to try"
        assert ".env may hold keys or logins" in texts(step.action)[0]
        assert "KEY=1" not in texts(step.action)[0]
    edit = EditFile(".env", content_hash(b"KEY=1\n"), (Edit(4, 5, b"2"),))
    assert unified((edit,), TREE) == "(a change of .env, which may hold keys or logins, is not shown)\n"


def test_what_a_lost_call_may_have_cost_is_not_spent_again() -> None:
    session = failing()
    first = OneShot(CARD).propose(session.state, session.context)
    assert first is not None
    assert isinstance(first.action, AskModel)
    left = reservation_usd(first.action, CARD, 0) * 1.5
    context = replace(session.context, spent_usd=session.context.max_cost_usd - left)
    step = OneShot(CARD).propose(session.state, context)
    assert step is not None
    assert isinstance(step.action, AskModel)
    assert (len(first.action.samples), len(step.action.samples)) == (3, 1)
    poor = replace(session.context, spent_usd=session.context.max_cost_usd)
    assert OneShot(CARD).propose(session.state, poor) is None
