"""One cheap call that shows whether a model can be used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gate import AskModel, ModelCard, Tool, Turn, Usage
from planners.answers import Reply
from rfsn.models.opening import open_desk
from rfsn.models.patience import Patience
from rfsn.models.request import settings_of
from rfsn.sessions.blobs import BlobStore
from rfsn.sessions.events import CallEnded, CallStarted, ModelsReady
from rfsn.sessions.projection import Projection, fold

__all__ = ["Checked", "check_model"]

_DEADLINE_S = 60.0
_MAX_TOKENS = 1_024
_TOOL = Tool(
    "ready",
    "Say that you are ready.",
    '{"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"], '
    '"additionalProperties": false}',
)
_QUESTION = (Turn("system", "You check a connection."), Turn("user", "Call the tool `ready` with the word yes."))
_WRONG_REQUEST = {"400", "401", "402", "403", "404", "405", "413", "422"}
"""Statuses of a server that was reached and refuses: the key, the name, the account or the settings are wrong."""

type Status = Literal["usable", "unusable", "usage_error", "infra_error"]


@dataclass(frozen=True, slots=True)
class Checked:
    """What a call showed. `problem` says why the model cannot be used as it is, and what to do."""

    status: Status
    answered: bool = False
    tools: bool = False
    usage: Usage | None = None
    cost_usd: float = 0.0
    latency_s: float = 0.0
    problem: str = ""


def check_model(card: ModelCard, blobs: BlobStore, max_cost_usd: float) -> Checked:
    """Ask a model for one small call of a tool, as a session would. Its answer is put into `blobs`."""
    projection = fold(Projection(), ModelsReady(models=(card,)))
    status = ""

    def record(event: CallStarted | CallEnded) -> None:
        nonlocal projection, status
        projection = fold(projection, event)
        status = event.status if isinstance(event, CallEnded) else status

    action = AskModel(card.name, "agent", (_QUESTION,), min(_MAX_TOKENS, card.max_tokens), tools=(_TOOL,))
    desk = open_desk(record, lambda: projection, blobs, max_cost_usd=max_cost_usd, patience=Patience(attempts=1))
    try:
        (reply,) = desk.ask("check", action, _DEADLINE_S).replies
    finally:
        desk.close()
    if not reply.blob:
        return _failed(card, reply, status)
    called = any(call.name == _TOOL.name for call in blobs.answer(reply.blob).calls)
    problem = "" if called else _no_tools(card, reply)
    return Checked(
        "usable" if called else "unusable",
        answered=True,
        tools=called,
        usage=reply.usage,
        cost_usd=reply.cost_usd,
        latency_s=reply.latency_s,
        problem=problem,
    )


def _failed(card: ModelCard, reply: Reply, status: str) -> Checked:
    """What a call without an answer shows."""
    problem = reply.problem or f"{card.endpoint} did not answer"
    word: Status = "usage_error" if status in _WRONG_REQUEST else "infra_error"
    if reply.finish == "refused":
        word = "unusable"
    return Checked(word, cost_usd=reply.cost_usd, latency_s=reply.latency_s, problem=problem)


def _no_tools(card: ModelCard, reply: Reply) -> str:
    """Why the answer has no call of the tool, and what to do."""
    table = f'[models."{card.name}"]'
    tokens = min(_MAX_TOKENS, card.max_tokens)
    if not settings_of(card).tools:
        return "it answered, but called no tool in words either: it is of no use as an agent (--planner agent)"
    if reply.finish == "cut":
        return f"it used up {tokens} tokens before it called the tool: set a lower effort in {table}"
    return f"it answered, but called no tool: set tools = false in {table}"
