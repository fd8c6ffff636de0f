"""Tools for models that know none: they are described in words, and a call is a fenced block in the answer."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from gate import Tool, Turn
from planners.answers import Answer, ToolCall
from rfsn.models.request import Received, Request, echoed

__all__ = ["fenced", "unfenced"]

_FENCE = re.compile(r"^[ \t]*```tool[ \t]*\n(.*?)(?:^[ \t]*```[ \t]*$\n?|\Z)", re.DOTALL | re.MULTILINE)
_NAME = re.compile(r'"name"\s*:\s*"([^"\\\n]*)"')

_HOW = """\
You can use tools. To call one, write a block like this, with one JSON object in it, and end your answer after it:

```tool
{"name": "the tool", "arguments": {"argument": "value"}}
```

The tools, each with the JSON schema of its arguments:
"""


def fenced(request: Request) -> Request:
    """The request without tools: they are told in the user's first turn, and results are turns of the user.

    The system's turn is not the place: some chat templates, those of small models above all, drop it.
    """
    if not request.tools:
        return request
    told = _HOW + "".join(f"\n{_described(tool)}" for tool in request.tools)
    turns = [_plain(request, turn) for turn in request.turns]
    place = next((place for place, turn in enumerate(turns) if turn.role == "user"), len(turns))
    first = turns[place].text if place < len(turns) else ""
    turns[place : place + 1] = [Turn("user", f"{first}\n\n{told}".lstrip())]
    return replace(request, turns=tuple(turns), tools=())


def _described(tool: Tool) -> str:
    return f"{tool.name}: {tool.description}\n{tool.schema}\n"


def _plain(request: Request, turn: Turn) -> Turn:
    if turn.role == "result":
        return Turn("user", f"The result of {turn.call}:\n{turn.text}")
    if turn.reply and echoed(request.card, answer := request.replies[turn.reply]) is None:
        blocks = (f"```tool\n{_written(call)}\n```" for call in answer.calls)
        return Turn("model", "\n".join(filter(None, (answer.text, *blocks))))
    return turn


def _written(call: ToolCall) -> str:
    try:
        arguments = json.loads(call.arguments)
    except (ValueError, RecursionError):
        return call.arguments
    return json.dumps({"name": call.name, "arguments": arguments})


def unfenced(received: Received) -> Received:
    """The answer with the calls that its text has."""
    text = received.answer.text
    calls = tuple(_call(number, match[1].strip()) for number, match in enumerate(_FENCE.finditer(text)))
    if not calls:
        return received
    answer = Answer(_FENCE.sub("", text).strip(), (*received.answer.calls, *calls), received.answer.raw)
    return replace(received, answer=answer)


def _call(number: int, block: str) -> ToolCall:
    """The call in a block. Of one that is not JSON, the arguments are the block itself."""
    id = f"call_{number}"
    try:
        value = json.loads(block)
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, dict) and isinstance(value.get("name"), str):
        return ToolCall(id, value["name"], json.dumps(value.get("arguments", {})))
    named = _NAME.search(block)
    return ToolCall(id, named[1] if named else "", block)
