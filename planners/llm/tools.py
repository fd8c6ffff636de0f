"""The tools of the agent, and what a model wants by an answer, however it was written."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from buildpacks.text import spelled
from gate import Tool, may_leave
from planners.answers import Answer

__all__ = ["TOOLS", "Wanted", "wanted"]

_MAX_IDS = 50
_MAX_THOUGHT = 1_000
_MAX_NAME = 40
_MAX_DIGITS = 9
_MAX_ARGUMENT = 20_000
_MAX_CACHED = 1 << 16


def _tool(name: str, description: str, **fields: str) -> Tool:
    """A tool whose arguments are texts. Every one is required, as strict schemas ask for."""
    properties = {field: {"type": "string", "description": about} for field, about in fields.items()}
    schema = {"type": "object", "properties": properties, "required": [*fields], "additionalProperties": False}
    return Tool(name, description, json.dumps(schema))


TOOLS = (
    _tool(
        "read_file",
        "Read a file of the project. Of a long one you get a piece, and are told which.",
        path="its path, relative to the root",
        line="the number of the first line to read; 1 for the beginning",
    ),
    _tool(
        "search_code",
        "Find the lines that contain a literal text.",
        text="what to look for",
        pattern="which files, as in .gitignore; * for all",
    ),
    _tool("run_tests", "Run tests on the project as it is.", ids="their ids, one per line; empty for all"),
    _tool("try_patch", "Run the tests on the edits that you wrote in this answer, before this call."),
    _tool("apply_patch", "Hand in the edits that you wrote in this answer as the repair."),
    _tool("finish", "End without a repair.", reason="why"),
)
"""Edits stand in the text of an answer, never in the arguments: code inside JSON costs quality."""

_FIELDS = {tool.name: tuple(json.loads(tool.schema)["properties"]) for tool in TOOLS}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a model wants done. `tool` is empty if that cannot be told; `problem` then says what to do better."""

    tool: str = ""
    call: str = ""
    path: str = ""
    line: int = 1
    text: str = ""
    pattern: str = "*"
    ids: tuple[str, ...] = ()
    thought: str = ""
    problem: str = ""

    @property
    def finishes(self) -> bool:
        """Whether it ends."""
        return self.tool == "finish"

    @property
    def intent(self) -> str:
        """The action in a few words."""
        what = self.path or self.text or ", ".join(self.ids[:2])
        return f"{self.tool.replace('_', ' ')} {what}".strip()[:200]


def wanted(answer: Answer) -> Wanted:
    """What an answer asks for: its first call; without one, edits are tried."""
    return _cached(answer) if len(answer.raw) + len(answer.text) <= _MAX_CACHED else _wanted(answer)


def _wanted(answer: Answer) -> Wanted:
    thought = answer.text.strip()[:_MAX_THOUGHT]
    if not answer.calls:
        if "<<<<<<<" in answer.text or "```" in answer.text:
            return Wanted("try_patch", thought=thought)
        return Wanted(thought=thought, problem="your answer had no call of a tool and no edits: call one tool")
    call = answer.calls[0]
    fields = _FIELDS.get(call.name)
    if fields is None:
        name = call.name[:_MAX_NAME]
        return Wanted(call=call.id, thought=thought, problem=f"there is no tool {name!r}: {', '.join(_FIELDS)}")
    arguments = _arguments(call.arguments)
    if arguments is None:
        problem = f"the arguments of {call.name} are not a JSON object: {', '.join(fields) or 'it has none'}"
        return Wanted(call=call.id, thought=thought, problem=problem)
    # JSON can spell characters that no text can have: half of a surrogate pair.
    given = {field: spelled(str(arguments.get(field, ""))) for field in fields}
    if long := [field for field in fields if len(given[field]) > _MAX_ARGUMENT]:
        problem = f"{long[0]} of {call.name} has more than {_MAX_ARGUMENT:,} characters"
        return Wanted(call=call.id, thought=thought, problem=problem)
    if missing := [field for field in ("path", "text") if field in fields and not given[field].strip()]:
        return Wanted(call=call.id, thought=thought, problem=f"{call.name} needs {missing[0]}")
    ids = tuple(line.strip() for line in given.get("ids", "").splitlines() if line.strip())[:_MAX_IDS]
    pattern = given.get("pattern", "").strip() or "*"
    path = given.get("path", "").strip().removeprefix("./")
    if not may_leave(path):
        problem = f"{path} may hold keys or logins, and must not leave this machine"
        return Wanted(call=call.id, thought=thought, problem=problem)
    line = given.get("line", "").strip()
    first = max(1, int(line)) if line.isdecimal() and len(line) < _MAX_DIGITS else 1
    return Wanted(call.name, call.id, path, first, given.get("text", ""), pattern, ids, thought)


_cached = lru_cache(128)(_wanted)


def _arguments(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
