"""A model as a judge of plausible patches: it is asked once, in two orders, and its votes count beside agreement."""

from __future__ import annotations

from dataclasses import replace

from gate import ApplyPatch, AskModel, Candidate, Edit, EditFile, content_hash
from planners.choosing import Choose
from planners.llm.judging import Judge, votes_of
from planners.trial import Trial, TrialOutcome
from tests.planners.llm.talk import SOURCE, Session, failing


def plausible(index: int, text: bytes) -> Trial:
    start = SOURCE.index(b"a > b") + 2
    patch = (EditFile("code.py", content_hash(SOURCE), (Edit(start, start + 1, text),)),)
    return Trial(index, Candidate(patch, "operator", "code.py:9", 1.0), TrialOutcome.PLAUSIBLE)


FIRST, SECOND = plausible(3, b"<"), plausible(7, b">=")


def session(*trials: Trial) -> Session:
    made = failing()
    made.state = replace(made.state, plausible=trials, tried=8)
    return made


def test_the_judge_sees_every_patch_in_both_orders_and_is_asked_once() -> None:
    talk = session(FIRST, SECOND)
    step = Judge().propose(talk.state, talk.context)
    assert step is not None
    assert isinstance(step.action, AskModel)
    assert (step.action.model, step.action.purpose) == ("judge", "rank")
    orders = [turns[-1].text for turns in step.action.samples]
    assert [text.index("# Patch 3") < text.index("# Patch 7") for text in orders] == [True, False]
    talk.answer(step, "The second keeps equal values.\n\nbest: 7", "**Best: 7**")
    assert Judge().propose(talk.state, talk.context) is None
    assert votes_of(talk.state, talk.context) == {7: 1.0}


def test_without_a_choice_or_a_judge_nobody_is_asked() -> None:
    assert Judge().propose(session(FIRST).state, session(FIRST).context) is None
    talk = session(FIRST, SECOND)
    assert Judge().propose(talk.state, replace(talk.context, judge=None)) is None


def test_votes_decide_between_patches_that_are_about_as_likely() -> None:
    talk = session(FIRST, SECOND)
    before = Choose().propose(talk.state, talk.context)
    assert before is not None
    assert before.action == ApplyPatch(FIRST.patch)
    talk.answer(Judge().propose(talk.state, talk.context), "best: 7", "I cannot tell.")
    after = Choose().propose(talk.state, talk.context)
    assert after is not None
    assert after.action == ApplyPatch(SECOND.patch)


def test_a_patch_that_is_spoken_of_has_no_vote() -> None:
    talk = session(FIRST, SECOND)
    against = "best: 7\n\nPatch 3 is only second best. 3 special-cases the test; the others are at best 3 lines."
    talk.answer(Judge().propose(talk.state, talk.context), against, "best: 9999")
    assert votes_of(talk.state, talk.context) == {7: 1.0}


def test_a_vote_for_nothing_that_was_shown_changes_nothing() -> None:
    talk = session(FIRST, SECOND)
    talk.answer(Judge().propose(talk.state, talk.context), "best: 9999", "best: none")
    step = Choose().propose(talk.state, talk.context)
    assert step is not None
    assert step.action == ApplyPatch(FIRST.patch)
