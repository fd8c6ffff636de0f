"""Chat Completions, as OpenAI and many other providers and local servers speak it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from gate import Turn, Usage
from planners.answers import Answer, Finish, ToolCall
from rfsn.models.failure import broken
from rfsn.models.request import Received, Request, echoed
from rfsn.models.wire.reading import MAX_CALLS, Json, amount, error_in, parsed, received, rows, table, text_in

__all__ = ["Reader", "body_of"]

_FINISHES: dict[str, Finish] = {
    "length": "cut",
    "max_tokens": "cut",
    "model_length": "cut",
    "content_filter": "refused",
    "safety": "refused",
    "recitation": "refused",
}
_NO_ANSWER = {"error", "abort"}
_GROWING = ("content", "reasoning_content", "reasoning", "refusal")
"""The texts that a stream brings in pieces; every other field of a delta replaces the one before."""


def body_of(request: Request) -> Json:
    """The fields of the request."""
    body: Json = {
        "model": request.card.model,
        "messages": _joined([message for turn in request.turns for message in _messages(request, turn)]),
        # OpenAI's reasoning models know only the first, and many other servers only the second.
        "max_completion_tokens" if _is_openai(request) else "max_tokens": request.max_tokens,
    }
    if request.tools:
        body["tools"] = [
            {
                "type": "function",
                "function": {
                    "name": tool.name,
                    "description": tool.description,
                    "parameters": json.loads(tool.schema),
                },
            }
            for tool in request.tools
        ]
    if request.settings.effort:
        body["reasoning_effort"] = request.settings.effort
    if request.settings.stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return body


def _is_openai(request: Request) -> bool:
    return urlsplit(request.card.endpoint).hostname == "api.openai.com"


def _joined(messages: Sequence[Json]) -> list[Json]:
    """The messages, those that a user says one after another as one: many chat templates want roles to alternate."""
    joined: list[Json] = []
    for message in messages:
        if joined and message["role"] == joined[-1]["role"] == "user":
            joined[-1] = joined[-1] | {"content": f"{joined[-1]['content']}\n\n{message['content']}"}
        else:
            joined.append(message)
    return joined


def _messages(request: Request, turn: Turn) -> list[Json]:
    match turn.role:
        case "result":
            return [{"role": "tool", "tool_call_id": turn.call, "content": turn.text}]
        case "model" if turn.reply:
            answer = request.replies[turn.reply]
            message = echoed(request.card, answer)
            return [_remade(answer) if message is None else message]
        case "model":
            return [{"role": "assistant", "content": turn.text}]
        case role:
            return [{"role": role, "content": turn.text}]


def _remade(answer: Answer) -> Json:
    """The message for what another model answered."""
    message: Json = {"role": "assistant", "content": answer.text}
    if answer.calls:
        message["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in answer.calls
        ]
    return message


class Reader:
    """Reads an answer."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._message: Json = {}
        self._pieces: dict[str, list[str]] = {}
        self._calls: list[_Call] = []
        self._finish = ""
        self._usage: Usage | None = None
        self._done = False

    def whole(self, message: Json) -> Received:
        """The answer that came in one piece."""
        error_in(message)
        if not (choices := rows(message.get("choices"))):
            raise broken("the answer has no choices")
        choice = table(choices[0])
        self._finish = text_in(choice.get("finish_reason"))
        return self._received(table(choice.get("message")), _usage(message.get("usage")))

    def event(self, data: str) -> None:
        """Take one event of a stream."""
        if data.strip() == "[DONE]":
            self._done = True
            return
        chunk = parsed(data)
        error_in(chunk)
        self._usage = _usage(chunk.get("usage")) or self._usage
        for choice in map(table, rows(chunk.get("choices"))[:1]):
            self._finish = text_in(choice.get("finish_reason")) or self._finish
            self._grow(table(choice.get("delta")))

    def ended(self) -> Received:
        """The answer after the stream ended."""
        if not (self._finish or self._done):
            raise broken("the answer broke off before its end")
        message: Json = {"content": None} | self._message
        message |= {name: "".join(pieces) for name, pieces in self._pieces.items()}
        if self._calls:
            message["tool_calls"] = [call.message() for call in self._calls]
        return self._received(message, self._usage)

    def _grow(self, delta: Json) -> None:
        for name, value in delta.items():
            if name == "tool_calls":
                for call in map(table, rows(value)):
                    self._call_of(call).grow(call)
            elif name in _GROWING and (isinstance(value, str) or name == "content"):
                self._pieces.setdefault(name, []).append(text_in(value))
            elif isinstance(value, list):
                if not isinstance(self._message.get(name), list):
                    self._message[name] = []
                self._message[name] += value  # in place: there may be many
            elif value is not None:
                self._message[name] = value

    def _call_of(self, delta: Json) -> _Call:
        """The call that a piece belongs to: by its index; without one, as of Gemini, a new call has an id."""
        index = delta.get("index")
        same = [call for call in self._calls if call.index == index]
        if same and (index is not None or not delta.get("id")):
            return same[-1]
        if len(self._calls) == MAX_CALLS:
            raise broken(f"the answer has more than {MAX_CALLS} tool calls")
        self._calls.append(_Call(index))
        return self._calls[-1]

    def _received(self, message: Json, usage: Usage | None) -> Received:
        finish = self._finish.lower()
        if finish in _NO_ANSWER:
            raise broken(f"the server gave up on the answer ({finish})")
        calls = [_tool_call(place, table(call)) for place, call in enumerate(rows(message.get("tool_calls")))]
        text, kind = text_in(message.get("content")), _FINISHES.get(finish, "complete")
        if not text and not calls and (refusal := text_in(message.get("refusal"))):
            text, kind = refusal, "refused"
        return received(self._request, text, calls, message | {"role": "assistant"}, usage, kind)


class _Call:
    """A tool call that comes in pieces."""

    def __init__(self, index: object) -> None:
        self.index = index
        self._fields: Json = {"type": "function"}
        self._function: Json = {}
        self._arguments: list[str] = []

    def grow(self, delta: Json) -> None:
        """Take one more piece."""
        function = table(delta.get("function"))
        self._fields |= {name: value for name, value in delta.items() if name not in {"index", "function"} and value}
        self._function |= {name: value for name, value in function.items() if name != "arguments" and value}
        self._arguments.append(_arguments(function.get("arguments")))

    def message(self) -> Json:
        """The call as a whole answer has it."""
        return self._fields | {"function": self._function | {"arguments": "".join(self._arguments)}}


def _tool_call(place: int, call: Json) -> ToolCall:
    """A tool call. One without an id gets one, in the message too, since its result must name it."""
    call["id"] = text_in(call.get("id")) or f"call_{place}"
    function = table(call.get("function"))
    return ToolCall(call["id"], text_in(function.get("name")), _arguments(function.get("arguments")))


def _arguments(value: Any) -> str:
    """Arguments as text: some servers send an object."""
    return json.dumps(value) if isinstance(value, dict) else text_in(value)


def _usage(value: object) -> Usage | None:
    """The usage; what is in the total and in neither part was spent on reasoning (xAI, Gemini)."""
    if not (usage := table(value)):
        return None
    read, of_input = amount(usage.get("prompt_tokens")), table(usage.get("prompt_tokens_details"))
    written = amount(usage.get("completion_tokens"))
    cached = amount(of_input.get("cached_tokens")) or amount(usage.get("prompt_cache_hit_tokens"))
    reasoning = amount(table(usage.get("completion_tokens_details")).get("reasoning_tokens"))
    output = max(written, amount(usage.get("total_tokens")) - read)
    return Usage(read, output, cached, amount(of_input.get("cache_write_tokens")), reasoning)
