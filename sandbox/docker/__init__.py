"""The sandbox made of Docker containers."""

from sandbox.docker.provider import DockerProvider
from sandbox.docker.reaper import reap_containers

__all__ = ["DockerProvider", "reap_containers"]
