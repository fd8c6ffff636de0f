"""What a buildpack may ask for while an environment is provided: downloads by hash, and steps in a sandbox.

A pack says what is to be done, as data; it starts no process and opens no connection itself. No step sees the
repository: a step with the network runs programs of the pack alone, and what runs code of packages has no network.
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
"""Where a step leaves the files that are wanted of it."""

PROJECT = "/project"
"""Where the project's own build writes, and where later runs see what it wrote, read-only."""


class SupplyError(Exception):
    """What the project needs cannot be had; the message says what, why and what to do."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file of a package, known by its SHA-256 (hexadecimal).

    `url` says where it may be downloaded; it is empty for a file that was built here.
    """

    name: str
    sha256: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """The user's settings of a package manager that a step with the network may know: variables of the environment.

    `variables` is how their names begin. `indexes` are the names of those that hold addresses of package indexes,
    perhaps with a user and a password, which are good for downloads from the same hosts. `synonyms` are names by which
    other tools call them: the value of the second is given as the first, where that is not set.
    """

    variables: tuple[str, ...] = ()
    indexes: tuple[str, ...] = ()
    synonyms: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Layer:
    """An environment that was made, by the key under which it is kept; it holds nothing of any repository."""

    key: str


@dataclass(frozen=True, slots=True)
class Step:
    """One command, run in an empty folder without the repository, `/repo`, that is thrown away with what it wrote.

    `env` are its variables; with the network, those of proxies and of the plan's `Settings` are added. `inputs` are
    small files by name, `layer` is the environment that it sees read-only at `/env`, `network` shares the host's
    network: such a step must run no code of a package. `wanted` is how the names of the files end that are taken from
    `OUTPUTS`; none are where it is empty.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, bytes] = field(default_factory=dict)
    artifacts: tuple[Artifact, ...] = ()
    layer: Layer | None = None
    network: bool = False
    wanted: str = ""


@dataclass(frozen=True, slots=True)
class StepResult:
    """How a step's command ended, and the files that were wanted of it."""

    command: CommandResult
    outputs: tuple[Artifact, ...] = ()


class Supplies(Protocol):
    """What carries out a pack's requests while an environment is provided.

    Artifacts that a step needs are downloaded first and checked against their hashes.
    """

    def run(self, step: Step) -> StepResult:
        """Run a step; a command that fails is a result. Raises `SupplyError` where an artifact cannot be had."""
        ...

    def has(self, artifact: Artifact) -> bool:
        """Whether a file is at hand."""
        ...

    def remember(self, what: Sequence[str], make: Callable[[], Any], valid: Callable[[Any], bool] | None = None) -> Any:
        """The JSON value that `make` gave for `what` when it was first asked, kept across sessions.

        A kept one that is not `valid` (any more) is made again.
        """
        ...

    def layer(self, steps: Sequence[Step]) -> Layer:
        """The environment that these steps make at `/env`, made now where it is not there. Raises `SupplyError`."""
        ...
