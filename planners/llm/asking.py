"""Asking a model within what is left to spend: the part that all strategies with models share."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from buildpacks import RepoView
from gate import AskModel, ModelCard, Phase, Proposal, Tool, Turn, reservation_usd
from gate.models import Purpose
from planners.answers import Exchange
from planners.api import PlannerContext
from planners.llm.redaction import Redactor
from planners.state import State
from planners.steps import proposal

__all__ = ["affordable", "ask", "exchanges_of", "left_usd", "originals", "room", "setting"]

_MOST_TOKENS = 16_384
_BYTES_OF_A_TOKEN = 3
"""A usual number for code; what is reserved does not rest on it."""
_LEAST_ROOM = 4_000


def left_usd(state: State, context: PlannerContext) -> float:
    """What calls may still cost."""
    return context.max_cost_usd - state.cost_usd


def setting(card: ModelCard, name: str, default: int) -> int:
    """A number that the user set for a model."""
    value = json.loads(card.settings).get(name)
    return value if isinstance(value, int) else default


def exchanges_of(state: State, card: ModelCard, purpose: Purpose) -> list[Exchange]:
    """The exchanges with a model for one purpose since a patch was kept, or since the beginning."""
    begun = state.kept.tried if state.kept else 0
    own = (known for known in state.exchanges if (known.model, known.purpose) == (card.name, purpose))
    return [known for known in own if known.tried >= begun]


def room(card: ModelCard) -> int:
    """How many characters of evidence fit into a conversation with a model, beside the rest and its answer."""
    most = 120_000
    if card.window:
        most = (card.window - _tokens(card)) * _BYTES_OF_A_TOKEN // 2
    return max(_LEAST_ROOM, min(most, 120_000))


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
    """The proposal to ask, without what must not leave; None if there is no money for it."""
    redacted = Redactor(context.salt).redact([turn.text for turns in samples for turn in turns])
    texts = iter(redacted.texts)
    cleaned = tuple(tuple(replace(turn, text=next(texts)) for turn in turns) for turns in samples)
    based = tuple(path for path in files if context.view.exists(path))
    action = AskModel(card.name, purpose, cleaned, _tokens(card), tools, based, redacted.counts, echoed_bytes)
    within = affordable(action, card, left_usd(state, context))
    if within is None:
        return None
    return proposal(state, phase, within, intent=intent, hypothesis=hypothesis, expected_effect=expected_effect)


def _tokens(card: ModelCard) -> int:
    wanted = setting(card, "max_tokens", _MOST_TOKENS)
    return min(wanted, card.max_tokens) if card.max_tokens else wanted


def originals(context: PlannerContext, tree: RepoView, files: Collection[str], *texts: str) -> Mapping[str, str]:
    """What placeholders stand for that a model saw in these files and texts."""
    contents = [tree.read(path).decode("utf-8", "replace") for path in files if tree.exists(path)]
    return Redactor(context.salt).redact([*contents, *texts]).originals
