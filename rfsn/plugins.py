"""Reading entry points: the only module that does. Listing reads metadata; a plugin is imported when it is used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import EntryPoint, entry_points
from typing import Any, cast

import structlog

from buildpacks import API_VERSION, Buildpack, Detection, RepoView
from gate import ChangeRule
from gate.rules import CHANGE_RULES, PROPOSAL_RULES
from planners.search.language import Operator, Replacement, Site
from planners.search.registry import LANGUAGES, OPERATORS
from rfsn.errors import UsageError

__all__ = [
    "Installed",
    "buildpack_names",
    "detect_buildpacks",
    "installed_operators",
    "installed_rules",
    "load_operators",
    "load_rules",
]

_BUILDPACKS = "rfsn.buildpacks"
_GATE_RULES = "rfsn.gate_rules"
_OPERATORS = "rfsn.operators"

_log = structlog.get_logger("rfsn")


@dataclass(frozen=True, slots=True)
class Installed:
    """What the metadata of a distribution says of a plugin: nothing of it was imported."""

    name: str
    object: str
    distribution: str


def buildpack_names() -> list[str]:
    """The buildpacks that are installed, by name, sorted."""
    return sorted(entry.name for entry in entry_points(group=_BUILDPACKS))


def detect_buildpacks(view: RepoView) -> tuple[tuple[Buildpack, Detection], ...]:
    """The packs that know a tree, the surest first. Raises `UsageError` where none does.

    One that cannot be loaded, or fails, is skipped: the log says so, and an error that comes of it.
    """
    found: list[tuple[Buildpack, Detection]] = []
    known: list[str] = []
    for entry in sorted(entry_points(group=_BUILDPACKS), key=lambda entry: entry.name):
        known.append(entry.name)
        try:
            pack = _load_buildpack(entry)
            found.append((pack, _checked(pack.detect(view))))
        except Exception as error:  # noqa: BLE001  # whatever a plugin raises, the other packs are asked
            why = f"{type(error).__name__}: {error}"
            known[-1] += f", which is broken ({why})"
            _log.warning("a buildpack is broken: it is skipped", buildpack=entry.name, why=why)
    sure = sorted((one for one in found if one[1].confidence), key=lambda one: (-one[1].confidence, one[0].name))
    if not sure:
        raise UsageError(f"no buildpack knows what to do with this tree (there are: {'; '.join(known) or 'none'})")
    return tuple(sure)


def installed_rules() -> tuple[Installed, ...]:
    """The gate rules that are installed beside rfsn, by name."""
    return _installed(_GATE_RULES)


def installed_operators() -> tuple[Installed, ...]:
    """The edit operators that are installed beside rfsn, by name."""
    return _installed(_OPERATORS)


def load_rules(names: Sequence[str]) -> tuple[ChangeRule, ...]:
    """The enabled gate rules, in the order in which they are named. Raises `UsageError` for an invalid one.

    A rule gets what the gate's own get, and is asked after them: it can deny more, and allow nothing.
    """
    taken = {*(rule.id for rule in PROPOSAL_RULES), *(rule.id for rule in CHANGE_RULES)}
    rules: list[ChangeRule] = []
    for name in names:
        rule = _load_rule(_entry(_GATE_RULES, "gate rule", name))
        if rule.id in taken:
            raise UsageError(f"the gate rule {name!r} has the id {rule.id!r}, which another rule has already")
        taken.add(rule.id)
        rules.append(rule)
    return tuple(rules)


def load_operators(names: Sequence[str]) -> tuple[Operator, ...]:
    """The enabled edit operators, in the order in which they are named. Raises `UsageError` for an invalid one.

    A site at which one raises is skipped; the log has a warning for the first of them.
    """
    taken = {operator.id for operator in OPERATORS}
    operators: list[Operator] = []
    for name in names:
        for operator in _load_operators(_entry(_OPERATORS, "edit operator", name)):
            if problem := _problem(operator):
                raise UsageError(f"invalid edit operator {name!r}: {problem}")
            if operator.id in taken:
                raise UsageError(f"the edit operator {name!r} has the id {operator.id!r}, which another has already")
            taken.add(operator.id)
            operators.append(_guarded(operator))
    return tuple(operators)


def _installed(group: str) -> tuple[Installed, ...]:
    found = [Installed(one.name, one.value, one.dist.name if one.dist else "") for one in entry_points(group=group)]
    return tuple(sorted(found, key=lambda one: (one.name, one.object)))


def _entry(group: str, what: str, name: str) -> EntryPoint:
    found = entry_points(group=group, name=name)
    if len(found) != 1:
        known = ", ".join(one.name for one in _installed(group)) or "none"
        problem = "is not installed" if not found else "is installed more than once"
        raise UsageError(f"the {what} {name!r} {problem} (there are: {known})")
    return next(iter(found))


def _load_rule(entry: EntryPoint) -> ChangeRule:
    try:
        rule = entry.load()()
    except Exception as error:
        raise UsageError(f"the gate rule {entry.name!r} cannot be loaded: {type(error).__name__}: {error}") from error
    id, incremental = getattr(rule, "id", None), getattr(rule, "incremental", None)
    if not (isinstance(id, str) and id and isinstance(incremental, bool) and callable(getattr(rule, "check", None))):
        raise UsageError(f"invalid gate rule {entry.name!r}: it needs id, incremental and check")
    return cast("ChangeRule", rule)


def _load_operators(entry: EntryPoint) -> tuple[Operator, ...]:
    try:
        loaded = entry.load()
        found = loaded if isinstance(loaded, Operator) else loaded()
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
        raise UsageError(f"the edit operator {entry.name!r} cannot be loaded: {said}") from error
    operators = found if isinstance(found, tuple) else (found,)
    if not operators or not all(isinstance(one, Operator) for one in operators):
        raise UsageError(f"invalid edit operator {entry.name!r}: it needs an Operator, or what returns some")
    return operators


def _problem(operator: Any) -> str:
    """What is wrong with an operator; empty where nothing is. Its fields may hold anything."""
    id, nodes = operator.id, operator.nodes
    if not isinstance(id, str) or not id or "+" in id:
        return "its id must be a text, not empty and without +"
    if not isinstance(operator.frequency, int | float) or not 0 < operator.frequency <= 100:
        return "its frequency must be a percentage, more than 0"
    if not all(isinstance(number, int) and number >= 1 for number in (operator.sites, operator.options)):
        return "its sites and options must be whole numbers, 1 or more"
    languages = {language.name: language for language in LANGUAGES.values()}
    language = languages.get(operator.language) if isinstance(operator.language, str) else None
    if language is None:
        return f"its language must be one of: {', '.join(languages)}"
    if not isinstance(nodes, tuple) or not nodes or not all(map(language.is_kind_of_node, nodes)):
        return f"its nodes must be a tuple of kinds of nodes of {language.name}"
    if not callable(operator.expand):
        return "its expand must be callable"
    return "" if operator.width in (0, 1) else "its width must be 0 or 1"


def _guarded(operator: Operator) -> Operator:
    """The operator, skipping a site once it raises there or makes no edit of the source."""
    told = False

    def expand(site: Site, scope: Any) -> Iterator[Replacement]:
        nonlocal told
        try:
            for replacement in operator.expand(site, scope):
                _check(replacement, site)
                yield replacement
        except Exception as error:  # noqa: BLE001  # whatever a plugin raises, the search goes on
            if not told:
                told = True
                said = f"{type(error).__name__}: {error}"
                _log.warning(
                    "an edit operator failed: its sites are skipped", operator=operator.id, at=site.location, why=said
                )

    return replace(operator, expand=expand)


def _check(replacement: Any, site: Site) -> None:
    """Raise `ValueError` or `TypeError` for what is no edit of the site's source."""
    if not isinstance(replacement, Replacement) or not replacement.edits or not 0 < replacement.weight <= 1:
        raise TypeError(f"{replacement!r} is no replacement with edits and a weight of more than 0, at most 1")
    if replacement.block and site.region(block=True) is None:
        raise ValueError(f"{replacement!r} edits a block, but the site is not a statement")
    site.patch(replacement)


def _load_buildpack(entry: EntryPoint) -> Buildpack:
    pack = cast("Buildpack", entry.load()())
    if pack.api_version != API_VERSION:
        raise UsageError(f"it has version {pack.api_version} of the API; rfsn has {API_VERSION}")
    texts: tuple[Any, ...] = (pack.name, pack.language)
    if not all(isinstance(text, str) and text for text in texts):
        raise UsageError("its name and language must be texts, not empty")
    return pack


def _checked(detection: Any) -> Detection:
    """The detection, as far as a wrong one could do harm elsewhere; raises `UsageError` for such a one."""
    if not (isinstance(detection, Detection) and 0 <= detection.confidence <= 1):
        raise UsageError("what it detects must be a Detection with a confidence from 0 to 1")
    roots = detection.roots
    if not roots or any(root.startswith("/") or {"", ".", ".."} & {*root.split("/")} for root in roots if root):
        raise UsageError("the roots that it detects must be folders of the tree")
    return detection
