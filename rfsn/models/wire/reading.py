"""Reading what a server sent: any field may be missing or of another type."""

from __future__ import annotations

import json
from typing import Any, Protocol

from buildpacks.text import spelled
from gate import Usage
from planners.answers import Answer, Finish, ToolCall
from rfsn.models.failure import CallFailed, broken
from rfsn.models.request import Received, Request, echo

__all__ = [
    "LONGEST_ESCAPE",
    "MAX_CALLS",
    "MAX_OPAQUE",
    "MAX_TEXT_BYTES",
    "Json",
    "Reader",
    "amount",
    "error_in",
    "parsed",
    "received",
    "rows",
    "table",
    "text_in",
]

MAX_TEXT_BYTES = 4 << 20
"""The most bytes of text that an answer may have."""

MAX_OPAQUE = 1 << 20
"""The most characters of what an answer has besides text and calls, such as reasoning that is sent back unchanged."""
LONGEST_ESCAPE = 6

MAX_CALLS = 64
"""The most tool calls that an answer may have."""

_MOST_TOKENS = 1 << 40
_MAX_DEPTH = 4

type Json = dict[str, Any]


class Reader(Protocol):
    """Reads one answer: either `whole`, or an `event` at a time with `ended` after the last."""

    def whole(self, message: Json) -> Received:
        """The answer that came in one piece."""
        ...

    def event(self, data: str) -> None:
        """Take one event of a stream."""
        ...

    def ended(self) -> Received:
        """The answer after the stream ended. Raises `CallFailed` if its final event is missing."""
        ...


def parsed(data: str) -> Json:
    """A JSON object. Raises `CallFailed` for anything else."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        raise broken("the answer is not JSON") from None
    if not isinstance(value, dict):
        raise broken("the answer is not a JSON object")
    return value


def table(value: object) -> Json:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def rows(value: object) -> list[Any]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def text_in(value: object, depth: int = _MAX_DEPTH) -> str:
    """The text of a field that may be a string, a list of parts, or nothing; what is nested deeper is nothing."""
    if isinstance(value, str):
        return value
    parts = (part.get("text") if isinstance(part, dict) else part for part in rows(value)) if depth else ()
    return "".join(text_in(part, depth - 1) for part in parts)


def amount(value: object) -> int:
    """A number of tokens; 0 for whatever is none."""
    return value if type(value) is int and 0 <= value < _MOST_TOKENS else 0


def error_in(message: Json) -> None:
    """Raise `CallFailed` if a message, or an event, is an error under a status of success."""
    if error := message.get("error"):
        said = text_in(table(error).get("message")) or text_in(error)
        raise broken("the server reports an error in place of an answer", said)


def received(
    request: Request, text: str, calls: list[ToolCall], message: object, usage: Usage | None, finish: Finish
) -> Received:
    """The answer of these parts, all of them valid text. Raises `CallFailed` if it is too large."""
    size = len(text) + sum(len(call.id) + len(call.name) + len(call.arguments) for call in calls)
    if len(calls) > MAX_CALLS:
        raise broken(f"the answer has more than {MAX_CALLS} tool calls")
    if size > MAX_TEXT_BYTES:
        raise CallFailed("broken", f"the answer is longer than {MAX_TEXT_BYTES >> 20} MiB: set a smaller max_tokens")
    raw = echo(request.card, message)
    if len(raw) > LONGEST_ESCAPE * size + MAX_OPAQUE:
        raise CallFailed("broken", f"the answer has more than {MAX_OPAQUE >> 20} MiB besides text and calls")
    sound = tuple(ToolCall(spelled(call.id), spelled(call.name), spelled(call.arguments)) for call in calls)
    # A count without input is none, as every request has some; nor is one without output of an answer that has some.
    counted = usage if usage is not None and usage.input and (usage.output or not size) else None
    return Received(Answer(spelled(text), sound, raw), counted, finish)
