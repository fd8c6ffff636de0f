"""What tests of models share: cards, a real session to journal in, and a desk on it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gate import Allowed, AskModel, ModelCard, Phase, Proposal, Tool, Turn
from planners.observations import ModelReplied
from rfsn.config import Config
from rfsn.models.calls import JournaledDesk
from rfsn.models.patience import Patience
from rfsn.models.purse import Purse
from rfsn.models.request import Wire
from rfsn.models.wire.http import HttpWire
from rfsn.sessions.events import CallEnded, CallStarted, Event, ModelsReady, Observed, Proposed, Started
from rfsn.sessions.meter import Used
from rfsn.sessions.projection import Projection
from rfsn.sessions.session import Session

KEY = "sk-abcdefghijklmnopqrstuvwxyz0123456789"
QUICK = Patience(first_s=0.001, longest_s=0.002, rest_s=0.01)
LONG_S = 60.0
READ = Tool("read_file", "Reads a file.", '{"type": "object", "properties": {"path": {"type": "string"}}}')
APIS = ("responses", "chat", "messages")


def card_of(endpoint: str, api: Any = "chat", name: str = "m", **settings: Any) -> ModelCard:
    """A priced model at an endpoint."""
    return ModelCard(
        name=name,
        api=api,
        model=f"the-{name}",
        endpoint=endpoint,
        input_usd=2.0,
        output_usd=10.0,
        cached_usd=0.2,
        written_usd=2.5,
        priced="a test",
        settings=json.dumps(settings),
    )


def action_of(
    *texts: str, tools: Sequence[Tool] = (), turns: Sequence[Turn] = (), model: str = "m", most: int = 1000
) -> AskModel:
    """A question, in as many samples as there are texts."""
    start = (Turn("system", "You repair code."), Turn("user", "The evidence."), *turns)
    samples = tuple((*start, Turn("user", text)) for text in texts)
    return AskModel(model, "patch", samples or (start,), most, tools=tuple(tools))


def proposal_of(action: AskModel, number: int = 1) -> Proposal:
    return Proposal(f"s{number:04d}", Phase.PATCH, "ask", "it knows", action, "a patch")


class Office:
    """A session and its desk. `overspent` lists each event after which more was spent than the session may."""

    def __init__(
        self,
        folder: Path,
        wire: Wire,
        *cards: ModelCard,
        max_cost: float = 1.0,
        purse: Purse | None = None,
        patience: Patience = QUICK,
    ) -> None:
        self.max_cost = max_cost
        self.overspent: list[float] = []
        self.steps = 0
        begun = (folder / "session").exists()
        self.session = (
            Session.resume(folder / "session") if begun else Session.create(".", Config(), folder / "session")
        )
        self.session.listeners.append(self._watch)
        if not begun:
            self.session.record(ModelsReady(models=cards))
        self.desk = JournaledDesk(
            wire,
            self.session.record,
            lambda: self.session.projection,
            self.session.blobs,
            max_cost_usd=max_cost,
            purse=purse,
            patience=patience,
        )

    def _watch(self, _: Event, projection: Projection) -> None:
        if projection.spent_usd > self.max_cost + 1e-9:
            self.overspent.append(projection.spent_usd)

    def ask(self, action: AskModel, deadline_s: float = LONG_S) -> ModelReplied:
        """One whole step."""
        self.steps += 1
        proposal = self.begin(action)
        replied = self.desk.ask(proposal.id, action, deadline_s)
        self.session.record(Observed.of(proposal, replied, Used(0.0, ())))
        return replied

    def begin(self, action: AskModel) -> Proposal:
        """A step as far as the desk is asked."""
        proposal = proposal_of(action, self.steps)
        self.session.record(Proposed.of(proposal, Allowed()))
        self.session.record(Started(proposal=proposal.id))
        return proposal

    def text(self, replied: ModelReplied, sample: int = 0) -> str:
        return self.session.blobs.answer(replied.replies[sample].blob).text

    @property
    def calls(self) -> list[CallStarted | CallEnded]:
        events = (entry.event for entry in self.session.entries())
        return [event for event in events if isinstance(event, CallStarted | CallEnded)]

    @property
    def ends(self) -> list[CallEnded]:
        return [event for event in self.calls if isinstance(event, CallEnded)]

    def close(self) -> None:
        self.desk.close()
        self.session.close()


@contextmanager
def open_office(folder: Path, wire: Wire, *cards: ModelCard, **options: Any) -> Iterator[Office]:
    office = Office(folder, wire, *cards, **options)
    try:
        yield office
    finally:
        office.close()


def wire() -> HttpWire:
    """The real wire, with a key."""
    return HttpWire(lambda _: KEY)
