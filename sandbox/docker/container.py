"""One container: what it may use, how it is labelled, and how it is removed."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from sandbox.docker.engine import engine_errors
from sandbox.errors import SandboxFailed
from sandbox.layout import ENVIRONMENT
from sandbox.maker import Maker
from sandbox.model import ENV, REPO

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import DockerClient
    from docker.models.containers import Container as Handle

    from sandbox.model import SandboxSpec

__all__ = ["DEADLINE", "LABEL", "USER_ID", "Container", "labels", "small_log"]

LABEL, DEADLINE = "rfsn.controller", "rfsn.deadline"
"""The labels of our containers: which process created it, and the Unix time after which it is no longer needed."""

USER_ID = 64123
"""The user that commands run as if the controller is root; otherwise it is the controller's own user."""

_OWN_FOLDERS = ("/tmp", "/run")  # noqa: S108
_LIFETIME_S = 24 * 3600
# Where a local engine accounts for a container, with cgroups of version 1 and 2.
_CPU_V1 = ("cpuacct/docker/{id}/cpuacct.usage",)
_CPU_V2 = ("docker/{id}/cpu.stat", "system.slice/docker-{id}.scope/cpu.stat")
_PIDS = ("pids/docker/{id}/pids.current", "docker/{id}/pids.current", "system.slice/docker-{id}.scope/pids.current")
_OWN_PROCESSES = 2  # the engine's init, and the sleep


class Container:
    """A running container for one sandbox: no network, no capabilities, a read-only root, and a limited lifetime.

    Its first process only sleeps, as root without capabilities; commands run as `user`, who can end all of their own
    processes but not that one.
    """

    def __init__(self, client: DockerClient, image: str, spec: SandboxSpec) -> None:
        """Create and start it. Raises `SandboxFailed`."""
        self.user = f"{os.geteuid()}:{os.getegid()}" if os.geteuid() else f"{USER_ID}:{USER_ID}"
        self._born = time.time()
        limits = spec.limits
        with engine_errors("start a container"):
            self._handle: Handle = client.containers.create(
                image,
                # An engine may give a tmpfs the mode of the image's folder, whatever mode is requested.
                ["/bin/sh", "-c", f"chmod 1777 {' '.join(_OWN_FOLDERS)} && exec sleep {_LIFETIME_S}"],
                user="0:0",
                labels=labels(),
                init=True,
                network_mode="host" if spec.network else "none",
                extra_hosts={service.name: "127.0.0.1" for service in spec.services},
                cap_drop=["ALL"],
                security_opt=["no-new-privileges"],
                read_only=True,
                tmpfs=dict.fromkeys(_OWN_FOLDERS, f"exec,size={limits.file_bytes}"),
                shm_size=limits.file_bytes,
                mounts=list(_mounts(spec)),
                mem_limit=limits.memory_bytes,
                memswap_limit=limits.memory_bytes,
                pids_limit=limits.processes,
                ulimits=list(_ulimits(spec)),
                log_config=_no_log(),
                working_dir=spec.cwd,
                environment=ENVIRONMENT,
                hostname=spec.host,
            )
            self.id = str(self._handle.id)
        try:
            with engine_errors("start a container"):
                self._handle.start()
        except SandboxFailed:
            self.remove()
            raise
        self._client = client

    def out_of_memory(self) -> bool:
        """Whether the kernel killed a process of this container because all of them together used too much memory."""
        with engine_errors("report memory events"):
            # Fractions of a second are the engine's own, and unknown to the SDK's types.
            events = cast("Any", self._client).events(
                since=f"{self._born:.6f}",
                until=f"{time.time():.6f}",  # the engine would wait for a time in the future
                filters={"container": self.id, "event": "oom"},
                decode=True,
            )
            try:
                return any(True for _ in events)
            finally:
                events.close()

    def is_running(self) -> bool:
        """Whether it still exists and its first process is alive."""
        from docker.errors import NotFound  # noqa: PLC0415  # a fifth of a second that only this backend needs

        with engine_errors("inspect a container"):
            try:
                self._handle.reload()
            except NotFound:
                return False
            return str(self._handle.status) == "running"

    def cpu_s(self) -> float:
        """CPU seconds of everything that ran in it; 0 if unknown. Asking the engine itself is slow."""
        if usage := self._account(_CPU_V1):
            return int(usage) / 1e9
        if usage := self._account(_CPU_V2):
            return int(usage.split()[1]) / 1e6
        with suppress(SandboxFailed, KeyError), engine_errors("report CPU time"):
            stats: Any = self._client.api.stats(self.id, stream=False, one_shot=True)
            return float(stats["cpu_stats"]["cpu_usage"]["total_usage"]) / 1e9
        return 0.0

    def has_leftovers(self) -> bool:
        """Whether anything but its own two processes runs in it; true if that is unknown."""
        count = self._account(_PIDS)
        return not count or int(count) > _OWN_PROCESSES

    def _account(self, places: tuple[str, ...]) -> str:
        for place in places:
            with suppress(OSError):
                return Path("/sys/fs/cgroup", place.format(id=self.id)).read_text()
        return ""

    def remove(self) -> None:
        """Kill and remove it. Raises `SandboxFailed`, naming it, if the engine fails to."""
        from docker.errors import NotFound  # noqa: PLC0415  # a fifth of a second that only this backend needs

        for pause_s in (0.2, 0.5, None):
            try:
                with engine_errors(f"remove the container {self.id[:12]}"), suppress(NotFound):
                    self._handle.remove(force=True, v=True)
            except SandboxFailed:
                if pause_s is None:
                    raise
                time.sleep(pause_s)
            else:
                return


def labels() -> dict[str, str]:
    """The labels of a container that is created now."""
    return {LABEL: str(Maker.own()), DEADLINE: str(int(time.time()) + _LIFETIME_S)}


def small_log() -> Any:
    """A log that keeps a container's latest output, up to a megabyte."""
    from docker.types import LogConfig  # noqa: PLC0415  # the same

    return LogConfig(type="json-file", config={"max-size": "1m", "max-file": "1"})


def _mounts(spec: SandboxSpec) -> Iterator[Any]:
    from docker.types import Mount  # noqa: PLC0415  # the same

    yield Mount(REPO, str(spec.workspace), type="bind", read_only=spec.read_only)
    if spec.environment is not None:
        yield Mount(ENV, str(spec.environment), type="bind", read_only=True)
    for mount in spec.mounts:
        yield Mount(mount.target, str(mount.source), type="bind", read_only=not mount.writable)


def _ulimits(spec: SandboxSpec) -> Iterator[Any]:
    from docker.types import Ulimit  # noqa: PLC0415  # the same

    limits = {"fsize": spec.limits.file_bytes, "nofile": spec.limits.open_files, "core": 0}
    for name, value in limits.items():
        yield Ulimit(name=name, soft=value, hard=value)


def _no_log() -> Any:
    from docker.types import LogConfig  # noqa: PLC0415  # the same

    return LogConfig(type="none")
