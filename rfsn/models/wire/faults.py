"""What an endpoint's refusals and breakdowns mean, in words that say what to do."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from gate import ModelCard
from rfsn.machine.text import one_line
from rfsn.models.failure import CallFailed
from rfsn.models.wire.reading import rows, table, text_in

__all__ = ["host_of", "refused", "wait_of"]

_AGAIN = {408, 409, 429}
_QUOTA = {
    "insufficient_quota",
    "billing_hard_limit_reached",
    "billing_not_active",
    "billing_error",
    "credit_balance_too_low",
}
_BROKE = re.compile(r"credit balance|insufficient balance|insufficient credit", re.IGNORECASE)
_TOO_LONG = re.compile(
    r"context.?(length|window|size)|(prompt|input) is too long|too many (input )?tokens|maximum (context|prompt)",
    re.IGNORECASE,
)


def host_of(card: ModelCard) -> str:
    """The host of an endpoint, with its port, as errors name it."""
    return urlsplit(card.endpoint).netloc.rpartition("@")[2] or "the endpoint"


def refused(card: ModelCard, status: int, headers: Mapping[str, str], body: bytes) -> CallFailed:
    """The failure that an HTTP status stands for. Nothing was answered, so that nothing is billed."""
    kinds, said = _said(body)
    final = _final(card, status, headers, kinds, said)
    passes = status in _AGAIN or status >= 500
    # A server that knows better may say so, but not that what is wrong for good is right the next time.
    asked = headers.get("x-should-retry", "").lower()
    retry = not final and (asked == "true" or (passes and asked != "false"))
    problem = f"{host_of(card)} answered {status}"
    if advice := final or ("" if passes else f"the request was not understood: check {_settings(card)}"):
        problem = f"{problem}: {advice}"
    # What refuses a key may show it.
    shown = "" if status in {401, 403} else said
    return CallFailed(str(status), problem, retry=retry, billed=False, after_s=wait_of(headers), said=shown)


def _final(card: ModelCard, status: int, headers: Mapping[str, str], kinds: set[str], said: str) -> str:
    """What to do about an error that another attempt would meet again; empty if it may not."""
    if status == 402 or (status == 429 and kinds & _QUOTA) or (status in {400, 403} and _BROKE.search(said)):
        return "the account has no quota or credit left: look at its plan and billing, or name another model"
    if status == 413 or (status == 400 and (_TOO_LONG.search(said) or any(map(_TOO_LONG.search, kinds)))):
        return (
            f"the conversation is longer than the model's context window: set its window in {_settings(card)}, "
            "or name a model with a larger one"
        )
    match status:
        case 401:
            return "the key was not accepted: check it with 'rfsn models check'"
        case 403:
            return f"the key may not use {card.model}: ask the owner of the account, or name another model"
        case 404:
            return f"there is no model {card.model}, or no such address: check --model and --base-url"
    if 300 <= status < 400:
        place = urlsplit(headers.get("location", "")).netloc.rpartition("@")[2]
        return f"it redirects to {one_line(place) or 'another address'}, which is not followed: correct the base_url"
    return ""


def _settings(card: ModelCard) -> str:
    return f'[models."{card.name}"] in rfsn.toml'


def _said(body: bytes) -> tuple[set[str], str]:
    """The kinds of an error (its code and type), and what it says."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return set(), ""
    value = next(iter(rows(value)), value)  # Gemini sends a list
    error = table(value).get("error", value)
    fields = table(error)
    kinds = {text_in(fields.get(name)).lower() for name in ("code", "type")} - {""}
    return kinds, text_in(fields.get("message")) or text_in(error)


def wait_of(headers: Mapping[str, str]) -> float | None:
    """How many seconds a server asks to wait; None if it does not say."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) * unit
        except ValueError:
            continue
        if math.isfinite(seconds):
            return max(0.0, seconds)
    try:
        date = parsedate_to_datetime(headers.get("retry-after", ""))
    except (ValueError, OverflowError):
        return None
    return max(0.0, ((date if date.tzinfo else date.replace(tzinfo=UTC)) - datetime.now(UTC)).total_seconds())
