"""Models for whole sessions behind a real server: what they answer depends on the conversation alone."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rfsn.sessions.events import CallEnded, CallStarted
from rfsn.sessions.record import Record
from tests.models.server import Asked, Json, Play

INPUT_USD, OUTPUT_USD = 3.0, 7.0
SETTINGS = f"[models.scripted]\ninput_usd = {INPUT_USD}\noutput_usd = {OUTPUT_USD}\nsamples = 6\n"
"""Prices, so that every call has a reservation that can be told from what it costs."""

FILES = {
    "stock.py": (
        "def price(prices, name, amount):\n    each = prices[name]\n    return each * amount\n\n\n"
        "def total(prices, basket):\n    return sum(price(prices, name, amount) for name, amount in basket)\n"
    ),
    "names.py": "def tidy(name):\n    return name.strip().lower()\n",
    "test_stock.py": (
        "from stock import price, total\n\n\n"
        "def test_known():\n    assert price({'pen': 2}, 'pen', 3) == 6\n\n\n"
        "def test_unknown():\n    assert price({'pen': 2}, 'ink', 3) == 0\n\n\n"
        "def test_total():\n    assert total({'pen': 2}, [('pen', 1), ('pen', 2)]) == 6\n"
    ),
}


def edit(line: str) -> str:
    """An answer that replaces the faulty line."""
    block = f"<<<<<<< SEARCH\n    each = prices[name]\n=======\n{line}\n>>>>>>> REPLACE"
    return f"The price is looked up.\n\nstock.py\n{block}\n"


RIGHT = edit("    each = prices.get(name, 0)")

LOOKS: tuple[tuple[str, Mapping[str, str]], ...] = (
    ("read_file", {"path": "stock.py"}),
    ("search_code", {"text": "price", "pattern": "*"}),
    ("read_file", {"path": "test_stock.py"}),
    ("run_tests", {"ids": ""}),
    ("read_file", {"path": "names.py"}),
    ("search_code", {"text": "tidy", "pattern": "*.py"}),
    ("read_file", {"path": "missing.py"}),
    ("search_code", {"text": "total", "pattern": "*"}),
    ("search_code", {"text": "each", "pattern": "*"}),
)
STEPS = (
    *(Play("I look.", ((name, json.dumps(arguments)),)) for name, arguments in LOOKS),
    Play(edit("    each = prices.get(name, 1)"), (("try_patch", "{}"),)),
    Play("I look again.", (("read_file", json.dumps({"path": "stock.py"})),)),
    Play(RIGHT, (("try_patch", "{}"),)),
    Play(RIGHT, (("apply_patch", "{}"),)),
)
"""What the agent does, one after the other."""


def one_shot(body: Json) -> Play:
    """Wrong answers in two rounds, each sample another, and right ones in the third."""
    text = json.dumps(body["messages"])
    number = int(hashlib.sha256(text.encode()).hexdigest()[:6], 16) + 1
    if "get(name, -" in text:
        answer = RIGHT
    else:
        answer = edit(f"    each = prices.get(name, {-number if '# What was tried before' in text else number})")
    return Play(answer, input=len(text) // 3, output=50)


def agent(body: Json) -> Play:
    """The next step, by how many there were in the conversation."""
    messages = body["messages"]
    _, _, older = messages[1]["content"].partition("# Your earlier steps\n\n")
    done = sum(message["role"] == "assistant" for message in messages) + older.count("\n- ") + older.startswith("- ")
    play = STEPS[min(done, len(STEPS) - 1)]
    return Play(play.text, play.calls, input=len(json.dumps(messages)) // 3, output=40 + done)


@dataclass(frozen=True)
class Talker:
    """A way to use a model: the planner that asks it, and what it answers."""

    planner: str
    answer: Callable[[Json], Play]


TALKERS = {"one-shot": Talker("llm", one_shot), "agent": Talker("agent", agent)}


def command(talker: Talker, endpoint: str, project: Path, folder: Path, settings: Path) -> list[str | Path]:
    """The arguments of a session with a model."""
    model: list[str | Path] = ["--planner", talker.planner, "--model", "scripted", "--base-url", endpoint]
    return ["repair", project, *model, "--config", settings, "--seed", "7", "--json", "--out", folder]


def result(report: Mapping[str, Any]) -> tuple[Any, ...]:
    """What must be the same however often a session was killed."""
    return tuple(report[key] for key in ("status", "patch", "candidates", "outcomes", "steps"))


def problems_of_calls(folder: Path, report: Mapping[str, Any], asked: list[Asked]) -> list[str]:
    """What is wrong with the calls of a session that has ended, by its journal and by what came to the server."""
    record = Record.read(folder)
    under_way: dict[tuple[str, int, int], CallStarted] = {}
    usage_usd, started, answered = 0.0, 0, Counter[str]()
    problems = []
    for entry in record.entries():
        match entry.event:
            case CallStarted() as event:
                if answered[event.request]:
                    problems.append(f"{event.proposal}, sample {event.sample}: asked again though it had an answer")
                under_way[event.proposal, event.sample, event.attempt] = event
                started += 1
            case CallEnded(usage=usage) as event:
                begun = under_way.pop((event.proposal, event.sample, event.attempt))
                answered[begun.request] += bool(event.answer)
                assert usage is not None, event
                usage_usd += (usage.input * INPUT_USD + usage.output * OUTPUT_USD) / 1e6
    cost = usage_usd + sum(call.reserved_usd for call in under_way.values())
    if abs(cost - report["models"]["cost_usd"]) > 1e-6:
        problems.append(f"it reports {report['models']['cost_usd']} USD, but usage and lost calls are {cost}")
    bodies = Counter(json.dumps(one.body, sort_keys=True) for one in asked)
    # A lost call may have been lost before it was sent. Every other one came once.
    most = started, started - len(under_way)
    if not most[1] <= len(asked) <= most[0] or len(bodies) != sum(answered.values()):
        problems.append(f"{len(asked)} requests, {len(bodies)} different, for {started} calls, {len(under_way)} lost")
    return problems
