"""Where source goes, said before it does."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from gate import ModelCard
from rfsn.config import Config
from rfsn.machine.endpoint import is_loopback, is_open
from rfsn.machine.terminal import say
from rfsn.models.cards import Cards
from rfsn.models.keys import keys_found
from rfsn.models.prices import FREE

__all__ = ["tell_destinations"]


def tell_destinations(cards: Cards, config: Config, *, as_json: bool) -> None:
    """Say in one line which endpoints get source, or that none does: the latter not with JSON."""
    if cards.all:
        say(_destinations(cards.all, config))
    elif config.planner == "auto" and config.given is None and not as_json:
        keys = keys_found()
        found = f"{', '.join(keys)} {'is' if len(keys) == 1 else 'are'} set, but " if keys else ""
        say(f"search only: {found}no model is named with --model, so no source leaves this machine")


def _destinations(cards: Sequence[ModelCard], config: Config) -> str:
    by_endpoint = groupby(sorted(cards, key=lambda card: card.endpoint), key=lambda card: card.endpoint)
    places = [f"{endpoint} ({_described(endpoint, list(group))})" for endpoint, group in by_endpoint]
    cost = "" if all(card.priced == FREE for card in cards) else f", for at most {config.max_cost:g} USD"
    return f"models: parts of the source go to {' and '.join(places)}{cost}"


def _described(endpoint: str, cards: Sequence[ModelCard]) -> str:
    """The models at an endpoint, and what is special about it."""
    facts = [", ".join(card.name for card in cards)]
    if is_loopback(endpoint):
        facts.append("on this machine")
    elif is_open(endpoint):
        facts.append("not encrypted")
    if free := [card.name for card in cards if card.priced == FREE]:
        facts.append("free" if len(free) == len(cards) else f"free: {', '.join(free)}")
    return "; ".join(facts)
