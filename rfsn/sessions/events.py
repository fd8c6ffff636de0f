"""The events of a journal. Everything else (state, reports, resume) is a fold over them."""

from __future__ import annotations

import hashlib
import shlex
from collections import Counter
from dataclasses import replace
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from gate import Allowed, Candidate, Denied, Phase, Proposal, TryPatches
from planners.observations import Batch, Observation
from planners.trial import TrialOutcome
from rfsn.machine.text import to_json
from rfsn.sessions.meter import SandboxUse, Used

__all__ = [
    "FORMAT",
    "EnvironmentReady",
    "Event",
    "Interrupted",
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


FORMAT = 3
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
    """

    kind: Literal["source_taken"] = "source_taken"
    tree: str
    files: int
    origin: str
    version: str = ""
    submodules: tuple[str, ...] = ()
    pointers: tuple[str, ...] = ()
    folder: str = ""


class Recalled(_Event):
    """How operators did in earlier sessions: the blob `experience`. The search uses this and nothing newer."""

    kind: Literal["recalled"] = "recalled"
    experience: str


class PartReady(BaseModel):
    """The environment of one part of the repository: `root` is its folder, empty for the whole tree."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    root: str = ""
    pack: str
    description: str
    cache_key: str
    test: tuple[str, ...]


class EnvironmentReady(_Event):
    """The environments were made or found in the cache, and sandboxes were opened."""

    kind: Literal["environment_ready"] = "environment_ready"
    backend: str
    parts: tuple[PartReady, ...] = Field(min_length=1)

    @property
    def description(self) -> str:
        """All environments on one line."""
        return "; ".join(f"{part.root}: {part.description}" if part.root else part.description for part in self.parts)

    @property
    def test(self) -> str:
        """All test commands on one line."""
        commands = ((part.root, shlex.join(part.test)) for part in self.parts)
        return "; ".join(f"{command} (in {root})" if root else command for root, command in commands)


class Proposed(_Event):
    """A planner proposed a step and the gate decided on it.

    The candidates of a batch are not stored, only their digest: the planner makes them again from the same state.
    """

    kind: Literal["proposed"] = "proposed"
    proposal: Proposal
    decision: Denied | Allowed
    candidates: int = 0
    digest: str = ""

    @classmethod
    def of(cls, proposal: Proposal, decision: Denied | Allowed) -> Self:
        """The event of a proposal and the decision on it."""
        action = proposal.action
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
    """The session has its result."""

    kind: Literal["session_ended"] = "session_ended"
    status: str
    reason: str


type Event = Annotated[
    SessionStarted
    | SourceTaken
    | Recalled
    | EnvironmentReady
    | Proposed
    | Started
    | Observed
    | PhaseEnded
    | Interrupted
    | Resumed
    | SessionEnded,
    Field(discriminator="kind"),
]
