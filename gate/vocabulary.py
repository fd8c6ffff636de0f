"""What a planner can express: phases, actions and the proposal that carries one. What is not here cannot be done."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from gate.models import AskModel
from gate.patch import CreateFile, Patch

__all__ = [
    "MAX_CANDIDATES",
    "Action",
    "ApplyPatch",
    "Candidate",
    "Collect",
    "Finish",
    "GiveUp",
    "Phase",
    "Proposal",
    "ReadFile",
    "RunCommand",
    "RunTests",
    "SearchCode",
    "TryPatches",
]

MAX_CANDIDATES = 512
"""The most candidates that one `TryPatches` may carry."""


class Phase(StrEnum):
    """What a step is for: a label of every proposal, event, metric and report line. It implies no order."""

    REPRODUCE = "reproduce"
    LOCALIZE = "localize"
    PATCH = "patch"
    VERIFY = "verify"
    EXPAND = "expand"
    STUCK = "stuck"


class Collect(StrEnum):
    """What a test run is for: outcomes alone, per-test coverage as well, or the verdict on the applied patch."""

    OUTCOMES = "outcomes"
    SPECTRUM = "spectrum"
    VERDICT = "verdict"


@dataclass(frozen=True, slots=True)
class ReadFile:
    """Read one file of the tree, from a line on (from 1)."""

    path: str
    line: int = 1
    type: Literal["read_file"] = "read_file"


@dataclass(frozen=True, slots=True)
class SearchCode:
    """Find the lines that contain a literal text, in files that match a gitignore-style pattern."""

    text: str
    pattern: str = "*"
    type: Literal["search_code"] = "search_code"


@dataclass(frozen=True, slots=True)
class RunTests:
    """Run the named tests, or all of them.

    A `scratch` test is a file that is in the tree only while tests run, and never in a patch. If it is to be `kept`, it
    stays for all later runs, as the test that shows what is to be repaired.
    """

    ids: tuple[str, ...] = ()
    collect: Collect = Collect.OUTCOMES
    scratch: CreateFile | None = None
    kept: bool = False
    type: Literal["run_tests"] = "run_tests"


@dataclass(frozen=True, slots=True)
class RunCommand:
    """Run one command of the plan in a fresh sandbox."""

    argv: tuple[str, ...]
    type: Literal["run_command"] = "run_command"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A patch worth trying: which operator made it, where, and how likely it is (higher is more likely).

    If it is to be tried `afresh`, what the changed code does while the tests are loaded counts in any case.
    """

    patch: Patch
    operator: str
    location: str
    score: float
    afresh: bool = False


@dataclass(frozen=True, slots=True)
class TryPatches:
    """Try candidates, best first, until one is plausible. `offset` is the number of the first among all candidates.

    `exchange` is the step in which a model was asked for them; 0 if they are the search's own.
    """

    candidates: tuple[Candidate, ...]
    offset: int = 0
    exchange: int = 0
    type: Literal["try_patches"] = "try_patches"


@dataclass(frozen=True, slots=True)
class ApplyPatch:
    """Make a patch (on the base) the one that the phase VERIFY is about."""

    patch: Patch
    type: Literal["apply_patch"] = "apply_patch"


@dataclass(frozen=True, slots=True)
class Finish:
    """End with the applied patch as the result."""

    type: Literal["finish"] = "finish"


@dataclass(frozen=True, slots=True)
class GiveUp:
    """End without a result, saying why."""

    reason: str
    type: Literal["give_up"] = "give_up"


type Action = ReadFile | SearchCode | RunTests | RunCommand | TryPatches | AskModel | ApplyPatch | Finish | GiveUp


@dataclass(frozen=True, slots=True)
class Proposal:
    """One step that a planner wants to take, with its reasons."""

    id: str
    phase: Phase
    intent: str
    hypothesis: str
    action: Action
    expected_effect: str
