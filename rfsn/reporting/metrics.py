"""Metrics of sessions as a fold over their events, so that they always agree with the journal.

Every label is bounded. `intent` is not a proposal's own sentence, which has numbers in it, but its class: the phase and
the action, as in `reproduce/outcomes`, `localize/spectrum`, `patch/try_patches` or `verify/verdict` (a test run goes by
what it collects, every other action by its type). Sandbox operations are recorded as one sum for each step: the counts
and sums of their histogram are exact, but its buckets get each step's mean. A call of a model that is not known to have
ended counts as `lost`, at its reservation, once its step is over. Tokens of the type `input` include the cached and the
written ones, and those of the type `output` the reasoning.

prometheus_client takes a tenth of a second to import: import this module only if metrics are wanted.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterable
from threading import Lock

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info

from gate import Denied, Proposal, RunTests
from planners.observations import Batch, Observation, SuiteRan
from planners.trial import TrialOutcome
from rfsn import __version__
from rfsn.reporting.model_metrics import MetricsOfModels
from rfsn.sessions.blobs import BlobStore
from rfsn.sessions.events import (
    CallEnded,
    CallStarted,
    Event,
    Interrupted,
    Observed,
    Proposed,
    Resumed,
    SessionEnded,
    SessionStarted,
)
from rfsn.sessions.journal import Entry
from rfsn.sessions.meter import SandboxUse
from rfsn.sessions.projection import Projection, fold
from rfsn.sessions.session import Session

__all__ = ["Metrics"]

_ERRORS = {"infra_error", "usage_error"}
_REPAIR_S = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 900, 1800)
_STEPS = (3, 5, 7, 8, 10, 15, 20, 30, 50, 100, 200)
_TEST_S = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30)
_SANDBOX_S = (0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300)


class Metrics:
    """The metrics of any number of sessions, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._running: set[str] = set()
        self._lock = Lock()
        self._make_metrics_of_proposals()
        self._make_metrics_of_work()
        self._models = MetricsOfModels(self.registry)
        Info("rfsn_system", "The version of rfsn, Python and the platform.", registry=self.registry).info(
            {
                "version": __version__,
                "python": platform.python_version(),
                "platform": f"{sys.platform}-{platform.machine()}",
            }
        )

    def _make_metrics_of_proposals(self) -> None:
        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(name, text, labels, registry=self.registry)

        self._proposals = counter("rfsn_proposals", "Steps that planners proposed.", "intent", "action_type")
        self._rejected = counter("rfsn_proposals_rejected", "Denied proposals.", "rejection_type", "phase")
        self._accepted = counter("rfsn_proposals_accepted", "Allowed proposals.", "intent", "phase")
        self._validations = counter("rfsn_gate_validations", "Decisions of the gate on proposals.", "decision")
        self._rejections = counter("rfsn_gate_rejections", "Proposals that a rule of the gate denied.", "rule")

    def _make_metrics_of_work(self) -> None:
        registry = self.registry
        self._active = Gauge("rfsn_active_repairs", "Running sessions.", registry=registry)
        self._seconds = Histogram(
            "rfsn_repair_duration_seconds", "Seconds of work of ended sessions.", buckets=_REPAIR_S, registry=registry
        )
        self._steps = Histogram("rfsn_repair_iterations", "Steps of ended sessions.", buckets=_STEPS, registry=registry)
        self._tests = Counter("rfsn_tests_run", "Test cases in test runs.", ["outcome"], registry=registry)
        self._test_seconds = Histogram(
            "rfsn_test_duration_seconds", "Seconds of each test case.", buckets=_TEST_S, registry=registry
        )
        self._candidates = Counter("rfsn_candidates", "Candidates tried.", ["outcome"], registry=registry)
        self._errors = Counter("rfsn_errors", "Sessions that ended with an error.", ["kind"], registry=registry)
        self._operations = Counter(
            "rfsn_sandbox_operations",
            "Commands (run) and long-lived processes (spawn) that ended.",
            ["backend", "operation", "outcome"],
            registry=registry,
        )
        self._operation_seconds = Histogram(
            "rfsn_sandbox_operation_duration_seconds",
            "Wall-clock seconds of sandbox operations; the buckets get each step's mean.",
            ["backend", "operation"],
            buckets=_SANDBOX_S,
            registry=registry,
        )

    @property
    def active(self) -> int:
        """How many sessions are running: begun or resumed, and neither ended nor interrupted."""
        return len(self._running)

    def follow(self, session: Session) -> None:
        """Count what a session has already recorded, then listen to it."""
        self.count(session.entries(), session.blobs)

        def listen(event: Event, projection: Projection) -> None:
            self.observe(event, projection, session.seconds, session.blobs)

        session.listeners.append(listen)

    def count(self, entries: Iterable[Entry], blobs: BlobStore) -> None:
        """Count a whole journal; `blobs` are those of its session."""
        projection = Projection()
        for entry in entries:
            projection = fold(projection, entry.event)
            self.observe(entry.event, projection, entry.clock, blobs)

    def observe(self, event: Event, projection: Projection, clock_s: float, blobs: BlobStore) -> None:
        """Count one event: `projection` is the state after it, `clock_s` the session's time at it."""
        match event:
            case SessionStarted() | Resumed():
                self._set_active(projection, active=True)
            case Interrupted():
                self._set_active(projection, active=False)
            case Proposed():
                self._proposed(event)
            case CallStarted() | CallEnded():
                self._models.call(event, projection)
            case Observed(observation=observation, sandbox=sandbox):
                self._models.over(projection)
                self._observed(observation, blobs)
                self._used(sandbox)
            case SessionEnded(status=status):
                self._models.over(projection)
                self._set_active(projection, active=False)
                self._seconds.observe(clock_s)
                self._steps.observe(projection.state.steps)
                if status in _ERRORS:
                    self._errors.labels(status).inc()

    def _set_active(self, projection: Projection, *, active: bool) -> None:
        assert projection.started is not None
        with self._lock:
            (self._running.add if active else self._running.discard)(projection.started.session)
            self._active.set(len(self._running))

    def _proposed(self, event: Proposed) -> None:
        proposal, decision = event.proposal, event.decision
        intent = _intent(proposal)
        self._proposals.labels(intent, proposal.action.type).inc()
        if isinstance(decision, Denied):
            self._validations.labels("denied").inc()
            self._rejected.labels(decision.rejection_type, proposal.phase).inc()
            self._rejections.labels(decision.rule).inc()
        else:
            self._validations.labels("allowed").inc()
            self._accepted.labels(intent, proposal.phase).inc()

    def _observed(self, observation: Observation, blobs: BlobStore) -> None:
        match observation:
            case SuiteRan(report=report):
                for case in blobs.report(report).cases:
                    self._tests.labels(case.outcome).inc()
                    self._test_seconds.observe(case.duration_s)
            case Batch(outcomes=letters):
                for letter in letters:
                    self._candidates.labels(TrialOutcome(letter).label).inc()

    def _used(self, uses: Iterable[SandboxUse]) -> None:
        for use in uses:
            self._operations.labels(use.backend, use.operation, use.outcome).inc(use.count)
            seconds = self._operation_seconds.labels(use.backend, use.operation)
            for _ in range(use.count):
                seconds.observe(use.seconds / use.count)


def _intent(proposal: Proposal) -> str:
    action = proposal.action
    return f"{proposal.phase}/{action.collect if isinstance(action, RunTests) else action.type}"
