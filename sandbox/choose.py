"""Choosing a sandbox provider by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.bubblewrap import BubblewrapProvider
from sandbox.docker import DockerProvider
from sandbox.errors import SandboxUnavailable
from sandbox.local import LocalProvider

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.model import SandboxProvider

__all__ = ["choose"]

# `auto` never falls back to `local`: only the user can ask for no isolation.
PROVIDERS: dict[str, Callable[[str], SandboxProvider]] = {
    "auto": lambda _: BubblewrapProvider(),
    "bubblewrap": lambda _: BubblewrapProvider(),
    "docker": DockerProvider,
    "local": lambda _: LocalProvider(),
}


def choose(name: str, image: str = "") -> SandboxProvider:
    """The provider called `name`; `auto` is the best one that isolates here, never `local`. Only Docker uses `image`.

    Raises `SandboxUnavailable`, with the remedy, if it cannot work or the name is unknown.
    """
    if name not in PROVIDERS:
        raise SandboxUnavailable(f"unknown sandbox {name!r}: choose from {', '.join(PROVIDERS)}")
    return PROVIDERS[name](image)
