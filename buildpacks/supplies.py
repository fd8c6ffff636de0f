"""What a buildpack may request while it provides an environment: downloads by hash, and steps in a sandbox.

A pack describes the steps as data; it starts no process and opens no connection itself. No step sees the repository: a
step with the network runs only the pack's own tools, and a step that runs code of packages has no network.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from sandbox import CommandResult

__all__ = [
    "INPUTS",
    "OUTPUTS",
    "PROJECT",
    "Artifact",
    "Layer",
    "Settings",
    "Step",
    "StepResult",
    "Supplies",
    "SupplyError",
]

INPUTS = "/in"
"""Where a step finds its artifacts and input files, read-only and by their names."""

OUTPUTS = "/out"
"""Where a step leaves its wanted files."""

PROJECT = "/project"
"""Where the project's own build writes, and where later runs see what it wrote, read-only."""


class SupplyError(Exception):
    """A need of the project cannot be met; the message says which, why and what to do."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file of a package, known by its SHA-256 (hexadecimal).

    `url` is its download address; it is empty for a file that was built here.
    """

    name: str
    sha256: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """The user's settings of a package manager that a step with the network may know: variables of the environment.

    `variables` are prefixes of their names. `indexes` are the names of the ones with addresses of package indexes,
    which may contain a user and a password; these also apply to downloads from the same hosts. `synonyms` pairs a name
    with another tool's name for the same setting: if the first is not set, it gets the value of the second.
    """

    variables: tuple[str, ...] = ()
    indexes: tuple[str, ...] = ()
    synonyms: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Layer:
    """A finished environment, by its key in the cache; it contains nothing of any repository."""

    key: str


@dataclass(frozen=True, slots=True)
class Step:
    """One command, run in an empty `/repo` instead of the repository; that folder is discarded afterwards.

    `env` are its variables; with the network, the variables of proxies and of the plan's `Settings` are added. `inputs`
    are small files by name, `layer` is the environment that it sees read-only at `/env`, and `network` shares the
    host's network: such a step must run no code of a package. `wanted` is the suffix of the files that are taken from
    `OUTPUTS`; if it is empty, none are. `about` says what it does, for somebody who waits; if it is empty, it is quick.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, bytes] = field(default_factory=dict)
    artifacts: tuple[Artifact, ...] = ()
    layer: Layer | None = None
    network: bool = False
    wanted: str = ""
    about: str = ""


@dataclass(frozen=True, slots=True)
class StepResult:
    """How a step's command ended, and its wanted files."""

    command: CommandResult
    outputs: tuple[Artifact, ...] = ()


class Supplies(Protocol):
    """Carries out a pack's requests while it provides an environment.

    Artifacts that a step needs are downloaded first and checked against their hashes.
    """

    def run(self, step: Step) -> StepResult:
        """Run a step; a command that fails is a result. Raises `SupplyError` if an artifact is unavailable."""
        ...

    def has(self, artifact: Artifact) -> bool:
        """Whether a file is in the cache."""
        ...

    def remember(self, what: Sequence[str], make: Callable[[], Any], valid: Callable[[Any], bool] | None = None) -> Any:
        """The JSON value that `make` returned for `what` the first time, kept across sessions.

        A kept value that is not `valid` (any longer) is made again.
        """
        ...

    def layer(self, steps: Sequence[Step]) -> Layer:
        """The environment that these steps make at `/env`, from the cache if it is there. Raises `SupplyError`."""
        ...
