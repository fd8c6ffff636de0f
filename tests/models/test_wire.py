"""Requests and answers in all three protocols, streamed and whole, against a server that checks them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gate import Turn, Usage
from planners.answers import Answer, ToolCall
from rfsn.models.failure import CallFailed
from rfsn.models.patience import Patience
from rfsn.models.request import Request
from rfsn.models.wire import chat
from tests.models.conftest import Opener
from tests.models.office import APIS, KEY, READ, action_of, card_of
from tests.models.server import Json, ModelServer, Play, message

CALL = ("read_file", '{"path": "a.py"}')


@pytest.fixture(params=APIS)
def api(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=[True, False], ids=["streamed", "whole"])
def stream(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def test_an_answer_with_its_usage_and_cost(server: ModelServer, office: Opener, api: str, *, stream: bool) -> None:
    server.play([Play("x = 1\nü" * 50, input=1000, output=90, cached=600, written=100, reasoning=40)])
    desk = office(card := card_of(server.endpoint(api), api, stream=stream))
    replied = desk.ask(action_of("why?"))
    (reply,) = replied.replies
    assert desk.text(replied) == "x = 1\nü" * 50
    assert reply.usage == Usage(1000, 90, 600, 100, 40)
    assert reply.finish == "complete"
    assert reply.cost_usd == pytest.approx((300 * 2.0 + 600 * 0.2 + 100 * 2.5 + 90 * 10.0) / 1e6)
    assert replied.cost_usd == reply.cost_usd == pytest.approx(desk.session.projection.spent_usd)
    (asked,) = server.asked
    assert (asked.api, asked.body["model"]) == (api, card.model)
    assert bool(asked.body.get("stream")) is stream
    assert asked.headers["authorization"] == f"Bearer {KEY}"


def test_answers_that_are_cut_or_refused(server: ModelServer, office: Opener, api: str, *, stream: bool) -> None:
    server.play([Play("half of", finish="cut"), Play("I cannot", finish="refused"), Play("", finish="refused")])
    desk = office(card_of(server.endpoint(api), api, stream=stream))
    cut, refused, silent = (desk.ask(action_of("why?")) for _ in range(3))
    assert [cut.replies[0].finish, desk.text(cut)] == ["cut", "half of"]
    assert [refused.replies[0].finish, desk.text(refused)] == ["refused", "I cannot"]
    # OpenAI's Responses has no sign of a refusal but its text.
    assert silent.replies[0].finish == ("complete" if api == "responses" else "refused")
    assert [end.status for end in desk.ends[:2]] == ["cut", "refused"]


def test_tool_calls_and_what_is_sent_back(server: ModelServer, office: Opener, api: str, *, stream: bool) -> None:
    server.play([Play("Let me look.", calls=(CALL, ("unheard_of", "{}"))), Play("done")])
    desk = office(card_of(server.endpoint(api), api, stream=stream))
    first = desk.ask(action_of("why?", tools=[READ]))
    answer = desk.session.blobs.answer(first.replies[0].blob)
    assert answer.text == "Let me look."
    assert [(call.name, json.loads(call.arguments)) for call in answer.calls] == [
        ("read_file", {"path": "a.py"}),
        ("unheard_of", {}),
    ]
    turns = [
        Turn("user", "why?"),
        Turn("model", reply=first.replies[0].blob),
        *(Turn("result", f"result {call.name}", call=call.id) for call in answer.calls),
    ]
    again = action_of(tools=[READ], turns=turns)
    assert desk.text(desk.ask(again)) == "done"
    sent = server.asked[1].body
    match api:
        case "responses":
            raw = json.loads(answer.raw)["message"]
            assert [item["type"] for item in raw] == ["reasoning", "message", "function_call", "function_call"]
            assert sent["input"][3:-2] == raw
            assert raw[0]["encrypted_content"] == "c2VjcmV0"
            assert sent["tools"][0] | {"parameters": None} == {
                "type": "function",
                "name": "read_file",
                "description": "Reads a file.",
                "parameters": None,
                "strict": False,
            }
        case "chat":
            assert [turn["role"] for turn in sent["messages"]] == ["system", "user", "assistant", "tool", "tool"]
            message = sent["messages"][2]
            assert message["reasoning_content"] == "hm"
            signature = message["tool_calls"][0]["extra_content"]["google"]["thought_signature"]
            assert signature == "sig0"
            assert [call["function"]["arguments"] for call in message["tool_calls"]] == ['{"path": "a.py"}', "{}"]
        case "messages":
            content = sent["messages"][1]["content"]
            assert content[0] == {"type": "thinking", "thinking": "hm", "signature": "c2ln"}
            assert [block["type"] for block in content] == ["thinking", "text", "tool_use", "tool_use"]
            assert [block["type"] for block in sent["messages"][2]["content"]] == ["tool_result"] * 2


def test_malformed_arguments_are_passed_on(server: ModelServer, office: Opener, api: str) -> None:
    server.play([Play(calls=(("read_file", '{"path": '),)), Play("done")])
    desk = office(card_of(server.endpoint(api), api))
    first = desk.ask(action_of("why?", tools=[READ]))
    answer = desk.session.blobs.answer(first.replies[0].blob)
    assert answer.calls[0].arguments == '{"path": '
    turns = [
        Turn("user", "why?"),
        Turn("model", reply=first.replies[0].blob),
        Turn("result", "no JSON", call=answer.calls[0].id),
    ]
    assert desk.text(desk.ask(action_of(tools=[READ], turns=turns))) == "done"


def test_the_answer_of_another_model_is_told_in_the_words_of_the_protocol(
    server: ModelServer, office: Opener, api: str
) -> None:
    cards = [card_of(server.endpoint(one), one, one) for one in APIS]
    desk = office(*cards)
    for other in APIS:
        server.play([Play("Look.", calls=(CALL,))])
        first = desk.ask(action_of("why?", tools=[READ], model=other))
        call = desk.session.blobs.answer(first.replies[0].blob).calls[0]
        turns = [Turn("user", "why?"), Turn("model", reply=first.replies[0].blob), Turn("result", "r", call=call.id)]
        desk.ask(action_of(tools=[READ], turns=turns, model=api))
        sent = json.dumps(server.asked[-1].body)
        assert "Look." in sent
        assert ("c2ln" in sent) is (other == api == "messages")
        assert ("c2VjcmV0" in sent) is (other == api == "responses")


def test_effort_and_further_fields(server: ModelServer, office: Opener, api: str) -> None:
    desk = office(card_of(server.endpoint(api), api, effort="low", extra={"service_tier": "flex"}))
    desk.ask(action_of("why?"))
    body = server.asked[0].body
    assert body["service_tier"] == "flex"
    match api:
        case "responses":
            assert body["reasoning"] == {"effort": "low"}
        case "chat":
            assert body["reasoning_effort"] == "low"
        case "messages":
            assert (body["thinking"], body["output_config"]) == ({"type": "adaptive"}, {"effort": "low"})


@pytest.mark.parametrize("field", ["max_tokens", "n", "stream"])
def test_further_fields_cannot_raise_the_cost(server: ModelServer, office: Opener, api: str, field: str) -> None:
    desk = office(card_of(server.endpoint(api), api, extra={field: 100_000}))
    (reply,) = desk.ask(action_of("why?")).replies
    assert field in reply.problem
    assert "extra" in reply.problem
    assert (server.asked, reply.cost_usd) == ([], 0.0)


def test_the_shared_beginning_is_marked_for_the_cache(server: ModelServer, office: Opener) -> None:
    desk = office(card_of(server.endpoint("messages"), "messages"))
    desk.ask(action_of("one", "two"))
    for asked in server.asked:
        (turn,) = asked.body["messages"]
        assert [block.get("cache_control") for block in turn["content"]] == [{"type": "ephemeral"}, None]
    desk.ask(action_of("goes on", tools=[READ]))
    assert "cache_control" in server.asked[-1].body["messages"][0]["content"][-1]
    desk.ask(action_of("once"))
    assert "cache_control" not in json.dumps(server.asked[-1].body)


def test_a_model_without_tools_is_told_of_them(server: ModelServer, office: Opener, api: str, *, stream: bool) -> None:
    block = '```tool\n{"name": "read_file", "arguments": {"path": "a.py"}}\n```'
    server.play([Play(f"I look.\n\n{block}\n"), Play("done")])
    desk = office(card_of(server.endpoint(api), api, stream=stream, tools=False))
    first = desk.ask(action_of("why?", tools=[READ]))
    answer = desk.session.blobs.answer(first.replies[0].blob)
    assert (answer.text, answer.calls) == ("I look.", (ToolCall("call_0", "read_file", '{"path": "a.py"}'),))
    turns = [
        Turn("user", "why?"),
        Turn("model", reply=first.replies[0].blob),
        Turn("result", "x = 1", call="call_0"),
        Turn("user", "go on"),
    ]
    desk.ask(action_of(tools=[READ], turns=turns))
    body = server.asked[1].body
    assert "tools" not in body
    told = json.dumps(body)
    assert "Reads a file." in told
    assert json.dumps(block)[1:-1] in told
    assert "The result of call_0:\\nx = 1" in told
    if api == "chat":
        assert [turn["role"] for turn in body["messages"]] == ["system", "user", "assistant", "user"]
        assert "Reads a file." in body["messages"][1]["content"], "a template may drop what the system says"
        assert body["messages"][3]["content"].endswith("The result of call_0:\nx = 1\n\ngo on")


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("```tool\n{oops\n```", [("", "{oops")]),
        ('```tool\n{"name": "a", "arguments": {"x": 1}', [("a", '{"name": "a", "arguments": {"x": 1}')]),
        ('```tool\n{"name": "a"}', [("a", "{}")]),
        ('```tool\n["a"]\n```', [("", '["a"]')]),
        ("```python\nx = 1\n```", []),
        ('```tool\n{"name": "a"}\n```\nand\n```tool\n{"name": "b"}\n```', [("a", "{}"), ("b", "{}")]),
    ],
)
def test_blocks_of_tools(server: ModelServer, office: Opener, text: str, calls: list[tuple[str, str]]) -> None:
    server.play([Play(text)])
    desk = office(card_of(server.endpoint("chat"), tools=False))
    answer = desk.session.blobs.answer(desk.ask(action_of("why?", tools=[READ])).replies[0].blob)
    assert [(call.name, call.arguments) for call in answer.calls] == calls


def test_reasoning_that_is_only_in_the_total_is_paid_for(server: ModelServer) -> None:
    def usage(request: Request, **fields: Any) -> Usage | None:
        message = {"choices": [{"message": {"content": "x"}}], "usage": fields}
        return chat.Reader(request).whole(message).usage

    request = Request(card_of(server.endpoint("chat")), (), (), 10, {})
    assert usage(request, prompt_tokens=10, completion_tokens=5, total_tokens=40) == Usage(10, 30)
    assert usage(request, prompt_tokens=10, completion_tokens=5, prompt_cache_hit_tokens=8) == Usage(10, 5, cached=8)
    assert usage(request, prompt_tokens=0, completion_tokens=0) is None
    assert usage(request, prompt_tokens=True, completion_tokens=-5) is None


def test_tool_calls_without_an_index(server: ModelServer) -> None:
    reader = chat.Reader(Request(card_of(server.endpoint("chat")), (), (), 10, {}))
    for delta in (
        {"tool_calls": [{"id": "a", "function": {"name": "one", "arguments": '{"x"'}}]},
        {"tool_calls": [{"function": {"arguments": ": 1}"}}]},
        {"tool_calls": [{"id": "b", "function": {"name": "two", "arguments": {"y": 2}}}]},
        {"tool_calls": [{"id": "c", "function": {"name": "three"}}]},
    ):
        reader.event(json.dumps({"choices": [{"delta": delta}]}))
    reader.event("[DONE]")
    assert reader.ended().answer.calls == (
        ToolCall("a", "one", '{"x": 1}'),
        ToolCall("b", "two", '{"y": 2}'),
        ToolCall("c", "three", ""),
    )


def test_text_that_is_not_text_becomes_text(server: ModelServer, office: Opener) -> None:
    desk = office()
    lone = {"choices": [{"message": {"content": "a\ud800b"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 3}}
    answer = chat.Reader(Request(card_of(server.url), (), (), 1, {})).whole(lone).answer
    name = desk.session.blobs.put_answer(answer)
    assert desk.session.blobs.answer(name) == answer == Answer("a\\ud800b", (), answer.raw)


def test_a_request_for_another_path_is_noticed(server: ModelServer, office: Opener) -> None:
    desk = office(card_of(f"{server.url}/elsewhere"))
    (reply,) = desk.ask(action_of("why?")).replies
    assert "answered 404: there is no model the-m, or no such address: check --model and --base-url" in reply.problem
    server.problems.clear()


@pytest.mark.parametrize("api", APIS)
def test_headers_of_the_environment_are_not_for_other_hosts(
    server: ModelServer, office: Opener, api: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_CUSTOM_HEADERS", "ANTHROPIC_CUSTOM_HEADERS"):
        monkeypatch.setenv(name, "X-Gateway: gateway-secret\nX-Other: other-secret")
    office(card_of(server.endpoint(api), api)).ask(action_of("why?"))
    (asked,) = server.asked
    assert not [value for value in asked.headers.values() if "secret" in value]


@pytest.mark.parametrize("api", APIS)
def test_a_compressed_refusal_is_one_with_its_time_to_wait(server: ModelServer, office: Opener, api: str) -> None:
    packed = {"content-encoding": "gzip", "retry-after-ms": "1"}
    server.play([Play(status=429, headers=packed, error={"message": "later"}), Play()])
    desk = office(card_of(server.endpoint(api), api))
    assert desk.ask(action_of("why?")).replies[0].finish == "complete"
    assert [end.status for end in desk.ends] == ["429", "ok"]


def test_an_answer_with_megabytes_of_unknown_fields_is_none(server: ModelServer) -> None:
    request = Request.of(action_of("why?"), 0, card_of(server.endpoint("chat")), lambda _: Answer(""))
    message = {"role": "assistant", "content": "a", "reasoning_content": "x" * (1 << 20)}
    whole = {"choices": [{"message": message, "finish_reason": "stop"}], "usage": {"prompt_tokens": 9}}
    with pytest.raises(CallFailed, match="1 MiB besides text and calls"):
        chat.Reader(request).whole(whole)
    message["reasoning_content"] = "x" * 1_000
    assert chat.Reader(request).whole(whole).answer.text == "a"


def test_what_follows_an_answer_is_no_answer_to_the_next_question(
    server: ModelServer, office: Opener, api: str, *, stream: bool
) -> None:
    content = json.dumps(message(api, Play("smuggled"))).encode()
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(content)}\r\n\r\n"
    server.play([Play("one"), Play("two", surplus=head.encode() + content), Play("three")])
    desk = office(card_of(server.endpoint(api), api, stream=stream))
    assert [desk.text(desk.ask(action_of(f"why {number}?"))) for number in range(3)] == ["one", "two", "three"]
    assert server.connections == 2, "the first is used for as long as nothing is left on it"


STREAMED = {"content-type": "text/event-stream"}


@pytest.mark.parametrize(
    ("headers", "start", "repeated", "many", "said"),
    [
        ({}, b'{"choices": [', b"{},", 8 << 20, "far more values"),
        ({}, b'{"choices": [', b"{},", 9 << 20, "more than 26 MiB"),
        (STREAMED, b'data: {"choices": [', b"{},", 1 << 20, "far more values"),
        (STREAMED, b"", b'data: {"choices": [{"delta": {"a": [{}]}}]}\n\n', 1 << 17, "far more values"),
        (STREAMED, b"", b": wait\n", 10 << 20, "more than 64 MiB"),
    ],
)
def test_an_answer_that_would_fill_the_memory_fails(
    headers: Json, start: bytes, repeated: bytes, many: int, said: str, server: ModelServer, office: Opener
) -> None:
    """An empty object takes 24 times as much memory as bytes on the wire."""
    end = b"{}]}\n\n" if start else b""
    server.play([Play(error=start + repeated * many + end, headers=headers)])
    (reply,) = office(card_of(server.endpoint("chat")), patience=Patience(attempts=1)).ask(action_of("why?")).replies
    assert said in reply.problem


def test_a_long_answer_in_escapes_is_an_answer(server: ModelServer, office: Opener, api: str, *, stream: bool) -> None:
    text = "\N{CJK UNIFIED IDEOGRAPH-4E2D}" * ((4 << 20) // (6 if stream else 1) - 1_000)
    server.play([Play(text)])
    desk = office(card_of(server.endpoint(api), api, stream=stream))
    assert desk.text(desk.ask(action_of("why?"))) == text
