"""A thousand calls that fail at random: the cap holds at each event, and three accounts of the money agree."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from gate import Usage
from rfsn.models.patience import Patience
from rfsn.sessions.events import CallEnded, CallStarted
from tests.models.conftest import Opener
from tests.models.office import APIS, Office, action_of, card_of
from tests.models.server import Asked, ModelServer, Play

STEPS, SAMPLES = 125, 8
PATIENCE = Patience(attempts=4, first_s=0.0001, longest_s=0.0002, failures=6, rest_s=0.001)
FAILURES = (
    Play(status=429, error={}),
    Play(status=429, headers={"retry-after-ms": "1"}, error={}),
    Play(status=500, error={}),
    Play(status=529, error={}),
    Play(status=400, error={}),
    Play(fault="cut"),
    Play(fault="unfinished"),
    Play(fault="garbled"),
    Play(fault="error"),
    Play(fault="uncounted"),
)


def some_play(chance: random.Random) -> Play:
    if chance.random() < 0.3:
        return chance.choice(FAILURES)
    read = chance.randint(50, 400)
    cached = chance.randint(0, read)
    written = chance.randint(0, read - cached)
    finish = chance.choices(("complete", "cut", "refused"), (8, 1, 1))[0]
    output = chance.randint(1, 1000)
    return Play("x" * output, finish=finish, input=read, output=output, cached=cached, written=written)  # type: ignore[arg-type]  # one of them


def costs(asked: Asked, desk: Office, reserved_usd: float) -> float:
    """What a call costs, by what the server knows that it did."""
    play = asked.play
    if play.status != 200:
        return 0.0
    if play.fault:
        return reserved_usd
    card = next(card for card in desk.session.projection.models.models if card.model == asked.body["model"])  # type: ignore[union-attr]  # they are ready
    return card.cost_usd(Usage(play.input, play.output, play.cached, play.written))


@pytest.mark.thorough
@pytest.mark.slow
@pytest.mark.parametrize("max_cost", [1000.0, 3.0], ids=["enough", "too little"])
def test_a_thousand_calls(server: ModelServer, office: Opener, max_cost: float) -> None:
    chance = random.Random(20261123)
    server.script = lambda _: some_play(chance)
    cards = [card_of(server.endpoint(api), api, api, stream=api != "chat") for api in APIS]
    desk = office(*cards, max_cost=max_cost, patience=PATIENCE)
    replied = [desk.ask(action_of(*map(str, range(SAMPLES)), model=APIS[step % 3])) for step in range(STEPS)]

    # The journal's account: each call costs its usage, nothing, or its reservation.
    starts = {(e.proposal, e.sample, e.attempt): e for e in desk.calls if isinstance(e, CallStarted)}
    by_usage = by_reservation = 0.0
    prices = {card.name: card for card in cards}
    for end in desk.ends:
        start = starts.pop((end.proposal, end.sample, end.attempt))
        if end.usage is not None:
            by_usage += prices[end.model].cost_usd(end.usage)
        elif not end.status.isdecimal():
            by_reservation += start.reserved_usd
    assert starts == {}
    reported = sum(one.cost_usd for one in replied)
    assert reported == pytest.approx(by_usage + by_reservation)
    assert desk.session.projection.spent_usd == pytest.approx(reported)

    # The server's account. Samples of a step have the same reservation.
    reserved = {e.model: e.reserved_usd for e in desk.calls if isinstance(e, CallStarted)}
    served = sum(costs(asked, desk, reserved[asked.body["model"].removeprefix("the-")]) for asked in server.asked)
    assert reported == pytest.approx(served)
    assert len(server.asked) == len(desk.ends)

    assert desk.overspent == []
    finishes = Counter(reply.finish for one in replied for reply in one.replies)
    assert sum(finishes.values()) == STEPS * SAMPLES
    if max_cost == 3.0:
        assert 2.9 < reported <= 3.0
        assert finishes["failed"] > 500
    else:
        assert len(desk.ends) > 1000
        assert finishes["complete"] > 700


def test_the_kinds_of_ends_are_told_apart(server: ModelServer, office: Opener) -> None:
    server.play([Play(fault="cut"), Play(finish="cut"), Play(finish="refused"), Play()])
    desk = office(card_of(server.endpoint("messages"), "messages"), patience=PATIENCE)
    for _ in range(3):
        desk.ask(action_of("why?"))
    kinds = [(type(event), getattr(event, "status", "")) for event in desk.calls]
    assert kinds == [
        pair for status in ("broken", "cut", "refused", "ok") for pair in ((CallStarted, ""), (CallEnded, status))
    ]
