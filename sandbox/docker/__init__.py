"""The sandbox that uses Docker containers."""

from sandbox.docker.provider import DockerProvider
from sandbox.docker.reaper import reap_containers
from sandbox.docker.skeleton import hosted_programs

__all__ = ["DockerProvider", "hosted_programs", "reap_containers"]
