"""Anthropic's Messages: blocks in turns that alternate, and a cache that has to be asked for."""

from __future__ import annotations

import json

from gate import Turn, Usage
from planners.answers import Answer, Finish, ToolCall
from rfsn.models.failure import broken
from rfsn.models.request import Received, Request, echoed
from rfsn.models.wire.reading import Json, amount, error_in, parsed, received, table, text_in

__all__ = ["Reader", "body_of"]

_FINISHES: dict[str, Finish] = {
    "max_tokens": "cut",
    "model_context_window_exceeded": "cut",
    "pause_turn": "cut",
    "refusal": "refused",
}
_GROWING = {
    "text_delta": ("text", "text"),
    "thinking_delta": ("thinking", "thinking"),
    "signature_delta": ("signature", "signature"),
    "input_json_delta": ("partial_json", "input"),
}
"""For each kind of delta, its field and that of the block which it makes longer."""

_READ = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")


def body_of(request: Request) -> Json:
    """The fields of the request."""
    turns = request.turns
    leading = next((place for place, turn in enumerate(turns) if turn.role != "system"), len(turns))
    system = [_text(turn.text) for turn in turns[:leading] if turn.text]
    messages: list[Json] = []
    shared = system
    for place, turn in enumerate(turns[leading:], leading):
        role = "assistant" if turn.role == "model" else "user"
        if not messages or messages[-1]["role"] != role:
            messages.append({"role": role, "content": []})
        messages[-1]["content"] += _blocks(request, turn)
        if place < request.shared and role == "user":
            shared = messages[-1]["content"][:] or shared
    if request.shared and shared:
        shared[-1]["cache_control"] = {"type": "ephemeral"}
    body: Json = {
        "model": request.card.model,
        "max_tokens": request.max_tokens,
        "messages": [message for message in messages if message["content"]],
    }
    if system:
        body["system"] = system
    if request.tools:
        body["tools"] = [
            {"name": tool.name, "description": tool.description, "input_schema": json.loads(tool.schema)}
            for tool in request.tools
        ]
    if effort := request.settings.effort:
        body |= {"thinking": {"type": "adaptive"}, "output_config": {"effort": effort}}
    if request.settings.stream:
        body["stream"] = True
    return body


def _text(text: str) -> Json:
    return {"type": "text", "text": text}


def _blocks(request: Request, turn: Turn) -> list[Json]:
    match turn.role:
        case "result":
            return [{"type": "tool_result", "tool_use_id": turn.call, "content": turn.text}]
        case "model" if turn.reply:
            answer = request.replies[turn.reply]
            blocks = echoed(request.card, answer)
            return _remade(answer) if blocks is None else blocks
        case _:
            return [_text(turn.text)] if turn.text else []  # an empty block is refused


def _remade(answer: Answer) -> list[Json]:
    """The blocks for what another model answered."""
    said = [_text(answer.text)] if answer.text.strip() else []
    return said + [
        {"type": "tool_use", "id": call.id, "name": call.name, "input": _input(call.arguments)} for call in answer.calls
    ]


def _input(arguments: str) -> Json:
    """Arguments as the object that a block must have; of those that are none, the text in it."""
    try:
        value = json.loads(arguments or "{}")
    except (ValueError, RecursionError):
        value = None
    return value if isinstance(value, dict) else {"INVALID_JSON": arguments}


class Reader:
    """Reads an answer."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._blocks: dict[object, Json] = {}
        self._pieces: dict[tuple[object, str], list[str]] = {}
        self._usage: Json = {}
        self._counted = self._stopped = False
        self._finish = ""

    def whole(self, message: Json) -> Received:
        """The answer that came in one piece."""
        error_in(message)
        if not isinstance(message.get("content"), list):
            raise broken("the answer has no content")
        blocks = [block for block in message["content"] if isinstance(block, dict)]
        calls = [_tool_call(block) for block in blocks if block.get("type") == "tool_use"]
        return self._received(blocks, calls, text_in(message.get("stop_reason")), table(message.get("usage")))

    def event(self, data: str) -> None:
        """Take one event of a stream."""
        event = parsed(data)
        match event.get("type"):
            case "error":
                error_in(event)
                raise broken("the server reports an error in place of an answer")
            case "message_start":
                self._usage = table(table(event.get("message")).get("usage"))
            case "content_block_start":
                self._blocks[event.get("index")] = table(event.get("content_block"))
            case "content_block_delta":
                self._grow(event.get("index"), table(event.get("delta")))
            case "message_delta":
                self._finish = text_in(table(event.get("delta")).get("stop_reason")) or self._finish
                usage = {name: value for name, value in table(event.get("usage")).items() if value is not None}
                self._usage |= usage
                self._counted = self._counted or "output_tokens" in usage
            case "message_stop":
                self._stopped = True

    def ended(self) -> Received:
        """The answer after the stream ended."""
        if not self._stopped:
            raise broken("the answer broke off before its end")
        for (index, field), pieces in self._pieces.items():
            block = self._blocks.setdefault(index, {"type": "text"})
            block[field] = "".join(pieces) if field == "input" else text_in(block.get(field)) + "".join(pieces)
        blocks = [*self._blocks.values()]
        calls = [_tool_call(block) for block in blocks if block.get("type") == "tool_use"]
        for block in blocks:
            if isinstance(block.get("input"), str):
                block["input"] = _input(block["input"])
        return self._received(blocks, calls, self._finish, self._usage if self._counted else {})

    def _grow(self, index: object, delta: Json) -> None:
        field, target = _GROWING.get(text_in(delta.get("type")), ("", ""))
        if field:
            self._pieces.setdefault((index, target), []).append(text_in(delta.get(field)))

    def _received(self, blocks: list[Json], calls: list[ToolCall], finish: str, usage: Json) -> Received:
        text = "".join(text_in(block.get("text")) for block in blocks if block.get("type") == "text")
        kept = [block for block in blocks if block.get("type") != "text" or block.get("text")]
        kind = _FINISHES.get(finish, "complete")
        return received(self._request, text, calls, kept, _counted(usage), kind)


def _tool_call(block: Json) -> ToolCall:
    given = block.get("input")
    arguments = given if isinstance(given, str) else json.dumps(table(given))
    return ToolCall(text_in(block.get("id")), text_in(block.get("name")), arguments or "{}")


def _counted(usage: Json) -> Usage | None:
    """The usage: what was read from the cache and written to it is not in the provider's own count of input."""
    if not usage:
        return None
    plain, cached, written = (amount(usage.get(name)) for name in _READ)
    thought = amount(table(usage.get("output_tokens_details")).get("thinking_tokens"))
    return Usage(plain + cached + written, amount(usage.get("output_tokens")), cached, written, thought)
