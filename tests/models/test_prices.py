"""Prices, against the data that genai-prices ships: it is asked offline."""

from __future__ import annotations

import math
import re
import tomllib
from datetime import UTC, datetime, time
from typing import Any

import pytest
from genai_prices import Usage, calc_price
from genai_prices.data_snapshot import get_snapshot

from gate import AskModel, ModelCard, Turn, reservation_usd
from gate import Usage as Counted
from rfsn.cli.models import _WELL_KNOWN
from rfsn.config import Config
from rfsn.errors import UsageError
from rfsn.models.cards import card_of

LOCAL = "http://localhost:11434/v1"
PERPLEXITY = "https://api.perplexity.ai"


def card(name: str, base_url: str | None = None, **settings: Any) -> ModelCard:
    return card_of(name, Config.model_validate({"base_url": base_url, "models": {name: settings}}))


def prices(card: ModelCard) -> tuple[float, float, float, float]:
    return card.input_usd, card.output_usd, card.cached_usd, card.written_usd


@pytest.mark.parametrize("name", _WELL_KNOWN)
def test_no_call_costs_more_than_the_card_says(name: str) -> None:
    """At any hour, for a small request or the largest, cached or not: genai-prices itself says what each costs."""
    known = card(name)
    provider, model = known.name.split(":")
    provider = {"gemini": "google", "xai": "x-ai"}.get(provider, provider)
    assert 0 < known.cached_usd <= known.input_usd <= known.written_usd
    assert known.input_usd < known.output_usd
    assert known.priced.startswith("genai-prices 0.2")
    assert known.window >= 100_000
    sizes = [1_000, known.window]
    for size in sizes:
        for kind in ("input_tokens", "cache_read_tokens", "cache_write_tokens"):
            counted = Counted(size, 1_000, size * (kind == "cache_read_tokens"), size * (kind == "cache_write_tokens"))
            usage = Usage(**{"input_tokens": size, "output_tokens": 1_000, kind: size})
            for hour in range(24):
                at = datetime.combine(datetime.now(UTC).date(), time(hour, 30), UTC)
                theirs = calc_price(usage, model, provider_id=provider, genai_request_timestamp=at)
                assert float(theirs.total_price) <= known.cost_usd(counted) + 1e-12, (size, kind, hour)
                assert known.cost_usd(counted) <= known.most_usd(size, 1_000) + 1e-12


def test_the_highest_tier_and_the_dearest_hour_count() -> None:
    found = {name: get_snapshot().find_provider_model(name, None, "openai", None)[1] for name in ("gpt-5.5", "o3")}
    tiered: Any = found["gpt-5.5"].prices
    (tier,) = tiered.input_mtok.tiers
    assert card("openai:gpt-5.5").input_usd == float(tier.price) > float(tiered.input_mtok.base)
    # A price that was lowered for good does not come back, while one that depends on the hour does.
    assert card("openai:o3").input_usd == 2.0
    assert prices(card("deepseek:deepseek-chat")) == (0.27, 1.1, 0.07, 0.27)


def test_what_is_written_to_a_cache_costs_what_the_provider_asks() -> None:
    assert card("anthropic:claude-sonnet-5").written_usd == 2.5
    hour = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
    assert card("anthropic:claude-sonnet-5", extra=hour).written_usd == 4.0
    assert card("openai:gpt-4.1").written_usd == card("openai:gpt-4.1").input_usd


def test_a_faster_service_is_dearer() -> None:
    plain, fast = card("openai:gpt-5.5"), card("openai:gpt-5.5", extra={"service_tier": "priority"})
    assert fast.input_usd > plain.input_usd


def test_the_users_own_prices_win_one_by_one() -> None:
    dear = card("openai:gpt-5.5", input_usd=100, cached_usd=7)
    plain = card("openai:gpt-5.5")
    assert prices(dear) == (100, plain.output_usd, 7, 100)
    assert dear.priced == "rfsn.toml, genai-prices 0.2.3"
    whole = card("openai:gpt-5.5", input_usd=1, output_usd=2, cached_usd=0, written_usd=3)
    assert (prices(whole), whole.priced) == ((1, 2, 0, 3), "rfsn.toml")
    assert prices(card("gateway", "https://models.example/v1", input_usd=4, output_usd=8)) == (4, 8, 4, 4)


@pytest.mark.parametrize("name", ["sonar", "sonar-reasoning-pro"])
def test_a_fee_for_each_request_is_reserved_and_counted(name: str) -> None:
    known = card(name, PERPLEXITY)
    theirs = float(calc_price(Usage(input_tokens=1_000, output_tokens=500), name, provider_id="perplexity").total_price)
    assert known.request_usd in {0.012, 0.014}
    assert known.cost_usd(Counted(1_000, 500)) == pytest.approx(theirs)
    assert known.most_usd(1_000, 500) == pytest.approx(theirs)
    ask = AskModel(name, "patch", ((Turn("user", "why?"),),), 1)
    assert reservation_usd(ask, known, 0) > known.request_usd


def test_the_users_own_fee_wins() -> None:
    assert card("sonar", PERPLEXITY, input_usd=1, output_usd=1).priced == "rfsn.toml, genai-prices 0.2.3"
    own = card("sonar", PERPLEXITY, input_usd=1, output_usd=1, request_usd=0.005)
    assert (own.request_usd, own.priced) == (0.005, "rfsn.toml")
    assert card("gpt-5.5", LOCAL, request_usd=0.5).cost_usd(Counted(1_000, 500)) == 0.5


def test_a_model_on_this_machine_is_free_unless_it_is_priced() -> None:
    free = card("gpt-5.5", LOCAL)
    assert (prices(free), free.priced) == ((0, 0, 0, 0), "free")
    priced = card("gpt-5.5", LOCAL, input_usd=0.5)
    assert (prices(priced), priced.priced) == ((0.5, 0, 0.5, 0.5), "rfsn.toml")


@pytest.mark.parametrize(
    ("name", "base_url", "settings", "missing"),
    [
        ("qwen3", "https://models.example/v1", {}, ["input_usd", "output_usd"]),
        ("qwen3", "https://models.example/v1", {"input_usd": 1}, ["output_usd"]),
        ("openai:gpt-of-tomorrow", None, {}, ["input_usd", "output_usd"]),
        ("openai:tts-1", None, {}, ["input_usd", "output_usd"]),  # it has a price, but not for tokens
        ("sonar-deep-research", PERPLEXITY, {}, ["request_usd"]),  # it also charges for what it cites
        ('openai:"quoted"', None, {}, ["input_usd", "output_usd"]),
    ],
)
def test_an_unknown_price_is_refused_with_the_lines_to_add(
    name: str, base_url: str | None, settings: dict[str, float], missing: list[str]
) -> None:
    with pytest.raises(UsageError) as refused:
        card(name, base_url, **settings)
    said, _, lines = str(refused.value).partition(":\n")
    assert "is unknown; add to " in said
    filled = tomllib.loads(re.sub("<.*>", "1.5", lines))
    assert filled == {"models": {name: dict.fromkeys(missing, 1.5)}}
    priced = card(name, base_url, **settings | filled["models"][name])
    assert all(math.isclose(getattr(priced, kind), 1.5) for kind in missing)
