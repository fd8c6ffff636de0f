"""Connecting to a Docker engine, and getting its images."""

from __future__ import annotations

import os
import socket
import struct
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sandbox.errors import SandboxFailed, SandboxUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import DockerClient

__all__ = ["connect", "engine_errors", "engine_protections", "engine_version", "require_image", "sees_our_mounts"]

_TIMEOUT_S = 60
_PULL_TIMEOUT_S = 600
_CONNECTIONS = 2
_DEFAULT = "unix:///var/run/docker.sock"
_OLDEST_API = "1.41"  # of Docker 20.10


def connect() -> DockerClient:
    """The engine at `DOCKER_HOST` or the default socket.

    Raises `SandboxUnavailable`, with the remedy, if none answers.
    """
    import docker  # noqa: PLC0415  # a fifth of a second that only this backend needs
    from docker.errors import DockerException  # noqa: PLC0415
    from docker.utils import kwargs_from_env  # noqa: PLC0415

    given = kwargs_from_env()
    try:
        _peer()  # a client that cannot connect leaves its socket open
        # With a version given, nothing is requested before the ping: a client that fails to initialize leaks sockets.
        client = docker.DockerClient(
            **given,
            version=_OLDEST_API,
            timeout=_TIMEOUT_S,
            num_pools=_CONNECTIONS,
            max_pool_size=_CONNECTIONS,
        )
    except (DockerException, OSError) as error:
        raise _unreachable(error) from error
    try:
        client.ping()
    except (DockerException, OSError) as error:
        client.close()
        raise _unreachable(error) from error
    return client


def sees_our_mounts() -> bool:
    """Whether the engine is known to share our mount namespace, and so sees our mounts."""
    try:
        peer = _peer()
        return peer is not None and os.readlink(f"/proc/{peer}/ns/mnt") == os.readlink("/proc/self/ns/mnt")  # noqa: PTH115
    except OSError:
        return False


def _peer() -> int | None:
    """The process that created the engine's local socket; None for an engine elsewhere. Raises `OSError`."""
    from docker.utils import kwargs_from_env  # noqa: PLC0415  # the same

    address = str(kwargs_from_env().get("base_url", _DEFAULT))
    if not address.startswith("unix://"):
        return None
    with socket.socket(socket.AF_UNIX) as knock:
        knock.connect(address.removeprefix("unix://"))
        credentials = knock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    pid: int = struct.unpack("3i", credentials)[0]
    return pid


def engine_version() -> str:
    """The version of the engine. Raises `SandboxUnavailable` if none answers."""
    client = connect()
    try:
        return str(client.version()["Version"])
    finally:
        client.close()


def engine_protections() -> dict[str, bool]:
    """Which optional protections of containers the engine supports. Raises `SandboxUnavailable`."""
    client = connect()
    try:
        info: Any = client.info()
    finally:
        client.close()
    security = " ".join(info.get("SecurityOptions") or [])
    return {
        "a limit on memory": bool(info.get("MemoryLimit")),
        "a limit on swap": bool(info.get("SwapLimit")),
        "a limit on processes": bool(info.get("PidsLimit")),
        "a filter of system calls": "name=seccomp" in security,
    }


def _unreachable(error: Exception) -> SandboxUnavailable:
    return SandboxUnavailable(
        f"no Docker engine answers ({error}): start one (systemctl start docker), set DOCKER_HOST, "
        "join the group docker, or use --sandbox bubblewrap"
    )


def require_image(client: DockerClient, image: str) -> str:
    """The id of `image`, pulled now if the engine does not have it. Raises `SandboxUnavailable` with the remedy."""
    from docker.errors import APIError, DockerException, ImageNotFound  # noqa: PLC0415  # the same

    try:
        return str(client.images.get(image).id)
    except ImageNotFound:
        pass
    except (DockerException, OSError) as error:
        raise SandboxUnavailable(f"the Docker engine cannot look for the image {image}: {error}") from error
    try:
        client.api.timeout = _PULL_TIMEOUT_S
        repository, _, tag = image.partition(":") if "/" not in image.rpartition(":")[2] else (image, "", "")
        return str(client.images.pull(repository, tag=tag or "latest").id)
    except (APIError, DockerException, OSError) as error:
        raise SandboxUnavailable(
            f"the image {image} does not exist here and cannot be pulled ({_explanation(error)}): "
            f"run 'docker pull {image}', or name another with --image"
        ) from error
    finally:
        client.api.timeout = _TIMEOUT_S


@contextmanager
def engine_errors(what: str) -> Iterator[None]:
    """Turn the SDK's exceptions into `SandboxFailed`: the engine broke, which says nothing about the command."""
    from docker.errors import DockerException  # noqa: PLC0415  # the same
    from requests.exceptions import RequestException  # noqa: PLC0415  # the same

    try:
        yield
    except (DockerException, RequestException, OSError) as error:
        raise SandboxFailed(f"the Docker engine failed to {what}: {_explanation(error)}") from error


def _explanation(error: Exception) -> Any:
    return getattr(error, "explanation", None) or error
