"""Scripted and replayed models, and the cassette of a session."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from gate import Turn, Usage
from planners.answers import Answer, ToolCall
from rfsn.errors import UsageError
from rfsn.models.doubles import ReplayedModel, ScriptedModel
from rfsn.models.failure import CallFailed
from rfsn.models.recording import cassette, messages
from rfsn.models.request import Received
from tests.models.conftest import Opener
from tests.models.office import READ, action_of, card_of
from tests.models.server import ModelServer, Play

CARD = card_of("https://models.example/v1")


def test_a_script_of_answers(office: Opener) -> None:
    call = Answer("", (ToolCall("c", "read_file", "{}"),))
    refused = Received(Answer("no"), Usage(5, 1), "refused")
    busy = CallFailed("529", "busy", retry=True, billed=False)
    desk = office(CARD, wire_=ScriptedModel(["a fix" * 9, call, busy, refused]))
    first, second, third, last = (desk.ask(action_of("why?")) for _ in range(4))
    assert desk.text(first) == "a fix" * 9
    assert first.replies[0].usage is not None
    assert first.replies[0].usage.output == 15
    assert first.cost_usd == CARD.cost_usd(first.replies[0].usage) > 0.0
    assert desk.session.blobs.answer(second.replies[0].blob) == call
    assert (third.replies[0].finish, third.replies[0].usage) == ("refused", Usage(5, 1))
    assert "no more answers" in last.replies[0].problem
    assert [end.status for end in desk.ends] == ["ok", "ok", "529", "refused", "unsent"]


def test_a_script_that_reads_the_request(office: Opener) -> None:
    model = ScriptedModel(lambda request: request.turns[-1].text.upper())
    desk = office(CARD, wire_=model)
    replied = desk.ask(action_of("one", "two"))
    assert [desk.text(replied, sample) for sample in range(2)] == ["ONE", "TWO"]
    assert [request.shared for request in model.requests] == [2, 2]


def test_a_session_is_replayed_from_its_cassette(server: ModelServer, office: Opener) -> None:
    server.play([Play("Look.", calls=(("read_file", "{}"),)), Play(status=500, error={}), Play("done")])
    first = office(card_of(server.endpoint("chat")))
    asked = action_of("why?", tools=[READ])
    reply = first.ask(asked).replies[0]
    call = first.session.blobs.answer(reply.blob).calls[0]
    turns = [Turn("user", "why?"), Turn("model", reply=reply.blob), Turn("result", "x = 1", call=call.id)]
    again = action_of(tools=[READ], turns=turns)
    first.ask(again)
    told = list(messages(first.session))
    assert [(one["status"], one["attempt"]) for one in told] == [("ok", 1), ("500", 1), ("ok", 2)]
    assert told[0]["request"]["turns"][-1] == {"role": "user", "text": "why?"}
    lines = list(cassette(first.session))
    assert [json.loads(line)["answer"]["text"] for line in lines] == ["Look.", "done"]
    first.close()

    second = office(wire_=ReplayedModel.of(lines))
    replies = [second.ask(action).replies[0] for action in (asked, again, again)]
    assert [reply.blob for reply in replies] == [reply.blob, replies[1].blob, replies[1].blob]
    assert second.session.blobs.answer(replies[1].blob).text == "done"
    assert replies[1].usage == Usage(100, 20)
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("action", "difference"),
    [
        (action_of("why not?"), "turn 3 has"),
        (action_of("why?", "and why?"), "turn 3 has"),
        (action_of(), "it has 2 turns, and the nearest one recorded 3"),
        (replace(action_of("why?"), max_tokens=7), "max_tokens differ"),
        (action_of("why?", tools=[READ]), "tools differ"),
    ],
)
def test_a_request_that_was_not_recorded_says_what_differs(office: Opener, action: object, difference: str) -> None:
    desk = office(CARD, wire_=ScriptedModel(["a fix"]))
    desk.ask(action_of("why?"))
    desk.desk._wire = ReplayedModel.of(cassette(desk.session))
    assert difference in desk.ask(action).replies[-1].problem  # type: ignore[arg-type]  # an AskModel


def test_an_empty_cassette_and_a_damaged_one(office: Opener) -> None:
    desk = office(CARD, wire_=ReplayedModel.of([]))
    assert "it is empty" in desk.ask(action_of("why?")).replies[0].problem
    with pytest.raises(UsageError, match="line 1 of the cassette: answer"):
        ReplayedModel.of(['{"model": "m", "request": {}}'])


def test_a_call_without_an_end_is_among_the_messages(office: Opener) -> None:
    desk = office(CARD, wire_=ScriptedModel([]))
    desk.desk._record = lambda event: None if event.kind == "call_ended" else desk.session.record(event)
    desk.ask(action_of("why?"))
    (lost,) = messages(desk.session)
    assert (lost["status"], lost["answer"], list(cassette(desk.session))) == ("lost", None, [])
    assert lost["cost_usd"] > 0.0
