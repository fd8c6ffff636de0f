"""Removing what dead controllers left behind: containers whose labels name a process that no longer exists."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sandbox.docker.container import DEADLINE, LABEL
from sandbox.docker.engine import connect, engine_errors
from sandbox.maker import Maker

if TYPE_CHECKING:
    from collections.abc import Mapping

    from docker import DockerClient

__all__ = ["reap", "reap_containers"]


def reap(client: DockerClient) -> list[str]:
    """Remove the containers of dead controllers, and return their ids. Raises `SandboxFailed`.

    A controller of another boot is dead. One in another pid namespace cannot be seen from here: its containers stay
    until their deadline has passed.
    """
    from docker.errors import NotFound  # noqa: PLC0415  # a fifth of a second that only this backend needs

    removed = []
    with engine_errors("list the containers left behind"):
        for container in client.containers.list(all=True, filters={"label": LABEL}, ignore_removed=True):
            if _is_left(container.labels):
                try:
                    container.remove(force=True, v=True)
                except NotFound:
                    continue
                removed.append(str(container.id))
    return removed


def reap_containers() -> list[str]:
    """Call `reap` with the engine of this machine. Raises `SandboxUnavailable` if there is none."""
    client = connect()
    try:
        return reap(client)
    finally:
        client.close()


def _is_left(labels: Mapping[str, str]) -> bool:
    maker = Maker.parse(labels.get(LABEL, ""))
    late = int(labels.get(DEADLINE, 0)) < time.time()
    return late or (maker is not None and maker.is_dead())
