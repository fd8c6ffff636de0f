"""Reading entry points: the only module that does. Listing reads metadata; a plugin is imported when it is used."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points
from typing import cast

from buildpacks import API_VERSION, Buildpack, RepoView
from rfsn.errors import UsageError

__all__ = ["buildpack_names", "detect_buildpack"]

_BUILDPACKS = "rfsn.buildpacks"


def buildpack_names() -> list[str]:
    """The buildpacks that are installed, by name, sorted."""
    return sorted(entry.name for entry in entry_points(group=_BUILDPACKS))


def detect_buildpack(view: RepoView) -> Buildpack:
    """The pack that is surest about a tree. Raises `UsageError` where none knows it."""
    found = [(pack.detect(view).confidence, pack.name, pack) for pack in _buildpacks()]
    confidence, _, pack = max(found, key=lambda entry: (entry[0], entry[1]), default=(0.0, "", None))
    if pack is None or not confidence:
        known = ", ".join(sorted(name for _, name, _ in found)) or "none"
        raise UsageError(f"no buildpack knows what to do with this tree (there are: {known})")
    return pack


def _buildpacks() -> Iterator[Buildpack]:
    for entry in entry_points(group=_BUILDPACKS):
        yield _load(entry)


def _load(entry: EntryPoint) -> Buildpack:
    pack = cast("Buildpack", entry.load()())
    if pack.api_version != API_VERSION:
        raise UsageError(
            f"the buildpack {entry.name} has version {pack.api_version} of the API; rfsn has {API_VERSION}"
        )
    return pack
