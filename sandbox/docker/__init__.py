"""The sandbox made of Docker containers."""

from sandbox.docker.provider import DockerProvider

__all__ = ["DockerProvider"]
