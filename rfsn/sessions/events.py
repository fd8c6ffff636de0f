"""The events of a journal. Everything else (state, reports, resume) is a fold over them."""

from __future__ import annotations

import hashlib
import shlex
from collections import Counter
from dataclasses import replace
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from gate import Allowed, AskModel, Candidate, Denied, ModelCard, Phase, Proposal, TryPatches, Turn, Usage
from planners.answers import Finish
from planners.observations import Batch, ModelReplied, Observation
from planners.trial import TrialOutcome
from rfsn.machine.text import to_json
from rfsn.sessions.meter import SandboxUse, Used
from rfsn.tables import ModelConfig

__all__ = [
    "FORMAT",
    "CallEnded",
    "CallStarted",
    "EnvironmentReady",
    "Event",
    "Interrupted",
    "ModelsReady",
    "Observed",
    "PartReady",
    "PhaseEnded",
    "Proposed",
    "Recalled",
    "Resumed",
    "SessionEnded",
    "SessionStarted",
    "SourceTaken",
    "Started",
]


_BYTES = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")
_CANDIDATES: TypeAdapter[tuple[Candidate, ...]] = TypeAdapter(tuple[Candidate, ...], config=_BYTES)
_SAMPLES: TypeAdapter[tuple[tuple[Turn, ...], ...]] = TypeAdapter(tuple[tuple[Turn, ...], ...])


FORMAT = 6
"""The format of the events here. It is raised with every change after which older journals are unreadable."""


class _Event(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", **_BYTES)

    def spelled(self) -> Self:
        """The event with each text escaped by `buildpacks.text.spelled`, so that the journal can hold it."""
        return self.model_validate_json(to_json(self.model_dump(mode="json")))


class SessionStarted(_Event):
    """A session began with this configuration and this version of rfsn, in this format of the journal."""

    kind: Literal["session_started"] = "session_started"
    session: str
    version: str
    journal_format: int = FORMAT
    source: str
    config: dict[str, Any]


class SourceTaken(_Event):
    """The source was snapshotted as one commit with this tree; `submodules` and `pointers` name what it lacks.

    `folder` is the identity of the folder that it was taken from (see `sandbox.folders.identity`), if it is a path.
    `date` is the day (ISO 8601) of its commit, if it is known.
    """

    kind: Literal["source_taken"] = "source_taken"
    tree: str
    files: int
    origin: str
    version: str = ""
    submodules: tuple[str, ...] = ()
    pointers: tuple[str, ...] = ()
    folder: str = ""
    date: str = ""


class Recalled(_Event):
    """How operators did in earlier sessions: the blob `experience`. The search uses this and nothing newer."""

    kind: Literal["recalled"] = "recalled"
    experience: str


class PartReady(BaseModel):
    """The environment of one part of the repository: `root` is its folder, empty for the whole tree.

    If it is not the first choice of the pack `why` says what did not load in that, and `python` and `as_of` are those
    of the `buildpacks.Choice` that took its place.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    root: str = ""
    pack: str
    description: str
    cache_key: str
    test: tuple[str, ...]
    python: str = ""
    as_of: str = ""
    why: str = ""


class EnvironmentReady(_Event):
    """The environments were made or found in the cache, and sandboxes were opened.

    A later event takes its place: tests could not be loaded in an environment, and another one was chosen.
    """

    kind: Literal["environment_ready"] = "environment_ready"
    backend: str
    parts: tuple[PartReady, ...] = Field(min_length=1)

    @property
    def description(self) -> str:
        """All environments on one line."""
        return "; ".join(f"{part.root}: {part.description}" if part.root else part.description for part in self.parts)

    @property
    def why(self) -> str:
        """Why these environments took the place of others, on one line; empty if they are the first choice."""
        return "; ".join(dict.fromkeys(part.why for part in self.parts if part.why))

    @property
    def test(self) -> str:
        """All test commands on one line."""
        commands = ((part.root, shlex.join(part.test)) for part in self.parts)
        return "; ".join(f"{command} (in {root})" if root else command for root, command in commands)


class ModelsReady(_Event):
    """The models that the session may ask, at these prices. `salt` goes into the placeholders of redacted texts."""

    kind: Literal["models_ready"] = "models_ready"
    models: tuple[ModelCard, ...]
    judge: ModelCard | None = None
    salt: str = ""

    @model_validator(mode="after")
    def _has_settings(self) -> Self:
        for card in self.cards:
            ModelConfig.model_validate_json(card.settings)
        return self

    @property
    def cards(self) -> tuple[ModelCard, ...]:
        """Each of them once, the judge too."""
        return tuple(dict.fromkeys((*self.models, *((self.judge,) if self.judge else ()))))


class Proposed(_Event):
    """A planner proposed a step and the gate decided on it.

    The candidates of a batch and the samples for a model are not stored, only their number and their digest: the
    planner makes them again from the same state. What a model was sent is a blob of `CallStarted`.
    """

    kind: Literal["proposed"] = "proposed"
    proposal: Proposal
    decision: Denied | Allowed
    candidates: int = 0
    samples: int = 0
    digest: str = ""

    @classmethod
    def of(cls, proposal: Proposal, decision: Denied | Allowed) -> Self:
        """The event of a proposal and the decision on it."""
        action = proposal.action
        if isinstance(action, AskModel):
            return cls(
                proposal=replace(proposal, action=replace(action, samples=())),
                decision=decision,
                samples=len(action.samples),
                digest=hashlib.sha256(_SAMPLES.dump_json(action.samples)).hexdigest(),
            )
        if not isinstance(action, TryPatches):
            return cls(proposal=proposal, decision=decision)
        return cls(
            proposal=replace(proposal, action=replace(action, candidates=())),
            decision=decision,
            candidates=len(action.candidates),
            digest=hashlib.sha256(_CANDIDATES.dump_json(action.candidates)).hexdigest(),
        )


class Started(_Event):
    """An allowed step began. Without an `Observed` after it, the step is run again."""

    kind: Literal["started"] = "started"
    proposal: str


class CallStarted(_Event):
    """A call of a model is about to be sent: attempt `attempt` for one sample of a step, with what it costs at most.

    `request` is the blob of what is sent: the turns and tools, as JSON. Without a `CallEnded` the call counts as its
    reservation.
    """

    kind: Literal["call_started"] = "call_started"
    proposal: str
    sample: int
    attempt: int
    model: str
    reserved_usd: float
    request: str


class CallEnded(_Event):
    """A call ended: with an answer (a blob), or with a problem.

    `status` is a word for metrics: `ok`, `cut`, `refused`, `timeout`, `unreachable`, `broken`, `unsent`, or an HTTP
    status. `cost_usd` is what the usage costs; the reservation if the call may have been billed and named no usage.
    """

    kind: Literal["call_ended"] = "call_ended"
    proposal: str
    sample: int
    attempt: int
    model: str
    finish: Finish
    status: str
    answer: str = ""
    usage: Usage | None = None
    cost_usd: float = 0.0
    latency_s: float = 0.0
    problem: str = ""


class Observed(_Event):
    """A step ended. `cpu_s` is the CPU time, in seconds, that its sandboxes used; `sandbox` counts what they did.

    `tried` is how many candidates of each operator were run in a batch; both operators of a pair count.
    """

    kind: Literal["observed"] = "observed"
    proposal: str
    observation: Annotated[Observation, Field(discriminator="type")]
    cpu_s: float = 0.0
    sandbox: tuple[SandboxUse, ...] = ()
    tried: dict[str, int] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _has_replies(self) -> Self:
        if isinstance(self.observation, ModelReplied) and not self.observation.replies:
            raise ValueError("a model was asked, and there is no reply")
        return self

    @classmethod
    def of(cls, proposal: Proposal, observation: Observation, used: Used) -> Self:
        """The event of the observation of an allowed or denied step."""
        tried = Counter[str]()
        if isinstance(proposal.action, TryPatches) and isinstance(observation, Batch):
            for candidate, outcome in zip(proposal.action.candidates, observation.outcomes, strict=False):
                if outcome != TrialOutcome.DENIED:
                    tried.update(candidate.operator.split("+"))
        return cls(
            proposal=proposal.id,
            observation=observation,
            cpu_s=used.cpu_s,
            sandbox=used.sandbox,
            tried=dict(sorted(tried.items())),
        )


class PhaseEnded(_Event):
    """The hash of the state at the end of a phase: a replay must reach the same."""

    kind: Literal["phase_ended"] = "phase_ended"
    phase: Phase
    state: str


class Interrupted(_Event):
    """The user stopped the session; it can be resumed."""

    kind: Literal["interrupted"] = "interrupted"


class Resumed(_Event):
    """Another controller took the session over; a proposal that was not finished is proposed again."""

    kind: Literal["resumed"] = "resumed"


class SessionEnded(_Event):
    """The session has its result.

    `confidence` is how likely the patch is right, from 0 to 1, and `because` says why; `withdrawn` is whether that is
    less than the user asks for, so that the patch does not count.
    """

    kind: Literal["session_ended"] = "session_ended"
    status: str
    reason: str
    confidence: float | None = None
    because: tuple[str, ...] = ()
    withdrawn: bool = False


type Event = Annotated[
    SessionStarted
    | SourceTaken
    | Recalled
    | ModelsReady
    | EnvironmentReady
    | Proposed
    | Started
    | CallStarted
    | CallEnded
    | Observed
    | PhaseEnded
    | Interrupted
    | Resumed
    | SessionEnded,
    Field(discriminator="kind"),
]
