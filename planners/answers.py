"""What a model answered, and what a session remembers of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gate import Usage
from gate.models import Purpose

__all__ = ["MAX_EXCHANGES", "Answer", "Exchange", "Finish", "Reply", "ToolCall"]

MAX_EXCHANGES = 64
"""The most exchanges with models that a state remembers: the newest."""

type Finish = Literal["complete", "cut", "refused", "failed"]
"""How an answer ended: completely, at its limit of tokens, with a refusal, or there is none."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool that a model asks for. `arguments` is its own JSON, which may be anything."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it is stored in a blob.

    `raw` is the message as the provider wrote it, with the model that did (JSON), for it to be sent back unchanged.
    """

    text: str
    calls: tuple[ToolCall, ...] = ()
    raw: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of one sample. `blob` names its answer, if there is one; `problem` says why there is none.

    `usage` is that of the call which gave the answer, while `cost_usd` includes every attempt.
    """

    finish: Finish
    blob: str = ""
    usage: Usage | None = None
    cost_usd: float = 0.0
    latency_s: float = 0.0
    problem: str = ""

    @property
    def useful(self) -> bool:
        """Whether there is an answer, and not a refusal."""
        return bool(self.blob) and self.finish != "refused"


@dataclass(frozen=True, slots=True)
class Exchange:
    """What a model was asked in the step with the number `step`, and what came back.

    `files` are the paths whose contents were in it, and `tried` is how many candidates had been tried by then.
    `outcomes` and `failures` are those of the candidates that were made of it (see `planners.observations.Batch`);
    `used` says whether they were tried or denied.
    """

    step: int
    model: str
    purpose: Purpose
    replies: tuple[Reply, ...]
    files: tuple[str, ...] = ()
    tried: int = 0
    used: bool = False
    outcomes: str = ""
    failures: tuple[str, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether no sample has an answer that could be of use: a refusal is none."""
        return not any(reply.useful for reply in self.replies)
