"""What a model is asked, and what that costs at most: the vocabulary of model calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["AskModel", "ModelCard", "Tool", "Turn", "Usage", "reservation_usd"]

_MILLION = 1_000_000
_BYTES_OF_A_TOKEN = 3
"""Code has more, so a request that does not fit by this estimate might; no request of that size is worth the risk."""

_TOKENS_OF_A_REQUEST = 1_024
_TOKENS_OF_A_TURN = 64
"""More than providers add for the frame of a request, of a tool or of a turn."""

type Api = Literal["responses", "chat", "messages"]
"""The protocol of an endpoint: OpenAI's Responses, Chat Completions (of many providers), or Anthropic's Messages."""

type Purpose = Literal["patch", "agent", "rank", "reproduce"]
"""What a call is for: patches to try, the next action, an order of patches, or a test for an issue."""


@dataclass(frozen=True, slots=True)
class Tool:
    """Something that a model may ask for. `schema` is the JSON schema of its arguments, as text."""

    name: str
    description: str
    schema: str


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a conversation.

    A turn of the model may name the blob of an earlier `reply`, which is sent back as its provider wrote it. A `result`
    answers the tool call with the id `call`.
    """

    role: Literal["system", "user", "model", "result"]
    text: str = ""
    reply: str = ""
    call: str = ""

    @property
    def bytes(self) -> int:
        """The length of its own text, and of the id that a result repeats."""
        text = self.text + self.call
        return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))


@dataclass(frozen=True, slots=True)
class AskModel:
    """Ask one model. Each conversation of `samples` is a call of its own; all of them begin alike.

    `files` are the paths whose contents are in it, and `redacted` says what was replaced by placeholders: kinds with
    counts. `echoed_bytes` is the length of the replies that it sends back.
    """

    model: str
    purpose: Purpose
    samples: tuple[tuple[Turn, ...], ...]
    max_tokens: int
    tools: tuple[Tool, ...] = ()
    files: tuple[str, ...] = ()
    redacted: tuple[tuple[str, int], ...] = ()
    echoed_bytes: int = 0
    type: Literal["ask_model"] = "ask_model"

    def most_input_tokens(self, sample: int) -> int:
        """At most how many tokens a sample has: no tokenizer makes more than one of a byte."""
        tools = sum(len(f"{tool.name}{tool.description}{tool.schema}".encode()) for tool in self.tools)
        turns = self.samples[sample]
        text = sum(turn.bytes + _TOKENS_OF_A_TURN for turn in turns)
        return text + tools + self.echoed_bytes + _TOKENS_OF_A_REQUEST

    def likely_tokens(self) -> int:
        """About how many tokens the longest sample has together with its answer."""
        longest = max(map(self.most_input_tokens, range(len(self.samples))))
        return longest // _BYTES_OF_A_TOKEN + self.max_tokens

    def fits(self, card: ModelCard) -> bool:
        """Whether the request and its answer are likely to fit into the window of a model."""
        return not card.window or self.likely_tokens() <= card.window


@dataclass(frozen=True, slots=True)
class Usage:
    """The tokens of a call as its provider counted them.

    `input` includes those read from a cache (`cached`) and written to one (`written`); `output` includes `reasoning`.
    """

    input: int = 0
    output: int = 0
    cached: int = 0
    written: int = 0
    reasoning: int = 0


@dataclass(frozen=True, slots=True)
class ModelCard:
    """A model that a session may ask: where it is, how it is spoken to, and its prices in USD per million tokens.

    `request_usd` is what each call costs besides. The prices are the highest that may apply; `priced` says where they
    are from. `window` and `max_tokens` are the most tokens of a conversation and of an answer; 0 if unknown. `settings`
    is what the user set for its requests, as JSON.
    """

    name: str
    api: Api
    model: str
    endpoint: str
    input_usd: float = 0.0
    output_usd: float = 0.0
    cached_usd: float = 0.0
    written_usd: float = 0.0
    request_usd: float = 0.0
    priced: str = "free"
    window: int = 0
    max_tokens: int = 0
    settings: str = "{}"

    def most_usd(self, input_tokens: int, output_tokens: int) -> float:
        """The most that a call of this size can cost."""
        each = max(self.input_usd, self.cached_usd, self.written_usd)
        return (input_tokens * each + output_tokens * self.output_usd) / _MILLION + self.request_usd

    def cost_usd(self, usage: Usage) -> float:
        """What a call cost."""
        plain = max(0, usage.input - usage.cached - usage.written)
        parts = (
            (plain, self.input_usd),
            (usage.cached, self.cached_usd),
            (usage.written, self.written_usd),
            (usage.output, self.output_usd),
        )
        return sum(tokens * price for tokens, price in parts) / _MILLION + self.request_usd


def reservation_usd(action: AskModel, card: ModelCard, sample: int) -> float:
    """What is set aside for one call of a sample before it begins: the most that it can cost."""
    return card.most_usd(action.most_input_tokens(sample), action.max_tokens)
