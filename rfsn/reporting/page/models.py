"""The models of a session: what they were asked and why, what was kept from them, and what they cost."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from rfsn.machine.text import counted
from rfsn.reporting.page.markup import Html, folded, tag

__all__ = ["models"]

_QUESTIONS = 100
_TOKENS = ("input", "cached", "output", "reasoning")


def models(asked: Mapping[str, Any]) -> Html:
    """The section of the page for what `report.json` says of models."""
    spent = f"{counted(asked['calls'], 'call')}; {asked['cost_usd']:.4f} of at most {asked['max_cost_usd']:g} USD."
    kept = ", ".join(counted(count, kind) for kind, count in asked["redacted"].items())
    parts = [tag("p", spent), _costs(asked)]
    if kept:
        parts.append(tag("p", f"Replaced by placeholders before anything was sent: {kept}."))
    questions = [_question(question) for question in islice(asked["asked"], _QUESTIONS)]
    if questions:
        parts += [tag("h3", "What they were asked, and why"), tag("ol", *questions)]
    more = len(asked["asked"]) - _QUESTIONS
    return tag("div", *parts, tag("p", f"{more} more are left out here.") if more > 0 else Html(""))


def _costs(asked: Mapping[str, Any]) -> Html:
    head = ("model", "calls", "answered", *(f"{kind} tokens" for kind in _TOKENS), "USD", "price from")
    rows = (
        tag(
            "tr",
            tag("td", tag("code", each["model"]), tag("br"), tag("small", each["endpoint"])),
            *(tag("td", str(each[name]), class_="number") for name in ("calls", "answered")),
            *(tag("td", str(each["tokens"][kind]), class_="number") for kind in _TOKENS),
            tag("td", f"{each['cost_usd']:.4f}", class_="number"),
            tag("td", each["priced"], class_="plain"),
        )
        for each in asked["each"]
    )
    return tag("div", tag("table", tag("tr", *(tag("th", name) for name in head)), *rows), class_="wide")


def _question(question: Mapping[str, Any]) -> Html:
    """One step in which a model was asked."""
    what = f" ({question['purpose']}, {counted(question['samples'], 'sample')}): "
    denied = [tag("strong", f" denied by {question['denied']}", class_="bad")] if question["denied"] else []
    files = [tag("ul", *(tag("li", tag("code", path)) for path in question["files"]), class_="ids")]
    listed = [folded(counted(len(question["files"]), "file"), *files)] if question["files"] else []
    return tag("li", tag("code", question["model"]), what, question["why"], *denied, *listed)
