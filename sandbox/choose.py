"""From the name of a sandbox to its provider."""

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

# `auto` has no way to `local`: running without isolation is for the user to say.
PROVIDERS: dict[str, Callable[[str], SandboxProvider]] = {
    "auto": lambda _: BubblewrapProvider(),
    "bubblewrap": lambda _: BubblewrapProvider(),
    "docker": DockerProvider,
    "local": lambda _: LocalProvider(),
}


def choose(name: str, image: str = "") -> SandboxProvider:
    """The provider called `name`; `auto` is the best that isolates here and never `local`. `image` is for Docker alone.

    Raises `SandboxUnavailable`, with the remedy, where it cannot work or there is none of that name.
    """
    if name not in PROVIDERS:
        raise SandboxUnavailable(f"there is no sandbox called {name!r}: choose from {', '.join(PROVIDERS)}")
    return PROVIDERS[name](image)
