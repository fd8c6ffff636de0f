"""Models: `rfsn models list` says what is known of them, `rfsn models check` asks one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gate import ModelCard
from rfsn.cli.commands import guarded
from rfsn.config import Config, load_config
from rfsn.errors import UsageError
from rfsn.machine.home import temporary_folder
from rfsn.machine.terminal import give_json, say, tell
from rfsn.models.cards import card_of
from rfsn.models.check import Checked, check_model
from rfsn.models.keys import key_of
from rfsn.models.prices import FREE
from rfsn.sessions.blobs import BlobStore

__all__ = ["check", "list_all"]

_WELL_KNOWN = (
    "openai:gpt-6-luna",
    "openai:gpt-6.1-terra",
    "openai:gpt-6.1-sol",
    "anthropic:claude-haiku-5-5",
    "anthropic:claude-sonnet-5-5",
    "anthropic:claude-opus-5-5",
    "gemini:gemini-3.8-flash",
    "deepseek:deepseek-v4-flash",
    "deepseek:deepseek-v4-pro",
    "mistral:devstral-2512",
    "xai:grok-4.7",
)
_EXIT_CODES = {"usable": 0, "unusable": 1, "usage_error": 2, "infra_error": 3}


def list_all(config_file: Path | None, *, as_json: bool) -> int:
    """`rfsn models list`: those of the configuration, then some well-known ones. Nothing is sent."""

    def run() -> int:
        config = load_config({}, config_file)
        own = (*config.model, *((config.judge_model,) if config.judge_model else ()), *config.models)
        rows = [_row(name, config, configured=name in own) for name in dict.fromkeys((*own, *_WELL_KNOWN))]
        if as_json:
            give_json({"models": rows})
            return 0
        width = max(len(row["name"]) for row in rows)
        for row in rows:
            tell(f"{row['name']:<{width}}  {row['problem'] or _line(row)}")
        say("prices are in USD per million tokens, the highest that may apply; other models: see docs/configuration.md")
        return 0

    return guarded(run, as_json=as_json)


def check(name: str, base_url: str | None, config_file: Path | None, *, as_json: bool) -> int:
    """`rfsn models check`: 0 if repairs can use the model, 1 if it answers but cannot be used as it is.

    2 if the key, the name or the settings are wrong, 3 if the endpoint does not answer.
    """

    def run() -> int:
        config = load_config({"base_url": base_url}, config_file)
        card = card_of(name, config)
        key = key_of(card)
        with temporary_folder() as folder:
            blobs = BlobStore(Path(folder))
            checked = check_model(card, blobs, config.max_cost)
        if as_json:
            give_json({**asdict(checked), **_facts(card), "key": bool(key)})
        else:
            _show(card, checked, key=bool(key))
        return _EXIT_CODES[checked.status]

    return guarded(run, as_json=as_json)


def _row(name: str, config: Config, *, configured: bool) -> dict[str, Any]:
    """A model as a JSON object; `problem` says what keeps it from being asked."""
    row: dict[str, Any] = {"name": name, "configured": configured, "key": False, "problem": ""}
    try:
        card = card_of(name, config)
    except UsageError as error:
        return row | {"problem": str(error)}
    try:
        key_of(card)
    except UsageError:
        return row | _facts(card)
    return row | _facts(card) | {"key": True}


def _facts(card: ModelCard) -> dict[str, Any]:
    names = ("name", "model", "api", "endpoint", "window", "max_tokens", "priced")
    prices = ("input_usd", "output_usd", "cached_usd", "written_usd", "request_usd")
    return {name: getattr(card, name) for name in (*names, *prices)}


def _line(row: dict[str, Any]) -> str:
    key = "ready" if row["key"] else "no key"
    window = _window(row["window"])
    return f"{key:<6}  {_price(row):<22}  {window:>8}  {row['endpoint']}"


def _price(row: dict[str, Any]) -> str:
    fee = f", {row['request_usd']:g} a request" if row["request_usd"] else ""
    return FREE if row["priced"] == FREE else f"{row['input_usd']:g} in, {row['output_usd']:g} out{fee}"


def _window(tokens: int) -> str:
    return f"{tokens // 1000}k" if tokens else "unknown"


def _show(card: ModelCard, checked: Checked, *, key: bool) -> None:
    own = card.window == json.loads(card.settings)["window"]
    window = "unknown: set window" if not card.window else f"{card.window} tokens{' (rfsn.toml)' if own else ''}"
    facts: Sequence[tuple[str, str]] = (
        ("endpoint", f"{card.endpoint} ({card.api})"),
        ("key", "found" if key else "none, and none is needed"),
        ("price", card.priced if card.priced == FREE else f"{_price(_facts(card))} ({card.priced})"),
        ("window", window),
        ("answer", f"after {checked.latency_s:.1f} s, for {checked.cost_usd:.6f} USD" if checked.answered else "none"),
        ("tools", "yes" if checked.tools else "no"),
    )
    for name, text in facts:
        tell(f"{name:<10}{text}")
    tell(f"{checked.status.replace('_', ' ')}: {checked.problem}" if checked.problem else checked.status)
