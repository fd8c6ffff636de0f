"""The metrics of calls of models."""

from __future__ import annotations

from threading import Lock

from prometheus_client import CollectorRegistry, Counter, Histogram

from rfsn.sessions.events import CallEnded, CallStarted
from rfsn.sessions.projection import Projection

__all__ = ["MetricsOfModels"]

_LATENCY_S = (0.3, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600)
_TYPES = ("input", "output", "cached", "written", "reasoning")
_STATUSES = {"ok", "cut", "refused", "timeout", "unreachable", "broken", "unsent"}
_LOST, _OTHER = "lost", "other"


class MetricsOfModels:
    """What calls of models count for. The labels are the models that sessions named, and words and numbers of ours."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"rfsn_llm_{name}", text, ("model", *labels), registry=registry)

        self._calls = counter("calls", "Calls of models that ended.", "status")
        self._tokens = counter("tokens", "Tokens of calls, as providers counted them.", "type")
        self._cost = counter("cost_usd", "What calls cost (USD), at most.")
        self._latency = Histogram(
            "rfsn_llm_latency_seconds", "Seconds of each call.", ["model"], buckets=_LATENCY_S, registry=registry
        )
        self._open: dict[str, dict[tuple[str, int, int], list[CallStarted]]] = {}
        self._lock = Lock()

    def call(self, event: CallStarted | CallEnded, projection: Projection) -> None:
        """Count a call when it ends; until then, remember that it began."""
        key = (event.proposal, event.sample, event.attempt)
        with self._lock:
            begun = self._open.setdefault(_session(projection), {}).setdefault(key, [])
            if isinstance(event, CallStarted):
                begun.append(event)
                return
            if begun:
                begun.pop(0)
        model = _model(event.model, projection)
        self._calls.labels(model, _status(event.status)).inc()
        self._cost.labels(model).inc(max(0.0, event.cost_usd))
        self._latency.labels(model).observe(event.latency_s)
        for kind in _TYPES if event.usage else ():
            self._tokens.labels(model, kind).inc(max(0, getattr(event.usage, kind)))

    def over(self, projection: Projection) -> None:
        """Count the calls of a step that is over, or of a session, that are not known to have ended."""
        with self._lock:
            lost = self._open.pop(_session(projection), {})
        for started in (event for events in lost.values() for event in events):
            model = _model(started.model, projection)
            self._calls.labels(model, _LOST).inc()
            self._cost.labels(model).inc(max(0.0, started.reserved_usd))


def _session(projection: Projection) -> str:
    assert projection.started is not None
    return projection.started.session


def _model(name: str, projection: Projection) -> str:
    """The label of a model: its name if the session has a card for it."""
    ready = projection.models
    known = {card.name for card in ready.cards} if ready else set()
    return name if name in known else _OTHER


def _status(status: str) -> str:
    """The label of a status: a word of ours, or an HTTP status."""
    return status if status in _STATUSES or (len(status) == 3 and status.isdecimal() and status.isascii()) else _OTHER
