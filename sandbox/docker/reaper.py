"""Removing what dead controllers left behind: containers whose labels name a process that is no more."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.docker.container import LABEL, controller_identity
from sandbox.docker.engine import connect, engine_errors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from docker import DockerClient

__all__ = ["reap", "reap_containers"]


def reap(client: DockerClient) -> list[str]:
    """Remove the containers of controllers that are dead, and return their ids. Raises `SandboxFailed`.

    A controller of another boot is dead. One of another process namespace cannot be seen from here: its containers stay
    until their deadline has passed.
    """
    from docker.errors import NotFound  # noqa: PLC0415  # a fifth of a second that only this backend needs

    removed = []
    with engine_errors("look for what was left behind"):
        for container in client.containers.list(all=True, filters={"label": f"{LABEL}.pid"}, ignore_removed=True):
            if _is_dead(container.labels):
                try:
                    container.remove(force=True, v=True)
                except NotFound:
                    continue
                removed.append(str(container.id))
    return removed


def reap_containers() -> list[str]:
    """The same with the engine of this machine. Raises `SandboxUnavailable` where there is none."""
    client = connect()
    try:
        return reap(client)
    finally:
        client.close()


def _is_dead(labels: Mapping[str, Any]) -> bool:
    own = controller_identity()
    if int(labels.get(f"{LABEL}.deadline", 0)) < time.time():
        return True
    if labels.get(f"{LABEL}.boot") != own[f"{LABEL}.boot"]:
        return True
    if labels.get(f"{LABEL}.namespace") != own[f"{LABEL}.namespace"]:
        return False
    try:
        stat = Path("/proc", str(int(labels[f"{LABEL}.pid"])), "stat").read_text()
    except FileNotFoundError:
        return True
    # A number that is in use again belongs to a process that started later; a zombie is dead too.
    state, _, *rest = stat.rpartition(")")[2].split()
    return state == "Z" or rest[17] != labels.get(f"{LABEL}.started")
