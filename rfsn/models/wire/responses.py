"""OpenAI's Responses, without state on the server: what it needs to know of earlier turns is sent back to it."""

from __future__ import annotations

import json

from gate import Turn, Usage
from planners.answers import Answer, Finish, ToolCall
from rfsn.models.failure import broken
from rfsn.models.request import Received, Request, echoed
from rfsn.models.wire.reading import Json, amount, error_in, parsed, received, rows, table, text_in

__all__ = ["Reader", "body_of"]

_LAST = {"response.completed", "response.incomplete", "response.failed"}


def body_of(request: Request) -> Json:
    """The fields of the request."""
    body: Json = {
        "model": request.card.model,
        "input": [item for turn in request.turns for item in _items(request, turn)],
        "max_output_tokens": request.max_tokens,
        "store": False,
        "include": ["reasoning.encrypted_content"],
    }
    if request.tools:
        body["tools"] = [
            {
                "type": "function",
                "name": tool.name,
                "description": tool.description,
                "parameters": json.loads(tool.schema),
                "strict": False,
            }
            for tool in request.tools
        ]
    if request.settings.effort:
        body["reasoning"] = {"effort": request.settings.effort}
    if request.settings.stream:
        body["stream"] = True
    return body


def _items(request: Request, turn: Turn) -> list[Json]:
    match turn.role:
        case "result":
            return [{"type": "function_call_output", "call_id": turn.call, "output": turn.text}]
        case "model" if turn.reply:
            answer = request.replies[turn.reply]
            output = echoed(request.card, answer)
            return _remade(answer) if output is None else output
        case "model":
            return [{"role": "assistant", "content": turn.text}]
        case role:
            return [{"role": role, "content": turn.text}]


def _remade(answer: Answer) -> list[Json]:
    """The items for what another model answered."""
    said: list[Json] = [{"role": "assistant", "content": answer.text}] if answer.text else []
    return said + [
        {"type": "function_call", "call_id": call.id, "name": call.name, "arguments": call.arguments}
        for call in answer.calls
    ]


class Reader:
    """Reads an answer."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._items: list[Json] = []
        self._last: Json | None = None

    def whole(self, message: Json) -> Received:
        """The answer that came in one piece."""
        error_in(message)
        status = message.get("status")
        if status in {"failed", "cancelled"}:
            raise broken(f"the server gave up on the answer ({status})")
        # Some servers leave out of the last event what they streamed.
        items = [item for item in rows(message.get("output")) if isinstance(item, dict)] or self._items
        if not items and status is None:
            raise broken("the answer has no output")
        said = (item for item in items if item.get("type") == "message")
        parts = [part for item in said for part in map(table, rows(item.get("content")))]
        text = "".join(text_in(part.get("text")) for part in parts if part.get("type") == "output_text")
        refusal = "".join(text_in(part.get("refusal")) for part in parts if part.get("type") == "refusal")
        calls = [_tool_call(item) for item in items if item.get("type") == "function_call"]
        finish = _finish(message, refused=bool(refusal) and not text and not calls)
        return received(self._request, text or refusal, calls, items, _usage(message.get("usage")), finish)

    def event(self, data: str) -> None:
        """Take one event of a stream."""
        event = parsed(data)
        kind = event.get("type")
        if kind == "error":
            raise broken("the server reports an error in place of an answer", text_in(event.get("message")))
        if kind == "response.output_item.done" and (item := table(event.get("item"))):
            self._items.append(item)
        elif kind in _LAST:
            self._last = table(event.get("response"))

    def ended(self) -> Received:
        """The answer after the stream ended."""
        if self._last is None:
            raise broken("the answer broke off before its end")
        return self.whole(self._last)


def _finish(message: Json, *, refused: bool) -> Finish:
    if refused:
        return "refused"
    if message.get("status") != "incomplete":
        return "complete"
    reason = table(message.get("incomplete_details")).get("reason")
    return "refused" if reason == "content_filter" else "cut"


def _tool_call(item: Json) -> ToolCall:
    arguments = item.get("arguments")
    text = json.dumps(arguments) if isinstance(arguments, dict) else text_in(arguments)
    return ToolCall(text_in(item.get("call_id")) or text_in(item.get("id")), text_in(item.get("name")), text)


def _usage(value: object) -> Usage | None:
    if not (usage := table(value)):
        return None
    of_input, of_output = table(usage.get("input_tokens_details")), table(usage.get("output_tokens_details"))
    return Usage(
        amount(usage.get("input_tokens")),
        amount(usage.get("output_tokens")),
        amount(of_input.get("cached_tokens")),
        amount(of_input.get("cache_write_tokens")),
        amount(of_output.get("reasoning_tokens")),
    )
