"""Asking a model within what is left to spend: the part that all strategies with models share."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from buildpacks import RepoView
from gate import AskModel, ModelCard, Phase, Proposal, Tool, Turn, cut, reservation_usd
from gate.models import Purpose
from planners.answers import Exchange
from planners.api import PlannerContext
from planners.llm.redaction import Redactor
from planners.state import State
from planners.steps import proposal

__all__ = ["affordable", "ask", "clipped", "exchanges_of", "left_usd", "originals", "room", "setting", "size"]

_MOST_TOKENS = 16_384
_SHARE_OF_ANSWER = 3
"""An answer has at most this part of a window: a third."""
_BYTES_OF_A_TOKEN = 2.5
"""Fewer than code usually has; what is reserved does not rest on it."""
_CUT = "\n[cut]"
_MOST_BYTES = 400_000
"""The most bytes of a request to a model whose window is unknown, or is larger."""


def left_usd(state: State, context: PlannerContext) -> float:
    """What calls may still cost."""
    return context.max_cost_usd - max(state.cost_usd, context.spent_usd)


def setting(card: ModelCard, name: str, default: int) -> int:
    """A number that the user set for a model."""
    value = json.loads(card.settings).get(name)
    return value if isinstance(value, int) else default


def exchanges_of(state: State, card: ModelCard, purpose: Purpose) -> list[Exchange]:
    """The exchanges with a model for one purpose since a patch was kept, or since the beginning."""
    begun = state.kept.tried if state.kept else 0
    own = (known for known in state.exchanges if (known.model, known.purpose) == (card.name, purpose))
    return [known for known in own if known.tried >= begun]


def room(card: ModelCard, *beside: str, tools: tuple[Tool, ...] = ()) -> int:
    """How many bytes of a brief fit into a question for a model, beside these texts, the tools, and its answer."""
    most = _MOST_BYTES
    if card.window:
        most = min(most, int((card.window - _tokens(card)) * _BYTES_OF_A_TOKEN))
    framed = AskModel(card.name, "patch", (tuple(Turn("user", text) for text in ("", *beside)),), 0, tuple(tools))
    return max(0, most - framed.most_input_tokens(0))


def size(text: str) -> int:
    """How many bytes a text has in a request."""
    return len(text.encode("utf-8", "replace"))


def clipped(text: str, most: int) -> str:
    """The beginning of a text, which says so if it is not the whole."""
    if size(text) <= most:
        return text
    kept = text.encode("utf-8", "replace")[: max(0, most - len(_CUT))].decode("utf-8", "ignore")
    return cut(text, len(kept)) + _CUT


def affordable(action: AskModel, card: ModelCard, usd: float) -> AskModel | None:
    """The call with as many samples as `usd` pays for at worst; None if it pays for none."""
    taken: list[tuple[Turn, ...]] = []
    for number, turns in enumerate(action.samples):
        usd -= reservation_usd(action, card, number)
        if usd < 0:
            break
        taken.append(turns)
    return replace(action, samples=tuple(taken)) if taken else None


def ask(
    state: State,
    context: PlannerContext,
    card: ModelCard,
    purpose: Purpose,
    samples: Sequence[Sequence[Turn]],
    *,
    phase: Phase,
    intent: str,
    hypothesis: str,
    expected_effect: str,
    tools: tuple[Tool, ...] = (),
    files: tuple[str, ...] = (),
    echoed_bytes: int = 0,
) -> Proposal | None:
    """The proposal to ask, without what must not leave; None if there is no money or no room in the window for it."""
    redacted = Redactor(context.salt).redact([turn.text for turns in samples for turn in turns])
    texts = iter(redacted.texts)
    cleaned = tuple(tuple(replace(turn, text=next(texts)) for turn in turns) for turns in samples)
    based = tuple(path for path in files if context.view.exists(path))
    action = AskModel(card.name, purpose, cleaned, _tokens(card), tools, based, redacted.counts, echoed_bytes)
    within = affordable(action, card, left_usd(state, context))
    if within is None or not within.fits(card):
        return None
    return proposal(state, phase, within, intent=intent, hypothesis=hypothesis, expected_effect=expected_effect)


def _tokens(card: ModelCard) -> int:
    limits = (setting(card, "max_tokens", _MOST_TOKENS), card.max_tokens, card.window // _SHARE_OF_ANSWER)
    return min(filter(None, limits))


def originals(context: PlannerContext, tree: RepoView, files: Collection[str], *texts: str) -> Mapping[str, str]:
    """What placeholders stand for that a model saw in these files and texts."""
    contents = [tree.read(path).decode("utf-8", "replace") for path in files if tree.exists(path)]
    return Redactor(context.salt).redact([*contents, *texts]).originals
