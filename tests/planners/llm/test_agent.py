"""The agent: actions from answers, conversations within a bound, and its ends."""

from __future__ import annotations

from gate import ApplyPatch, AskModel, Proposal, ReadFile, RunTests, SearchCode, TryPatches
from planners.llm.agent import Agent
from planners.observations import Batch, Output, SuiteRan
from planners.trial import Trial, TrialOutcome
from tests.planners.llm.talk import CARD, RIGHT, UNFITTING, WRONG, Session, call, failing


def propose(session: Session) -> Proposal | None:
    return Agent(CARD).propose(session.state, session.context)


def asked(session: Session) -> AskModel:
    step = propose(session)
    assert step is not None
    assert isinstance(step.action, AskModel), step
    return step.action


def last(action: AskModel) -> str:
    return action.samples[0][-1].text


def test_every_tool_is_an_action() -> None:
    expected = [
        (call("read_file", '{"path": "./code.py"}'), ReadFile("code.py")),
        (call("read_file", '{"path": "code.py", "line": "200"}'), ReadFile("code.py", 200)),
        (call("read_file", '{"path": "code.py", "line": 7}'), ReadFile("code.py", 7)),
        (call("read_file", '{"path": "code.py", "line": "end"}'), ReadFile("code.py")),
        (call("search_code", '{"text": "least", "pattern": "*.py"}'), SearchCode("least", "*.py")),
        (call("search_code", '{"text": "least", "pattern": ""}'), SearchCode("least", "*")),
        (call("run_tests", '{"ids": "a\\n b\\n"}'), RunTests(("a", "b"))),
    ]
    for answer, action in expected:
        session = failing()
        session.answer(propose(session), answer)
        step = propose(session)
        assert step is not None
        assert step.action == action
    for name, kind in (("try_patch", TryPatches), ("apply_patch", ApplyPatch)):
        session = failing()
        session.answer(propose(session), call(name, "{}", RIGHT))
        step = propose(session)
        assert step is not None
        assert isinstance(step.action, kind)


def test_what_a_model_says_before_its_edits_is_the_reason_of_a_step() -> None:
    for text, reason in ((f"It is wrong.\n\n{RIGHT}", "It is wrong."), (RIGHT, "the model gave no reason")):
        session = failing()
        session.answer(propose(session), call("try_patch", "{}", text))
        step = propose(session)
        assert step is not None
        assert step.hypothesis == reason


def test_edits_without_a_call_are_tried() -> None:
    session = failing()
    session.answer(propose(session), RIGHT)
    step = propose(session)
    assert step is not None
    assert isinstance(step.action, TryPatches)


def test_what_came_of_an_action_is_the_result_of_its_call() -> None:
    session = failing()
    session.outputs["all"] = "x" * 5_000
    session.answer(propose(session), call("read_file", '{"path": "code.py"}'))
    session.take(propose(session), Output("x" * 600, 0, "all"))
    action = asked(session)
    result = action.samples[0][-1]
    assert (result.role, result.call, result.text) == ("result", "c1", "x" * 5_000)
    assert action.samples[0][-2].reply == "answer 0"
    assert "code.py" in action.files
    assert action.echoed_bytes == 0 or action.echoed_bytes > 0


def test_a_tried_patch_is_told_with_what_fails() -> None:
    session = failing()
    session.answer(propose(session), call("try_patch", "{}", WRONG))
    step = propose(session)
    assert step is not None
    assert isinstance(step.action, TryPatches)
    trial = Trial(0, step.action.candidates[0], TrialOutcome.FAILED)
    session.take(step, Batch.of(0, [trial], duration_s=0.1, spent=0.1, failures=("test_least: assert 3 == 1",)))
    assert last(asked(session)) == "tried: 1 failed\ntest_least: assert 3 == 1"


def test_near_misses_of_its_own_leave_the_first_message_as_it_was() -> None:
    session = failing()
    before = asked(session).samples[0][:2]
    session.answer(propose(session), call("try_patch", "{}", WRONG))
    step = propose(session)
    assert step is not None
    assert isinstance(step.action, TryPatches)
    trial = Trial(0, step.action.candidates[0], TrialOutcome.FAILED, progress=(1, 11))
    session.take(step, Batch.of(0, [trial], duration_s=0.1, spent=0.1))
    assert session.state.near_misses
    assert asked(session).samples[0][:2] == before


def test_the_failing_tests_of_a_run_are_told() -> None:
    session = failing()
    session.answer(propose(session), call("run_tests", '{"ids": ""}'))
    session.take(propose(session), SuiteRan("base", 1, 1, 2, ("test_code.py::test_least",), 0.1, 0.1))
    assert last(asked(session)) == "1 of 2 tests fail\ntest_code.py::test_least: AssertionError: assert 2 == 1"


def test_malformed_calls_are_answered_with_what_is_wrong() -> None:
    for answer, part in (
        (call("read_file", "{"), "not a JSON object"),
        (call("read_file", '{"path": "' + "x" * 20_001 + '"}'), "path of read_file has more than 20,000 characters"),
        (call("read_file", "[1]"), "not a JSON object"),
        (call("read_file", "{}"), "read_file needs path"),
        (call("read_file", '{"path": ".env"}'), "must not leave this machine"),
        (call("rm", '{"path": "/"}'), "there is no tool 'rm'"),
        ("I think it is fine.", "no call of a tool"),
        (call("try_patch", "{}", "no edits here"), "no edits were found"),
        (call("try_patch", "{}", UNFITTING), "code.py"),
    ):
        session = failing()
        session.answer(propose(session), answer)
        assert part in last(asked(session)), answer


def test_half_a_character_in_arguments_is_spelled_out() -> None:
    """JSON can spell it, and no journal, prompt or file can hold it."""
    for answer, action in (
        (call("search_code", '{"text": "\\ud800", "pattern": "\\udfff"}'), SearchCode("\\ud800", "\\udfff")),
        (call("read_file", '{"path": "\\udc80"}'), ReadFile("\\x80")),
        (call("run_tests", '{"ids": "\\ud800"}'), RunTests(("\\ud800",))),
    ):
        session = failing()
        session.answer(propose(session), answer)
        step = propose(session)
        assert step is not None
        assert step.action == action
    session = failing()
    session.answer(propose(session), call("read_file", '{"path": ".env\\ud800"}'))
    last(asked(session)).encode()


def test_every_call_of_an_answer_has_a_result() -> None:
    session = failing()
    two = call("read_file", '{"path": "code.py"}')
    session.answer(propose(session), type(two)("", (*two.calls, type(two.calls[0])("c2", "run_tests", "{}"))))
    session.take(propose(session), Output("text", 0))
    results = [turn for turn in asked(session).samples[0] if turn.role == "result"]
    assert [(turn.call, turn.text) for turn in results] == [("c1", "text"), ("c2", "not done: one call in each answer")]


def answers_until_the_end(session: Session, paths: list[str]) -> tuple[int, int]:
    """How many answers a model gives that reads these files in turn, and how often it is told to stop that."""
    nudges = 0
    for count, path in enumerate(paths):
        step = propose(session)
        if step is None:
            return count, nudges
        assert isinstance(step.action, AskModel)
        nudges += "You repeat yourself" in last(step.action)
        session.answer(step, call("read_file", f'{{"path": "{path}"}}'))
        if (step := propose(session)) is not None:
            session.take(step, Output("text", 0))
    return len(paths), nudges


def test_a_model_that_repeats_itself_is_told_once_and_then_left() -> None:
    assert answers_until_the_end(failing(), ["code.py"] * 20) == (5, 1)


def test_alternating_between_two_calls_is_a_circle_too() -> None:
    assert answers_until_the_end(failing(), ["code.py", "test_code.py"] * 10) == (8, 1)


def test_answers_that_lead_to_no_action_are_a_circle_however_they_differ() -> None:
    session, nudges, count = failing(), 0, 0
    while (step := propose(session)) is not None:
        assert isinstance(step.action, AskModel), "there are no edits to try"
        nudges += "You repeat yourself" in last(step.action)
        session.answer(step, f"# Failing tests {count}\n\n```\ndef test_{count}():\n```\n")
        count += 1
    assert (count, nudges) == (5, 1)


def test_one_action_in_between_is_no_circle() -> None:
    session = failing()
    for count in range(8):
        if count % 3 == 2:
            session.answer(propose(session), call("read_file", f'{{"path": "{count}.py"}}'))
            session.take(propose(session), Output("text", 0))
        else:
            session.answer(propose(session), f"```\nnothing {count}\n```\n")
        assert propose(session) is not None, count


def test_a_model_that_listens_goes_on() -> None:
    paths = ["code.py"] * 3 + [f"{number}.py" for number in range(8)]
    assert answers_until_the_end(failing(), paths) == (11, 1)


def test_it_is_left_after_six_patches_in_a_row_in_vain() -> None:
    session, tries = failing(), 0
    while (question := propose(session)) is not None:
        session.answer(question, call("try_patch", "{}", WRONG.replace("a >= b", f"a >= b + {tries}")))
        step = propose(session)
        if step is None:
            break
        assert isinstance(step.action, TryPatches)
        trial = Trial(tries, step.action.candidates[0], TrialOutcome.PARTIAL if tries == 3 else TrialOutcome.FAILED)
        session.take(step, Batch.of(tries, [trial], duration_s=0.1, spent=0.1))
        tries += 1
    assert tries == 10


def test_it_ends_when_it_says_so_or_has_no_answer() -> None:
    session = failing()
    session.answer(propose(session), call("finish", '{"reason": "no way"}'))
    assert propose(session) is None
    session = failing()
    session.answer(propose(session))
    assert propose(session) is None


def test_a_step_costs_no_more_after_many_steps() -> None:
    session = failing()
    sizes, beginnings = [], set()
    for number in range(38):
        step = propose(session)
        assert step is not None
        assert isinstance(step.action, AskModel)
        sizes.append(sum(turn.bytes for turn in step.action.samples[0]))
        beginnings.add(step.action.samples[0][:2])
        session.answer(step, call("search_code", f'{{"text": "word {number}", "pattern": "*"}}'))
        session.take(propose(session), Output("found", 0))
    assert max(sizes[20:]) < 2 * sizes[12]
    assert len(beginnings) < 8  # so that providers find them in their caches
