"""Reading entry points: the only module that does. Listing reads metadata; a plugin is imported when it is used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import cast

from buildpacks import API_VERSION, Buildpack, RepoView
from gate import ChangeRule
from gate.rules import CHANGE_RULES, PROPOSAL_RULES
from rfsn.errors import UsageError

__all__ = ["InstalledRule", "buildpack_names", "detect_buildpack", "installed_rules", "load_rules"]

_BUILDPACKS = "rfsn.buildpacks"
_GATE_RULES = "rfsn.gate_rules"


@dataclass(frozen=True, slots=True)
class InstalledRule:
    """What the metadata of a distribution says of a gate rule: nothing of it was imported."""

    name: str
    object: str
    distribution: str


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


def installed_rules() -> tuple[InstalledRule, ...]:
    """The gate rules that are installed beside rfsn, by name."""
    found = entry_points(group=_GATE_RULES)
    rules = [InstalledRule(entry.name, entry.value, entry.dist.name if entry.dist else "") for entry in found]
    return tuple(sorted(rules, key=lambda rule: (rule.name, rule.object)))


def load_rules(names: Sequence[str]) -> tuple[ChangeRule, ...]:
    """The enabled gate rules, in the order in which they are named. Raises `UsageError` for one that is none.

    A rule gets what the gate's own get, and is asked after them: it can deny more, and allow nothing.
    """
    taken = {*(rule.id for rule in PROPOSAL_RULES), *(rule.id for rule in CHANGE_RULES)}
    rules: list[ChangeRule] = []
    for name in names:
        found = entry_points(group=_GATE_RULES, name=name)
        if len(found) != 1:
            known = ", ".join(rule.name for rule in installed_rules()) or "none"
            problem = "is not installed" if not found else "is installed more than once"
            raise UsageError(f"the gate rule {name!r} {problem} (there are: {known})")
        rule = _load_rule(next(iter(found)))
        if rule.id in taken:
            raise UsageError(f"the gate rule {name!r} has the id {rule.id!r}, which another rule has already")
        taken.add(rule.id)
        rules.append(rule)
    return tuple(rules)


def _load_rule(entry: EntryPoint) -> ChangeRule:
    try:
        rule = entry.load()()
    except Exception as error:
        raise UsageError(f"the gate rule {entry.name!r} cannot be loaded: {type(error).__name__}: {error}") from error
    id, incremental = getattr(rule, "id", None), getattr(rule, "incremental", None)
    if not (isinstance(id, str) and id and isinstance(incremental, bool) and callable(getattr(rule, "check", None))):
        raise UsageError(f"the gate rule {entry.name!r} is none: it needs id, incremental and check")
    return cast("ChangeRule", rule)


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
