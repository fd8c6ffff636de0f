"""What can be done without knowing a language: a test command's exit code, and packs of settings alone."""

from __future__ import annotations

from buildpacks.generic.configured import ConfiguredBuildpack, PackSettings
from buildpacks.generic.pack import GenericBuildpack

__all__ = ["ConfiguredBuildpack", "GenericBuildpack", "PackSettings"]
